"""`catalogue`: a run's photometry anew to the released table."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.stages import catalogue as stage
from clumpscope.store.run import Run


def catalogue(run: Path, recipe: Recipe) -> int:
    """Make a run's catalogue anew from its photometry; returns the number of clumps.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read.
    """
    store = Run(run)
    hosts = store.sample().hosts
    table = stage.catalogue(store.read("photometry"), hosts, recipe.catalogue)
    store.write_catalogue(table, recipe.catalogue)
    store.note(recipe)
    return len(table)
