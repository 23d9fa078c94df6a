"""Cells of an experiment: each has a folder that the hash of its inputs names, and is made once."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from astropy.table import Table

from clumpscope.errors import reason
from clumpscope.store.atomic import PART


class State(StrEnum):
    """What became of a cell."""

    KEPT = "kept"  # finished before
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Task:
    """How a cell is made.

    Attributes
    ----------
    result
        File or folder that it makes; its name holds a key of all that it depends on.
    mark
        File that is there once all of it is done; ``None``: there is nothing to do.
    make
        Makes it, or goes on where it was interrupted.
    """

    result: Path
    mark: Path | None
    make: Callable[[], object]


Results = Mapping[str, Path]


@dataclass(frozen=True)
class Cell:
    """One piece of work.

    Attributes
    ----------
    name
        Its own.
    needs
        Names of cells before it, without which it cannot be.
    task
        Settles how it is made, given the results of the cells before.
    """

    name: str
    needs: tuple[str, ...]
    task: Callable[[Results], Task]


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: its result, or why there is none."""

    name: str
    state: State
    seconds: float
    result: Path | None = None
    error: str = ""


def work_through(cells: Iterable[Cell], report: Callable[[Outcome], None]) -> list[Outcome]:
    """Make all cells that are not finished, in their order.

    One that fails becomes an outcome with the reason, as do those that need it; others go on.
    """
    outcomes: list[Outcome] = []
    results: dict[str, Path] = {}
    for cell in cells:
        outcome = _outcome(cell, results)
        if outcome.result is not None:
            results[cell.name] = outcome.result
        outcomes.append(outcome)
        report(outcome)
    return outcomes


def _outcome(cell: Cell, results: Results) -> Outcome:
    began = time.monotonic()
    missing = [name for name in cell.needs if name not in results]
    if missing:
        return Outcome(cell.name, State.FAILED, 0.0, error=f"needs {missing[0]}, which failed")
    try:
        task = cell.task(results)
        state = State.KEPT
        if task.mark is not None and not task.mark.is_file():
            task.make()
            state = State.DONE
    except Exception as error:  # one bad cell never stops an experiment
        return Outcome(cell.name, State.FAILED, time.monotonic() - began, error=reason(error))
    return Outcome(cell.name, state, time.monotonic() - began, task.result)


def outcomes_table(outcomes: Sequence[Outcome]) -> Table:
    """A row a cell."""
    return Table(
        {
            "cell": [one.name for one in outcomes],
            "state": [str(one.state) for one in outcomes],
            "seconds": [round(one.seconds, 1) for one in outcomes],
            "result": ["" if one.result is None else one.result.name for one in outcomes],
            "error": [one.error for one in outcomes],
        }
    )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``; rename it when the block ends well."""
    part = folder.with_name(f"{PART}{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    yield part
    part.replace(folder)
