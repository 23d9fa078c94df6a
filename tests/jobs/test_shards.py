"""Shards: made once each, in order, on any number of processes."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import pytest
from astropy.table import QTable

from clumpscope.engine.local import WorkerError, silent
from clumpscope.errors import FolderError
from clumpscope.jobs import shards
from clumpscope.jobs.shards import fill
from clumpscope.store.run import Run
from tasks import Dying, squares


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(shards, "SHARD", 3)
    (tmp_path / "run" / ".unfinished").mkdir(parents=True)
    return Run(tmp_path / "run")


def test_every_row_once_in_order(store: Run) -> None:
    told: list[int] = []
    asked: list[list[int]] = []

    def make(rows: Sequence[int], deadly: Collection[int]) -> dict[str, QTable]:
        asked.append(list(rows))
        return squares(rows, deadly)

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


def test_a_damaged_shard_is_made_again(store: Run) -> None:
    fill(store, 8, squares, ["square", "left out"], workers=1, progress=silent)
    (store.shard(0) / "left out.parquet").unlink()
    (store.shard(2) / "square.parquet").write_bytes(b"")
    found = fill(store, 8, squares, ["square", "left out"], workers=1, progress=silent)
    assert list(found["square"]["square"]) == [k**2 for k in range(8)]
    assert list(found["left out"]["row"]) == list(range(8))


def test_what_another_worker_has_made_meanwhile_is_kept(store: Run) -> None:
    def make(rows: Sequence[int], deadly: Collection[int]) -> dict[str, QTable]:
        if 0 in rows:
            store.write_shard(1, {"square": QTable({"row": [3, 4, 5], "square": [-1, -2, -3]})})
        return squares(rows, deadly)

    found = fill(store, 7, make, ["square"], workers=1, progress=silent)
    assert list(found["square"]["square"]) == [0, 1, 4, -1, -2, -3, 36]


def test_a_folder_that_a_worker_does_not_see_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="a file system that all machines share, got none"):
        fill(Run(tmp_path), 8, squares, ["square"], workers=1, progress=silent)


@pytest.mark.parametrize("rows", [(4,), pytest.param((0, 1, 7), marks=pytest.mark.slow)])
def test_a_galaxy_that_ends_its_process_is_left_out(store: Run, rows: tuple[int, ...]) -> None:
    told: list[int] = []
    found = fill(store, 8, Dying(rows), ["square"], workers=2, progress=told.append)
    assert list(found["square"]["row"]) == list(range(8))
    assert list(found["square"]["square"]) == [-1 if k in rows else k**2 for k in range(8)]
    assert sum(told) == 8
    assert min(told) >= 0


def test_one_process_apart_is_outlived_too(store: Run) -> None:
    found = fill(store, 4, Dying((1,)), ["square"], workers=1, progress=silent, apart=True)
    assert list(found["square"]["square"]) == [0, -1, 4, 9]


@pytest.mark.slow
def test_if_every_galaxy_ends_its_process_it_is_not_they(store: Run) -> None:
    with pytest.raises(WorkerError, match="a worker process died"):
        fill(store, 9, Dying(tuple(range(9))), ["square"], workers=2, progress=silent)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_a_death_that_no_galaxy_brought_is_tried_again_twice(
    store: Run, tmp_path: Path, times: int
) -> None:
    (tmp_path / "marks").mkdir()
    make = Dying(marks=tmp_path / "marks", times=times)
    if times == 1:
        found = fill(store, 3, make, ["square"], workers=1, progress=silent, apart=True)
        assert list(found["square"]["square"]) == [0, 1, 4]
    else:
        with pytest.raises(WorkerError):
            fill(store, 3, make, ["square"], workers=1, progress=silent, apart=True)
