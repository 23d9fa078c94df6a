"""What a run is judged by: true clumps or volunteers' boxes, and how hard each is to see."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.grid import Grid
from clumpscope.core.records import TRUTH, record_table
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.engine.local import Progress, Workers, ordered_map, shards
from clumpscope.errors import ClumpscopeError, ImageError
from clumpscope.jobs.vetted import export, is_log, looks_of
from clumpscope.ops.cost import check_boxes
from clumpscope.ops.spots import spots
from clumpscope.stages.evaluate.about import BAND
from clumpscope.stages.evaluate.truths import truth_of_labels
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.registry import format_of
from clumpscope.store.labels import LABELS_FILE
from clumpscope.store.sample import Sample
from clumpscope.store.texts import read_json
from clumpscope.store.truth import read_labels_or_truth

_SHARD = 32  # galaxies
_BRIGHTNESS = ("snr", "contrast")


def read_truths(path: Path, sample: Sample | None, recipe: Recipe) -> tuple[QTable, QTable | None]:
    """A truth table, or labels or decisions made one, placed by the images of the sample.

    Returns
    -------
    The truth, and true boxes: the labels, or else those of the sample; ``None`` without either.

    Raises
    ------
    StoreError, TableError
        If the file cannot be read, or labels come without a sample.
    ImageError
        If a galaxy has more of them than allowed.
    """
    document = decisions_of(path)
    if document is None:
        truth, labels = read_labels_or_truth(path)
    else:
        side = recipe.labels.image_size_px
        truth, labels = (
            record_table(TRUTH, {}),
            format_of("vet").read(document, Images(None, side), path),
        )
    for galaxy_id, rows in rows_by_id(truth if labels is None else labels).items():
        check_boxes(f"{path}: clumps of galaxy {galaxy_id}", len(rows), recipe.limits)
    if labels is not None:
        return truth_of_labels(labels, _grids(labels, sample, recipe)), labels
    there = sample is not None and (sample.folder / LABELS_FILE).exists()
    return truth, sample.labels() if sample is not None and there else None


def decisions_of(path: Path) -> dict[str, Any] | None:
    """The document of a file of decisions of `clumpscope vet`, or of their export as JSON.

    ``None`` where it is none.

    Raises
    ------
    StoreError, TableError
        If it cannot be read.
    """
    if is_log(path):
        return export(path)
    return read_json(path) if path.suffix == ".json" else None


def looked_through(path: Path) -> set[str] | None:
    """Galaxies that were vetted; ``None`` where the truth is none of decisions: then it is of all.

    Raises
    ------
    StoreError, TableError
        If it cannot be read.
    """
    document = decisions_of(path)
    return None if document is None else set(looks_of(document, path))


def _grids(labels: QTable, sample: Sample | None, recipe: Recipe) -> dict[str, Grid]:
    """Pixel grids of the labelled galaxies of the sample; of those that can be read."""
    grids: dict[str, Grid] = {}
    if sample is None:
        return grids
    for galaxy_id in set(rows_by_id(labels)) & set(sample.ids):
        try:
            grids[galaxy_id] = sample.grid(sample.index(galaxy_id), recipe.sample, recipe.limits)
        except ClumpscopeError:  # it is a failure of the run, and its labels are missed
            continue
    return grids


def with_brightness(
    truth: QTable,
    sample: Sample,
    recipe: Recipe,
    workers: Workers,
    progress: Progress,
    left_out: Collection[str] = (),
) -> QTable:
    """The same with signal-to-noise and contrast of each; NaN in images that cannot be read.

    Parameters
    ----------
    progress
        Is told of the sample's galaxies.
    left_out
        Ids of galaxies that are not looked at.
    """
    if f"flux_{BAND}" not in truth.colnames:
        progress(len(sample))
        return truth
    rows = rows_by_id(truth)
    wanted = [k for k, one in enumerate(sample.ids) if one in rows and one not in left_out]
    progress(len(sample) - len(wanted))
    values = np.full((len(truth), len(_BRIGHTNESS)), np.nan)
    xy = np.column_stack([plain(truth, axis) for axis in "xy"])
    flux = plain(truth, f"flux_{BAND}")
    tasks = [
        [(k, xy[rows[sample.ids[k]]], flux[rows[sample.ids[k]]]) for k in part]
        for part in shards(wanted, _SHARD)
    ]
    for part, found in zip(
        shards(wanted, _SHARD),
        ordered_map(partial(_measured, sample, recipe), tasks, workers),
        strict=True,
    ):
        for k, one in zip(part, found, strict=True):
            values[rows[sample.ids[k]]] = one
        progress(len(part))
    bright = truth.copy()
    for name, column in zip(_BRIGHTNESS, values.T, strict=True):
        bright[name] = column
    return bright


def _measured(
    sample: Sample,
    recipe: Recipe,
    galaxies: Sequence[tuple[int, NDArray[np.float64], NDArray[np.float64]]],
) -> list[NDArray[np.float64]]:
    result = []
    for index, xy, flux in galaxies:
        try:
            found = spots(sample.read_starred(index, recipe.sample, recipe.limits), xy, flux, BAND)
            result.append(np.column_stack([found.snr, found.contrast]))
        except (ImageError, OSError):
            result.append(np.full((len(xy), len(_BRIGHTNESS)), np.nan))
    return result
