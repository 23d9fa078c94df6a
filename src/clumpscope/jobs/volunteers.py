"""`simulate --volunteers`: simulated volunteers mark a sample."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import native_to_fraction
from clumpscope.core.galaxy import require_galaxy
from clumpscope.core.marks import PICTURE_PX, Kind
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.engine.local import Progress, Workers, ordered_map, shards, silent
from clumpscope.jobs.shards import SHARD
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.stages.simulate.volunteers import (
    DEEDS,
    IMAGES_EACH,
    TOOLS,
    Population,
    deeds,
    looks,
    population,
    sights,
)
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet


def volunteers(
    folder: Path, looks: int, recipe: Recipe, workers: Workers, progress: Progress = silent
) -> int:
    """Let ``looks`` simulated volunteers mark each galaxy of a sample with truth.

    Writes ``classifications.csv.gz`` in Panoptes' form, and the volunteers' true skills and what
    they really did (`DEEDS`), ``volunteers.parquet``, into the sample.
    Returns the number of classifications.

    Raises
    ------
    StoreError, TableError
        If the sample or its truth cannot be read.
    ImageError
        If a galaxy has no calibrated image.
    """
    sample = Sample.open(folder)
    truth = sample.truth()
    rows = rows_by_id(truth)
    count = max(3 * looks, round(len(sample) * looks / IMAGES_EACH))
    who = population(count, recipe.seed)
    none = np.array([], dtype=np.intp)
    items = [(k, truth[rows.get(name, none)]) for k, name in enumerate(sample.ids)]
    work = partial(_looks, folder, who, looks, recipe)

    done = np.zeros((count, len(DEEDS)))

    def classifications() -> Iterator[Classification]:
        for part in ordered_map(work, shards(items, SHARD), workers):
            for k, one, did in part:
                done[k] += did
                yield one
            progress(len({one.subject for _, one, _ in part}))

    written = write_export(folder / "classifications.csv.gz", classifications())
    columns = {**vars(who), **dict(zip((f"n_{name}" for name in DEEDS), done.T, strict=True))}
    write_parquet(QTable(columns), folder / "volunteers.parquet")
    return written


def _looks(
    folder: Path,
    who: Population,
    count: int,
    recipe: Recipe,
    items: Sequence[tuple[int, QTable]],
) -> list[tuple[int, Classification, NDArray[np.float64]]]:
    """Volunteer, classification and deeds of each look at some galaxies."""
    sample = Sample.open(folder)
    names = [TOOLS[kind] for kind in Kind]
    made = []
    for index, truth in items:
        image = require_galaxy(sample.read(index, recipe.sample, recipe.limits))
        rng = np.random.default_rng([recipe.seed, 78, *image.galaxy_id.encode()])
        xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
        flux = {band: plain(truth, f"flux_{band}") for band in image.bands}
        seen = sights(image, xy, plain(truth, "label"), flux)
        ny, nx = image.shape
        scale = PICTURE_PX / max(ny, nx)
        size = round(nx * scale), round(ny * scale)
        side = 2 * psf_fwhm_px(image) * scale
        about = {"galaxy_id": image.galaxy_id, recipe.consensus.box_side_key: round(side, 3)}
        for k, drawn in looks(seen, who, count, image, rng).items():
            at = native_to_fraction(drawn.xy, image.shape) * size
            marks = [
                (round(float(x), 3), round(float(y), 3), int(kind) - 1, names[int(kind) - 1])
                for (x, y), kind in zip(at, drawn.kind, strict=True)
            ]
            one = Classification(index + 1, about, size, str(who.name[k]), marks)
            made.append((k, one, deeds(seen, drawn, side / 2 / scale)))
    return made
