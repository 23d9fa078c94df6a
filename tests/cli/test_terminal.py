"""Text of others on the terminal."""

import io
import json

import pytest
from rich.progress import Progress
from rich.table import Table

from clumpscope.cli.common import console, errors, tell_failures
from clumpscope.cli.terminal import terminal
from clumpscope.core.records import FAILURES, table_of_rows
from clumpscope.store.failures import write_failures

EVIL = "a\x1b]0;title\x07\x9b2J\u202eb\ud800"
SHOWN = "a\\x1b]0;title\\x9b2J\\u202eb\\ud800"  # rich itself leaves the bell out


@pytest.fixture
def printed(monkeypatch):
    """What stands in the file of a new terminal."""
    made = terminal(stderr=False)
    made.file = io.StringIO()
    return made


def test_codes_are_written_out_in_texts_tables_and_json(printed):
    table = Table(EVIL)
    table.add_row(EVIL)
    printed.print(table)
    printed.print("x", EVIL, end="!")
    printed.print_json(json.dumps({"licence": EVIL}))
    text = printed.file.getvalue()
    assert text.count(SHOWN) == 3
    assert "\\u202eb" in text.split("licence")[1]
    assert not set("\x1b\x07\x9b\u202e\ud800") & set(text)


def test_plain_text_and_long_lines_stay(printed):
    text = f"[bold] :smile: 1 \u2265 2\n{'word ' * 60}\ttab"
    printed.print(text)
    assert printed.file.getvalue() == f"{text.expandtabs()}\n"


def test_a_bar_still_draws_itself():
    made = terminal(stderr=False)
    made.file, made._force_terminal = io.StringIO(), True
    with Progress(console=made) as bar:
        bar.add_task("images", total=2)
        made.print(EVIL)
    assert SHOWN in made.file.getvalue()
    assert "\x1b[?25h" in made.file.getvalue()


def test_failures_and_both_consoles(tmp_path, capsys):
    rows = [{"galaxy_id": "a", "stage": "read", "error": "bad \x1b[2J header"}]
    write_failures(table_of_rows(FAILURES, rows), tmp_path / "failures.parquet")
    tell_failures(tmp_path / "failures.parquet")
    console.print("\x1b[1m")
    told = capsys.readouterr()
    assert told.err == "failed: a: read: bad \\x1b[2J header\n"
    assert told.out == "\\x1b[1m\n"
    assert errors.stderr
