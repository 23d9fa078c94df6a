"""Fills a folder shard by shard, on any number of processes, and gathers its tables.

A shard holds always the same galaxies, so that results do not depend on how many processes
there are, and a run that was interrupted goes on with the shards that are missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from astropy.table import QTable

from clumpscope.engine.local import Progress, Workers, ordered_map, shards
from clumpscope.store.run import Run

SHARD = 32  # galaxies
Tables = Mapping[str, QTable]


def fill(
    store: Run,
    total: int,
    make: Callable[[Sequence[int]], Tables],
    names: Iterable[str],
    *,
    workers: Workers,
    progress: Progress,
) -> dict[str, QTable]:
    """Make the missing shards of ``total`` galaxies; returns the tables ``names`` of them all.

    Parameters
    ----------
    make
        From the rows of some galaxies in the host table to their tables, picklable.
    progress
        Is told how many galaxies have been added, those of an earlier call first.

    Raises
    ------
    StoreError
        If a shard cannot be written or read.
    """
    parts = shards(range(total), SHARD)
    todo = [(number, part) for number, part in enumerate(parts) if not store.has(number)]
    progress(total - sum(len(part) for _, part in todo))
    for done in ordered_map(partial(_write, store, make), todo, workers):
        progress(done)
    return {name: store.gather(name, len(parts)) for name in names}


def _write(
    store: Run, make: Callable[[Sequence[int]], Tables], task: tuple[int, Sequence[int]]
) -> int:
    number, rows = task
    store.write_shard(number, make(rows))
    return len(rows)
