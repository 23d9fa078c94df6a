"""`clumpscope report` on the command line."""

import shutil

from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.jobs import report as module
from clumpscope.plot.report import choice


def test_the_page_is_in_the_run_or_where_it_is_asked_for(finished, tmp_path, monkeypatch):
    """A page of one picture and no figures, which other tests look at."""
    monkeypatch.setattr(choice, "_SIZES", dict.fromkeys(choice._SIZES, 0) | {choice.MOST: 1})
    for charts in ("clump_charts", "colour_charts"):
        monkeypatch.setattr(module, charts, lambda *_: [])
    folder = shutil.copytree(finished, tmp_path / "run")
    for arguments, path in (
        ((), folder / "report.html"),
        ((), folder / "report.html"),  # anew
        (("--out", tmp_path / "new.html"), tmp_path / "new.html"),
    ):
        result = CliRunner().invoke(app, ["report", str(folder), *map(str, arguments)])
        assert (result.exit_code, result.output) == (0, f"{path}\n")
        assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_another_file_is_not_overwritten(finished, tmp_path):
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    result = CliRunner().invoke(app, ["report", str(finished), "--out", str(mine)])
    assert result.exception.exit_code == 2
    assert mine.read_text() == "mine"


def test_a_folder_that_is_no_run_is_bad_input(tmp_path):
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert result.exception.exit_code == 2
