"""Votes as they are read."""

import pytest

from clumpscope.core.questions import ANSWERS
from clumpscope.core.records import VOTES, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.store.tables import write_parquet
from clumpscope.store.votes import read_votes


def write(folder, names=("a", "b"), **changes):
    columns = {"galaxy_id": list(names), **{name: [3] * len(names) for name in ANSWERS}}
    table = record_table(VOTES, {**columns, **changes})
    write_parquet(table, folder / "votes.parquet")
    return table


def test_what_was_written_is_read(tmp_path):
    write(tmp_path, bar_yes=[0, 7])
    found = read_votes(tmp_path)
    assert plain(found, "bar_yes").tolist() == [0, 7]
    assert plain(found, "bar_no").tolist() == [3, 3]


def test_without_votes_it_is_said_what_makes_them(tmp_path):
    with pytest.raises(FolderError, match=r"votes\.parquet, got none; `clumpscope simulate`"):
        read_votes(tmp_path)


def test_what_cannot_be_is_refused(tmp_path):
    write(tmp_path, names=("a", "a"))
    with pytest.raises(TableError, match="each once, got a twice"):
        read_votes(tmp_path)
    write(tmp_path, bar_yes=[1, -1])
    with pytest.raises(TableError, match=r"bar_yes: expected 0 to .* votes, got -1"):
        read_votes(tmp_path)
    table = write(tmp_path)
    table.remove_column("bar_no")
    write_parquet(table, tmp_path / "votes.parquet")
    with pytest.raises(TableError, match="bar_no"):
        read_votes(tmp_path)
