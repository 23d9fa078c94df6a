"""`train`: samples with labels to a model.

A `Plan` settles which galaxies are learned from and which are held out; `train` makes their
images ready, trains on them and keeps the best network.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clumpscope.config.train import AugmentConfig, TrainConfig
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.books import Books, Report, begun, folder_of, key_of
from clumpscope.jobs.encoders import train_classifier
from clumpscope.jobs.galaxies import views
from clumpscope.jobs.plan import Plan
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Psf, Published
from clumpscope.models.starts import CLASSIFIER, Source, Start
from clumpscope.store.atomic import new_file

if TYPE_CHECKING:
    from clumpscope.detector.network import Network
    from clumpscope.detector.training.data import ViewDataset
    from clumpscope.detector.training.estimate import Estimate
    from clumpscope.detector.training.levels import Keeping, Levels

_TRIED = 8  # images of which the largest are tried before a training
Step = Callable[[int, int, int], None]


def rehearse(plan: Plan, out: Path, *, resume: bool = False) -> "Estimate":
    """Check all that can be checked before a training, and estimate what it needs; writes nothing.

    Raises
    ------
    StoreError, TableError
        If ``out`` exists or cannot be written, or none of the first images can be read.
    ModelError
        If the recipe's encoder does not exist, or ``train.start`` is no fitting model.
    """
    if not resume:
        new_file(out)
    first = replace(plan, training=plan.training[:_TRIED], validation=[])
    return _estimate(plan, TrainingSet.filled(_views(first, 1, silent)), plan.start)


def _estimate(plan: Plan, data: TrainingSet, start: Start | None) -> "Estimate":
    """What a training needs, from its first images."""
    from clumpscope.detector.starts.begin import begin
    from clumpscope.detector.training.estimate import estimate
    from clumpscope.detector.training.fit import seeded
    from clumpscope.detector.training.levels import tried

    spec, seed = plan.spec("plan"), plan.recipe.seed
    config = plan.recipe.train
    some = _dataset(data, range(min(_TRIED, len(data))), spec, None, seed)
    network = begin(spec, start, config, seed)[1]
    keeping = _keeping(data, spec, config)
    if keeping is not None and not keeping.obstacle:
        keeping, some.levels = tried(network, some, keeping.ways)
    with seeded(seed):
        return estimate(network, some, config, keeping)


def _keeping(data: TrainingSet, spec: DetectorSpec, config: TrainConfig) -> "Keeping | None":
    """Whether levels of the encoder are kept; ``None`` if it learns."""
    from clumpscope.detector.training.levels import Keeping, obstacle, ways_of

    if config.trainable_blocks != 0:
        return None
    ours = not isinstance(spec.architecture, Published)
    return Keeping(obstacle(data.pixels.shapes, config, ours=ours), ways_of(config.augment))


def _levels(
    network: "Network",
    parts: "Sequence[tuple[ViewDataset, int]]",
    folder: Path,
    *,
    alone: bool,
) -> "Levels":
    """Levels of all images, computed or as the folder keeps them; other processes wait for that."""
    from clumpscope.detector.training.levels import computed, kept_levels

    images = sum(len(data) for data, _ in parts)
    while (levels := kept_levels(folder, images)) is None:
        if alone:
            return computed(network, parts, folder)
        time.sleep(0.5)
    return levels


def _dataset(
    data: TrainingSet, rows: range, spec: DetectorSpec, augment: AugmentConfig | None, seed: int
) -> "ViewDataset":
    """Some of the images as a network of ``spec`` sees them."""
    from clumpscope.detector.training.data import ViewDataset

    stack = spec.architecture.stack if isinstance(spec.architecture, Psf) else None
    return ViewDataset(data, np.array(rows), augment, seed, stack)


def _classified(plan: Plan, out: Path, workers: Workers, report: Report, *, alone: bool) -> Start:
    """The encoder of the classifier beside a model to come: trained, or there already."""
    path = out.with_name(f"{out.stem}-classifier.safetensors")
    while not (path.is_file() or alone):
        time.sleep(0.5)
    if not path.is_file():
        part = path.with_suffix(".part.safetensors")
        part.unlink(missing_ok=True)  # of one that was interrupted
        train_classifier(plan, part, workers, report)
        part.replace(path)
    return Start(CLASSIFIER, path, Source.FILE)


def train(
    plan: Plan,
    out: Path,
    workers: Workers,
    report: Report,
    *,
    resume: bool = False,
    cache: Path | None = None,
    composed: Progress = silent,
    step: Step = lambda _epoch, _batch, _batches: None,
) -> DetectorSpec:
    """Train the recipe's detector as planned; write ``out``, and its books beside it.

    The file is written anew whenever an epoch is the best so far, so that an interrupted training
    leaves the best model so far. Returns the spec as last written. If it begins with the encoder
    of the recipe's classifier, that is trained first and kept beside ``out``.

    Parameters
    ----------
    report
        Is told the metrics of each epoch, and the minutes since training began.
        Those of a classifier that is trained first have an ``accuracy``.
    resume
        Go on with a training that was interrupted: what comes of it is the same, bit for bit.
    cache
        Folder where images made ready are kept for other trainings on them, and the levels of a
        frozen encoder.
    composed
        Is told how many galaxies have been made ready.
    step
        Is told, after each batch, the epoch, the batches done in it, and how many it has.

    Raises
    ------
    StoreError, TableError, ModelError
        If ``out`` exists or cannot be written, a side has no image that can be read, or the recipe
        has no fitting encoder or start; if what is gone on with began otherwise.
    TrainingError
        If a loss is not finite, or memory would not suffice.
    """
    # torch is loaded here and not by every command.
    from clumpscope.detector.starts.begin import begin
    from clumpscope.detector.training.fit import Place, fit, rank
    from clumpscope.detector.training.levels import levels_key
    from clumpscope.detector.training.watch import Watch

    config, seed = plan.recipe.train, plan.recipe.seed
    if not resume and rank() == 0:
        new_file(out)
    start = plan.start
    if config.start == CLASSIFIER:
        if not resume and rank() == 0:
            new_file(out.with_name(f"{out.stem}-classifier.safetensors"))
        start = _classified(plan, out, workers, report, alone=rank() == 0)
    spec, network = begin(plan.spec(out.stem), start, config, seed)
    begun_with = None if start is None else start.path
    key = key_of(plan.recipe, plan.samples, (plan.training, plan.validation), begun_with)
    with begun(folder_of(out), key, rank(), resume=resume) as place:
        if place.finished:
            return read_header(out).spec
        folder = place.work / "images" if cache is None else cache / plan.images_key
        data = _images(plan, folder, workers, composed, alone=rank() == 0)
        if rank() == 0:  # all devices are alike
            _estimate(plan, data, start).check(config.devices * config.nodes)
        galaxies = [*plan.training, *plan.validation]
        names = [galaxies[number].galaxy_id for number in data.source]
        first = int((data.source < len(plan.training)).sum())
        provenance = (
            f"trained by clumpscope on {first} images, validated on {len(data) - first} "
            f"({len(data)} images, {len(galaxies) - len(data)} unreadable left out){plan.source}"
        )
        spec = spec.model_copy(update={"provenance": provenance})
        books = Books(place.folder, out, spec, names, report)
        learning = _dataset(data, range(first), spec, config.augment, seed)
        checking = _dataset(data, range(first, len(data)), spec, None, seed)
        keeping = _keeping(data, spec, config)
        if keeping is not None and not keeping.obstacle:
            name = (
                "levels"
                if cache is None
                else levels_key(plan.images_key, spec, network, keeping.ways)
            )
            kept = (place.work if cache is None else cache) / name
            parts = (learning, keeping.ways), (checking, 1)
            learning.levels = checking.levels = _levels(network, parts, kept, alone=rank() == 0)
        watch = Watch(books.told, books.save, step, books.broken, config.best_by)
        fit(network, learning, checking, config, seed, watch, Place(place.folder, place.work))
        return books.ended(place, network, plan.recipe) if rank() == 0 else read_header(out).spec


def _images(
    plan: Plan, folder: Path, workers: Workers, progress: Progress, *, alone: bool
) -> TrainingSet:
    """Images that can be read, made ready or as the folder keeps them; others wait for that."""
    data = TrainingSet.kept(folder)
    while data is None and not alone:
        time.sleep(0.5)
        data = TrainingSet.kept(folder)
    if data is None:
        data = TrainingSet.filled(_views(plan, workers, progress), folder)
    first = int((data.source < len(plan.training)).sum())
    if first in (0, len(data)):
        got = f"{first} and {len(data) - first}"
        raise TableError(expected_got("images", "some to learn from, and some held out", got))
    return data


def _views(plan: Plan, workers: Workers, progress: Progress) -> Iterator[Labelled | None]:
    """What is seen of all galaxies, those to learn from first."""
    sides = (plan.training, plan.validation)
    return views(plan.recipe, plan.spec("plan"), plan.samples, sides, workers, progress)
