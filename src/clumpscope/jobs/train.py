"""`train`: samples with labels to a model."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import composite
from clumpscope.core.schema import plain
from clumpscope.engine.local import ordered_map, shards
from clumpscope.errors import ClumpscopeError, FolderError, StoreError, TableError, expected_got
from clumpscope.models.registry import find_model
from clumpscope.models.spec import DetectorSpec, TrainingRange
from clumpscope.stages.labels.boxes import labels_by_galaxy
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from clumpscope.detector.training.data import TrainingSet

_SHARD = 64


def train(
    folders: Sequence[Path],
    out: Path,
    recipe: Recipe,
    workers: int,
    report: Callable[[int, dict[str, float]], None],
) -> DetectorSpec:
    """Train the recipe's native detector on samples with ``labels.parquet``; write ``out``.

    The file is written anew whenever validation has improved, so that an interrupted training
    leaves the best model so far. Returns the spec as last written.

    Raises
    ------
    StoreError, TableError
        If a sample or its labels cannot be used, fewer than two images can be read, or
        ``out`` exists or cannot be written.
    ModelError
        If the recipe's encoder does not exist, or ``train.start`` is no fitting model.
    """
    # torch is loaded here and not by every command.
    from clumpscope.detector.training.data import TrainingSet
    from clumpscope.detector.training.fit import split, train
    from clumpscope.detector.weights import save_model
    from clumpscope.models.native import native_spec

    chosen = recipe.train.start
    start_file = None if chosen is None else find_model(chosen)
    samples = [Sample.open(folder) for folder in folders]
    labels = [
        labels_by_galaxy(sample.labels(), sample.ids, sample.folder / "labels.parquet")
        for sample in samples
    ]
    _check_new(out)
    parts: list[TrainingSet | None] = []
    for sample, boxes in zip(samples, labels, strict=True):
        work = partial(_compose, sample, boxes, recipe)
        parts += ordered_map(work, shards(range(len(sample)), _SHARD), workers)
    data = TrainingSet.joined([part for part in parts if part is not None])
    if len(data) < 2:
        where = " ".join(str(folder) for folder in folders)
        raise TableError(expected_got(where, "at least two usable images", len(data)))
    training, validation = split(data, recipe)
    total = sum(len(sample) for sample in samples)
    provenance = (
        f"trained by clumpscope on {len(training)} images, validated on {len(validation)} "
        f"({len(data)} images, {total - len(data)} unreadable left out)"
    )
    spec = native_spec(out.stem, recipe, _range(samples), provenance, start=start_file)
    start = time.monotonic()
    written = [spec]

    def save(network: object, metrics: dict[str, float]) -> None:
        known = {name: value for name, value in metrics.items() if math.isfinite(value)}
        written[0] = spec.model_copy(update={"metrics": known})
        save_model(out, network, written[0])

    def timed(epoch: int, metrics: dict[str, float]) -> None:
        report(epoch, {**metrics, "minutes": (time.monotonic() - start) / 60})

    train(spec, training, validation, recipe, timed, save, start=start_file)
    return written[0]


def _check_new(out: Path) -> None:
    """Check that ``out`` is a new file in a folder, made if need be, that takes files."""
    if out.exists():
        raise FolderError(expected_got(f"model file {out}", "a new file", "one that exists"))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror or error}") from error


def _compose(
    sample: Sample, labels: dict[str, Boxes], recipe: Recipe, indices: Sequence[int]
) -> "TrainingSet | None":
    """Composites and labels of some galaxies; unusable images are left out."""
    from clumpscope.detector.training.data import training_set

    pairs = []
    for index in indices:
        try:
            image = composite(sample.read(index, recipe.sample), recipe.composite)
        except ClumpscopeError:
            continue
        pairs.append((image, labels.get(image.galaxy_id, Boxes.empty())))
    return training_set(pairs, soft=recipe.train.soft_labels) if pairs else None


def _range(samples: Sequence[Sample]) -> TrainingRange:
    def limits(name: str) -> tuple[float, float] | None:
        values = np.concatenate([plain(sample.hosts, name).astype(float) for sample in samples])
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None

    return TrainingRange(
        psf_fwhm_arcsec=limits("psf_fwhm_r"), pixscale_arcsec=limits("pixscale_arcsec")
    )
