"""Shards: made once each, in order, on any number of processes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from astropy.table import QTable

from clumpscope.jobs import shards
from clumpscope.jobs.shards import fill
from clumpscope.store.run import Run


def squares(rows: Sequence[int]) -> dict[str, QTable]:
    """Tables of some rows; it is imported by worker processes."""
    return {
        "square": QTable({"row": list(rows), "square": [row**2 for row in rows]}),
        "left out": QTable({"row": list(rows)}),
    }


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(shards, "SHARD", 3)
    return Run.create(tmp_path / "run", {}, resume=False)


def test_every_row_once_in_order(store: Run) -> None:
    told: list[int] = []
    asked: list[list[int]] = []

    def make(rows: Sequence[int]) -> dict[str, QTable]:
        asked.append(list(rows))
        return squares(rows)

    found = fill(store, 8, make, ["square"], workers=1, progress=told.append)
    assert asked == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert told == [0, 3, 3, 2]
    assert list(found) == ["square"]
    assert list(found["square"]["square"]) == [k**2 for k in range(8)]


def test_only_what_is_missing_is_made(store: Run) -> None:
    store.write_shard(1, {"square": QTable({"row": [3, 4, 5], "square": [-1, -2, -3]})})
    told: list[int] = []
    found = fill(store, 7, squares, ["square"], workers=1, progress=told.append)
    assert told == [3, 3, 1]
    assert list(found["square"]["square"]) == [0, 1, 4, -1, -2, -3, 36]
    again: list[int] = []
    none = partial(pytest.fail, "all shards are there")
    fill(store, 7, none, ["square"], workers=4, progress=again.append)
    assert again == [7]
