"""Fills a folder shard by shard, on any number of processes, and gathers its tables.

A shard holds always the same galaxies, so that results do not depend on how many processes
there are, and a run that was interrupted goes on with the shards that are missing. A galaxy
that ends its process is found out, and its shard made without it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from astropy.table import QTable

from clumpscope.engine.local import Progress, WorkerError, Workers, ordered_map, shards, silent
from clumpscope.errors import ClumpscopeError
from clumpscope.store.output import check_seen
from clumpscope.store.run import Run

SHARD = 32  # galaxies
DEADLY = "its process ended twice: for lack of memory, of time, or by a fault in a library"
_MOST_DEADLY = 3  # galaxies one after the other: then it is not they
Tables = Mapping[str, QTable]
T = TypeVar("T")


class Make(Protocol):
    """From the rows of some galaxies in the host table to their tables, picklable."""

    def __call__(self, rows: Sequence[int], deadly: Collection[int]) -> Tables:
        """Make the tables of ``rows``; those that are ``deadly`` only as failures."""
        ...


def fill(
    store: Run,
    total: int,
    make: Make,
    names: Collection[str],
    *,
    workers: Workers,
    progress: Progress,
    apart: bool = False,
) -> dict[str, QTable]:
    """Make the missing shards of ``total`` galaxies; returns the tables ``names`` of them all.

    Parameters
    ----------
    progress
        Is told how many galaxies have been added, those of an earlier call first.
    apart
        Work in other processes even if one is enough: what ended it before then does not end
        this one.

    Raises
    ------
    StoreError
        If a shard cannot be written or read, or workers die whatever galaxies they have.
    """

    def gathered(count: int) -> dict[str, QTable]:
        return {name: store.gather(name, count) for name in names}

    filling = _Filling(store, total, make, names, workers, progress, apart)
    return filling.then(gathered)


def fill_run(
    store: Run,
    total: int,
    make: Make,
    names: Collection[str],
    *,
    workers: Workers,
    progress: Progress,
    apart: bool = False,
) -> None:
    """`fill`, but write the tables into the run's folder, without holding one whole."""

    def joined(count: int) -> None:
        for name in names:
            store.join(name, count)

    _Filling(store, total, make, names, workers, progress, apart).then(joined)


@dataclass(frozen=True, eq=False)
class _Filling:
    """What is to be made, and how."""

    store: Run
    total: int
    make: Make
    names: Collection[str]
    workers: Workers
    progress: Progress
    apart: bool

    def then(self, joined: Callable[[int], T]) -> T:
        """What is made of so many shards, once they are there; damaged ones are made again."""
        parts = shards(range(self.total), SHARD)
        settings = self.store, parts, self.make, self.workers
        _complete(*settings, self.progress, self.apart)
        try:
            return joined(len(parts))
        except ClumpscopeError:
            for number in self.store.damaged(self.names, len(parts)):
                self.store.drop_shard(number)
            _complete(*settings, silent, self.apart)
        return joined(len(parts))


def _complete(
    store: Run,
    parts: Sequence[Sequence[int]],
    make: Make,
    workers: Workers,
    progress: Progress,
    apart: bool,
) -> None:
    """Make the shards that are missing, and those whose worker died without what killed it."""
    deadly: set[int] = set()
    told, deaths = 0, 0
    while True:
        todo = [(number, part) for number, part in enumerate(parts) if not store.has(number)]
        there = sum(map(len, parts)) - sum(len(part) for _, part in todo)
        progress(there - told)
        told = there
        write = partial(_write, store, make, frozenset(deadly))
        try:
            for done in ordered_map(write, todo, workers, apart=apart):
                progress(done)
                told += done
        except WorkerError as error:
            found = [row for _, part in error.items for row in _deadly(make, part, deadly, workers)]
            deadly.update(found)
            deaths = 0 if found else deaths + 1
            if deaths == _MOST_DEADLY:
                raise
        else:
            return


def _deadly(
    make: Make, rows: Sequence[int], known: Collection[int], workers: Workers
) -> Iterator[int]:
    """Those rows whose galaxy ends the process that works on it, each tried by itself.

    Raises
    ------
    WorkerError
        If several do so one after the other.
    """
    rest = [row for row in rows if row not in known]
    in_turn = 0
    while rest:
        passed = 0
        try:
            for _ in _in_turn(partial(_try, make), rest, workers):
                passed += 1
        except WorkerError:
            in_turn = 1 if passed else in_turn + 1
            if in_turn == _MOST_DEADLY:
                raise
            yield rest[passed]
        rest = rest[passed + 1 :]


def _in_turn(
    function: Callable[[int], None], rows: Sequence[int], workers: Workers
) -> Iterator[None]:
    """Map over rows in other processes: whichever ends one, was alone there."""
    if isinstance(workers, int):
        yield from ordered_map(function, rows, 1, apart=True)
    else:
        for row in rows:
            yield from ordered_map(function, [row], workers)


def _try(make: Make, row: int) -> None:
    make([row], ())


def _write(store: Run, make: Make, deadly: Collection[int], task: tuple[int, Sequence[int]]) -> int:
    number, rows = task
    check_seen(store.folder)
    if not store.has(number):  # else a worker that was lost afterwards has made it
        store.write_shard(number, make(rows, [row for row in rows if row in deadly]))
    return len(rows)
