"""Labels as a run has its clumps: each measured where it was marked, not searched for."""

from collections.abc import Collection, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import AnyImage
from clumpscope.core.records import WORKER
from clumpscope.engine.local import Progress, Workers
from clumpscope.jobs import work as books
from clumpscope.jobs.pipeline import measured
from clumpscope.jobs.release import release
from clumpscope.jobs.shards import DEADLY, fill_run
from clumpscope.jobs.work import Work
from clumpscope.ops.cost import check_boxes
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.outline import outline_of
from clumpscope.stages.labels.boxes import labels_by_galaxy
from clumpscope.stages.refine import Refined
from clumpscope.store.labels import read_labels
from clumpscope.store.manifest import RunManifest, sha256_file, sha256_json
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

_TABLES = ("detections", "galaxies", "failures", "positions", "photometry")


def label_run(
    sample: Path, labels: Path, out: Path, recipe: Recipe, workers: Workers, progress: Progress
) -> None:
    """Measure the labels of all galaxies of a sample into a run's folder, or go on with that.

    Positions are the boxes' centres; nothing is merged, moved or left out.

    Raises
    ------
    StoreError, TableError
        If sample or labels cannot be read, or the folder is another's.
    """
    opened = Sample.open(sample)
    recipe = books.settled(recipe, opened)
    settings = recipe.model_dump(mode="json")
    label_key, sample_key = sha256_file(labels), opened.fingerprint()
    key = {"recipe": sha256_json(settings), "labels": label_key, "sample": sample_key}
    with output(out, key, resume=True) as place:
        if place.finished:
            return
        store = Run(out)
        make = partial(_shard, sample, sample_key, labels, label_key, recipe)
        fill_run(
            store,
            len(opened),
            make,
            _TABLES,
            workers=workers,
            progress=progress,
            apart=place.died,
        )
        release(store, opened.hosts, recipe.catalogue)
        inputs = {"sample": str(sample.resolve()), "labels": str(labels.resolve())}
        place.finish(
            RunManifest(
                command="experiment",
                recipe=settings,
                inputs=inputs,
                model={"file": labels.name, "threshold": 0.0},
                counts={"galaxies": len(opened)},
            )
        )


@lru_cache(maxsize=1)
def _opened(
    sample: Path,
    sample_key: str,  # noqa: ARG001  (the keys make a change seen)
    labels: Path,
    label_key: str,  # noqa: ARG001
) -> tuple[Sample, dict[str, Boxes]]:
    opened = Sample.open(sample)
    table = read_labels(labels)
    mine = table[np.isin(np.asarray(table["galaxy_id"]).astype(str), opened.ids)]
    return opened, labels_by_galaxy(mine, opened.ids, labels)


def _shard(
    folder: Path,
    sample_key: str,
    labels: Path,
    label_key: str,
    recipe: Recipe,
    rows: Sequence[int],
    deadly: Collection[int],
) -> dict[str, QTable]:
    sample, boxes = _opened(folder, sample_key, labels, label_key)
    works = []
    for row in rows:
        work = Work(sample.ids[row], row, seconds=recipe.limits.seconds)
        works.append(work)
        if row in deadly:
            work.fail(WORKER, DEADLY)
            continue
        work.boxes = boxes.get(work.galaxy_id, Boxes.empty())
        with work.attempt("read"):
            check_boxes("labels", len(work.boxes), recipe.limits)
            work.image = sample.read_starred(row, recipe.sample, recipe.limits)
            work.flags = books.of_star(work.image)
            work.refined = as_refined(work.image, work.boxes, recipe)
        if work.image is not None and work.refined is not None:
            with work.attempt("measure"):
                work.photometry = measured(work.image, work.refined, recipe)
    return books.tables(works, sample, recipe, 0.0)


def as_refined(image: AnyImage, boxes: Boxes, recipe: Recipe) -> Refined:
    """Labels of one galaxy as refined clumps, in their own order."""
    native = boxes_fraction_to_native(boxes.xyxy, image.shape)
    fwhm = psf_fwhm_px(image)
    n = len(boxes)
    return Refined(
        xy=np.column_stack([native[:, [0, 2]].mean(axis=1), native[:, [1, 3]].mean(axis=1)]),
        label=boxes.labels,
        score=boxes.scores,
        probabilities=boxes.probabilities,
        box=native,
        n_members=np.ones(n, dtype=np.int64),
        flags=np.zeros(n, dtype=np.int64),
        psf_fwhm_r_px=fwhm,
        psf_fwhm_r_arcsec=fwhm * image.pixscale_arcsec,
        outline=outline_of(image, recipe.refine),
    )
