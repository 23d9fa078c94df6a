"""`catalogue`: a run's photometry anew to the released table."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.jobs.release import NEEDS, calibrations_of, release
from clumpscope.store.lock import locked
from clumpscope.store.run import Run


def catalogue(run: Path, recipe: Recipe) -> int:
    """Make a run's catalogue anew from its photometry; returns the number of clumps.

    A galaxy with which it cannot be made becomes a failure of the run.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read.
    """
    store = Run(run)
    with locked(run):
        tables = {name: store.read(name) for name in NEEDS}
        hosts, calibrations = store.sample().hosts, calibrations_of(run)
        clumps = release(store, tables, hosts, recipe.catalogue, calibrations)
        store.note(recipe)
    return clumps
