"""`refine`: a run's detections anew to positions."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import boxes_by_galaxy
from clumpscope.core.boxes import Boxes
from clumpscope.core.flags import OF_MODEL
from clumpscope.core.records import WORKER
from clumpscope.core.schema import plain
from clumpscope.engine.local import Progress, silent
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs import work as books
from clumpscope.jobs.work import Work
from clumpscope.ops.cost import check_boxes
from clumpscope.stages import refine as stage
from clumpscope.store.run import Run

_ANEW = "refine", "positions"  # stages of which failures are forgotten


def refine(run: Path, recipe: Recipe, progress: Progress = silent) -> int:
    """Refine a run's detections anew into ``positions.parquet``; returns the number of clumps.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read.
    """
    store = Run(run)
    sample, found = store.sample(), boxes_by_galaxy(store.read("detections"))
    strangers = sorted(set(found) - set(sample.ids))
    if strangers:
        what = f"detections of run {run}"
        raise TableError(expected_got(what, "galaxies of its sample", ", ".join(strangers[:3])))
    threshold = recipe.refine.score_threshold
    if threshold is None:
        threshold = store.threshold()
    before, known = store.read("failures"), store.read("galaxies")
    # Only the run knew the model.
    kept = plain(known, "flags").astype(int) & int(OF_MODEL)
    of_model = dict(zip(plain(known, "galaxy_id").astype(str), kept.tolist(), strict=True))
    unseen = [one for one in sample.ids if one not in of_model]
    if unseen:
        remedy = "the sample has grown: run it again"
        what = f"{run / 'galaxies.parquet'}"
        raise TableError(expected_got(what, "each galaxy of its sample", f"no {unseen[0]}", remedy))
    failed = {str(row["galaxy_id"]): (str(row["stage"]), str(row["error"])) for row in before}
    works = []
    for index, galaxy_id in enumerate(sample.ids):
        boxes = found.get(galaxy_id, Boxes.empty())
        work = Work(
            galaxy_id,
            index,
            boxes=boxes,
            flags=of_model.get(galaxy_id, 0),
            seconds=recipe.limits.seconds,
        )
        works.append(work)
        if failed.get(galaxy_id, _ANEW)[0] not in _ANEW:
            work.error = failed[galaxy_id]  # of another stage: still true
        if work.error is None or work.error[0] != WORKER:  # it would end this process, too
            with work.attempt("read"):
                work.image = sample.read_starred(index, recipe.sample, recipe.limits)
                work.flags |= books.of_star(work.image)
        if work.image is not None:
            with work.attempt("refine"):
                check_boxes("boxes", len(work.boxes), recipe.limits)
                work.refined = stage.refine(work.image, work.boxes, recipe.refine, threshold)
        progress(1)
    recipe = books.settled(recipe, sample)
    tables = books.clumps(works, recipe)
    store.write("positions", tables["positions"])
    store.write("galaxies", books.galaxies(works, sample, recipe, threshold))
    store.write("failures", books.failures(works))
    redone = {name: getattr(recipe, name) for name in ("sample", "refine", "limits")}
    store.note(store.recipe().model_copy(update=redone))
    return len(tables["positions"])
