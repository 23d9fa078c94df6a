"""`run`: a sample to a catalogue, detect → refine → measure → catalogue."""

import time
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import Progress, silent
from clumpscope.jobs.pipeline import Summary, finish, make_plan, sweep
from clumpscope.ops.extinction import ebv
from clumpscope.stages.catalogue import catalogue
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample


def run(
    sample: Path,
    out: Path,
    recipe: Recipe,
    *,
    model: str | None = None,
    resume: bool = False,
    workers: int = 1,
    progress: Progress = silent,
) -> Summary:
    """Take every galaxy of a sample through all stages into a run directory.

    Parameters
    ----------
    out
        New or empty; with ``resume``, a run of the same recipe, model and sample that was
        interrupted.
    model
        Name or file; ``None``: the packaged one.
    progress
        Is told how many galaxies have been added.

    Raises
    ------
    StoreError, TableError, ModelError
        If the sample, the output folder or the model cannot be used.
    RecipeError
        If the recipe's composite is not the model's, or its dust maps are missing.
    """
    start = time.monotonic()
    opened = Sample.open(sample)
    plan = make_plan(opened, recipe, model, "catalogue")
    if recipe.catalogue.dust_map is not None:
        # Missing maps shall stop the run now and not after hours.
        ebv(opened.hosts["ra"].value, opened.hosts["dec"].value, Path(recipe.catalogue.dust_map))
    store = Run.create(out, plan.key, resume=resume)
    tables = sweep(plan, store, len(opened), workers, progress)
    released = catalogue(tables["photometry"], opened.hosts, recipe.catalogue)
    store.write_catalogue(released, recipe.catalogue)
    return finish(plan, store, tables, time.monotonic() - start, "run")
