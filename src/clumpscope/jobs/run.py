"""`run`: a sample to a catalogue, detect → refine → measure → catalogue."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import WORKER
from clumpscope.engine.local import Progress, Workers, shards, silent
from clumpscope.jobs.pipeline import Summary, finish, finished, make_plan, summary, sweep
from clumpscope.jobs.release import made_with, release, selection_for
from clumpscope.ops.extinction import ebv
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from clumpscope.plot.sheet import Panel

_SHEET = "sheet.png"


def run(
    sample: Path,
    out: Path,
    recipe: Recipe,
    *,
    model: str | None = None,
    resume: bool = False,
    workers: Workers = 1,
    progress: Progress = silent,
) -> Summary:
    """Take every galaxy of a sample through all stages into a run directory.

    A contact sheet of the first galaxies, ``sheet.png``, is added. The summary says why where it
    could not be drawn.

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
    FolderError
        If the recipe's selection function is not of this model and recipe.
    """
    start = time.monotonic()
    opened = Sample.open(sample)
    plan = make_plan(opened, recipe, model, "catalogue")
    if recipe.catalogue.dust_map is not None:
        # Missing maps shall stop the run now and not after hours.
        ebv(opened.hosts["ra"].value, opened.hosts["dec"].value, Path(recipe.catalogue.dust_map))
    made = made_with(plan.model_key, plan.threshold, plan.recipe)
    selection = selection_for(recipe.catalogue, made)
    with output(out, plan.key, resume=resume) as place:
        store = Run(out)
        if place.finished:
            there = (out / _SHEET).is_file()
            return replace(finished(store), undrawn="" if there else "nor was it before")
        sweep(plan, store, len(opened), workers, progress, apart=place.died)
        release(store, opened.hosts, recipe.catalogue, plan.calibrations, selection)
        undrawn = _draw(out / _SHEET, opened, store, recipe)
        done = replace(summary(store, time.monotonic() - start), undrawn=undrawn)
        finish(plan, place, done)
    return done


def _draw(path: Path, sample: Sample, store: Run, recipe: Recipe) -> str:
    """Draw the first galaxies that could be read; returns why not, which never fails a run."""
    try:
        from clumpscope.jobs.panels import SHEET, panels
        from clumpscope.plot import contact_sheet, save

        failures = store.read("failures")
        # What could not be read need not be tried again; what ended a worker must not be.
        hopeless = np.isin(np.asarray(failures["stage"]), ("read", WORKER))
        unread = set(failures["galaxy_id"][hopeless].tolist())
        read = [name for name in sample.ids if name not in unread]
        drawn: list[Panel] = []
        for some in shards(read, 10 * SHEET):
            clumps = store.read_rows("positions", some)
            drawn += panels(sample, clumps, recipe, some, most=SHEET - len(drawn))
            if len(drawn) == SHEET:
                break
        if not drawn:
            return "no galaxy's image can be read"
        save(contact_sheet(drawn), path)
    except Exception as error:  # whatever it is, the tables are there
        return f"{type(error).__name__}: {error}"
    return ""
