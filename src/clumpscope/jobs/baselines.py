"""Catalogues of the classical finders, made like a run's; shared by jobs that compare with them."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import AnyImage
from clumpscope.engine.local import Progress, Workers
from clumpscope.errors import RecipeError, did_you_mean, expected_got
from clumpscope.jobs import work as books
from clumpscope.jobs.pipeline import measured, sample_at
from clumpscope.jobs.release import catalogue_of
from clumpscope.jobs.shards import fill
from clumpscope.jobs.work import Work
from clumpscope.ops.cost import check_boxes
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.stages.refine import refine
from clumpscope.store.output import work_folder
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample


def check_finders(names: Sequence[str]) -> None:
    """Check that there are such finders.

    Raises
    ------
    RecipeError
        If there is one that is none.
    """
    for name in names:
        if name not in FINDERS:
            known = ", ".join(FINDERS)
            raise RecipeError(expected_got("--baseline", known, name, did_you_mean(name, FINDERS)))


def baseline_catalogues(
    sample: Sample,
    recipe: Recipe,
    names: Sequence[str],
    *,
    workers: Workers,
    progress: Progress,
    left_out: Collection[str] = (),
) -> dict[str, QTable]:
    """Release tables of some finders of `FINDERS`, by name, from one reading of each image.

    Their peaks are refined and measured like a detector's boxes, without a threshold. A galaxy that
    cannot be read has no clumps, one with which a finder fails has none of that finder.

    Parameters
    ----------
    progress
        Is told how many galaxies have been added.
    left_out
        Ids of galaxies that are not looked at.

    Raises
    ------
    RecipeError
        If there is no such finder; if a dust map is missing or damaged.
    StoreError
        If workers die whatever galaxies they have.
    """
    check_finders(names)
    recipe = books.settled(recipe, sample)
    place = (sample.folder, sample.fingerprint())
    make = partial(_shard, *place, recipe, tuple(names), frozenset(left_out))
    with tempfile.TemporaryDirectory() as folder:
        store = Run(Path(folder))
        work_folder(store.folder).mkdir()
        tables = fill(store, len(sample), make, names, workers=workers, progress=progress)
    return {
        name: catalogue_of(table, sample.hosts, recipe.catalogue)[0]
        for name, table in tables.items()
    }


def _shard(
    folder: Path,
    key: str,
    recipe: Recipe,
    names: Sequence[str],
    left_out: Collection[str],
    rows: Sequence[int],
    deadly: Collection[int],
) -> Mapping[str, QTable]:
    """Photometry tables of some galaxies by finder."""
    sample = sample_at(folder, key)
    works: dict[str, list[Work]] = {name: [] for name in names}
    for row in rows:
        if row in deadly or sample.ids[row] in left_out:
            continue
        read = Work(sample.ids[row], row, seconds=recipe.limits.seconds)
        with read.attempt("read"):
            read.image = sample.read_starred(row, recipe.sample, recipe.limits)
            read.flags = books.of_star(read.image)
        if read.image is not None and read.error is None:
            for name, done in works.items():
                done.append(_found(replace(read), read.image, name, recipe))
    return {name: books.clumps(done, recipe)["photometry"] for name, done in works.items()}


def _found(work: Work, image: AnyImage, name: str, recipe: Recipe) -> Work:
    """What a finder makes of a galaxy; nothing if it fails."""
    with work.attempt(name):
        boxes = FINDERS[name](image)
        check_boxes("boxes", len(boxes), recipe.limits)
        work.refined = refine(image, boxes, recipe.refine, 0.0)
    if work.refined is not None:
        with work.attempt("measure"):
            work.photometry = measured(image, work.refined, recipe)
    return work
