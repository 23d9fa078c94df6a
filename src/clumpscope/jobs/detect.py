"""`detect`: boxes of every galaxy of a sample, and nothing after."""

import time
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.jobs.pipeline import Summary, finish, finished, make_plan, summary, sweep
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample


def detect(
    sample: Path,
    out: Path,
    recipe: Recipe,
    *,
    model: str | None = None,
    resume: bool = False,
    workers: Workers = 1,
    progress: Progress = silent,
) -> Summary:
    """Find the boxes of every galaxy of a sample; parameters as of `clumpscope.jobs.run.run`.

    Raises
    ------
    StoreError, TableError, ModelError
        If the sample, the output folder or the model cannot be used.
    RecipeError
        If the recipe's composite is not the model's.
    """
    start = time.monotonic()
    opened = Sample.open(sample)
    plan = make_plan(opened, recipe, model, "detect")
    with output(out, plan.key, resume=resume) as place:
        store = Run(out)
        if place.finished:
            return finished(store)
        sweep(plan, store, len(opened), workers, progress, apart=place.died)
        done = summary(store, time.monotonic() - start)
        finish(plan, place, done)
    return done
