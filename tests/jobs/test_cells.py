"""Cells: made once, in order, and apart from one another."""

import os
from pathlib import Path

from clumpscope.errors import TableError
from clumpscope.jobs.cells import Cell, State, Task, outcomes_table, whole_folder, work_through


def cell(name, folder, *needs, error=None):
    def task(found):
        assert all(need in found for need in needs)
        path = folder / name

        def make():
            if error:
                raise error
            path.write_text(name)

        return Task(path, path, make)

    return Cell(name, needs, task)


def states(outcomes):
    return {one.name: one.state for one in outcomes}


def test_one_that_fails_stops_only_those_that_need_it(tmp_path: Path) -> None:
    told = []
    cells = [
        cell("a", tmp_path),
        cell("b", tmp_path, error=TableError("no such thing")),
        cell("c", tmp_path, "b"),
        cell("d", tmp_path, "a"),
    ]
    outcomes = work_through(cells, told.append)
    assert told == outcomes
    assert [one.state for one in outcomes] == ["done", "failed", "failed", "done"]
    assert outcomes[1].error == "no such thing"
    assert outcomes[2].error == "needs b, which failed"
    table = outcomes_table(outcomes)
    assert table["result"].tolist() == ["a", "", "", "d"]


def test_an_error_that_nobody_foresaw_is_a_failure_too(tmp_path: Path) -> None:
    outcome = work_through([cell("a", tmp_path, error=ZeroDivisionError("by zero"))], lambda _: 0)
    assert outcome[0].error == "ZeroDivisionError: by zero"


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    work_through([cell("a", tmp_path)], lambda _: None)
    os.utime(tmp_path / "a", (1, 1))
    outcomes = work_through([cell("a", tmp_path), cell("b", tmp_path, "a")], lambda _: None)
    assert states(outcomes) == {"a": State.KEPT, "b": State.DONE}
    assert (tmp_path / "a").stat().st_mtime == 1


def test_what_needs_no_making_is_there(tmp_path: Path) -> None:
    outcomes = work_through([Cell("a", (), lambda _: Task(tmp_path, None, lambda: 1 / 0))], print)
    assert states(outcomes) == {"a": State.KEPT}


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "there"
    for attempt in range(2):
        try:
            with whole_folder(target) as part:
                part.mkdir()
                (part / "file").touch()
                if attempt == 0:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert not target.exists()
    assert (target / "file").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
