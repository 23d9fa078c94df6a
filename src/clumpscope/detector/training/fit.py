"""Train a detector on a sample with labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.detector.training.data import TrainingSet
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Native, TrainingRange
from clumpscope.detector.training.module import Report, Save, fit, initial
from clumpscope.errors import TableError, expected_got
from clumpscope.store.manifest import sha256_file


def training_set(pairs: Sequence[tuple[Composite, Boxes]], *, soft: bool = False) -> TrainingSet:
    """Composites with their labels (boxes as fractions of the stored array), in memory.

    With ``soft`` a box is in each epoch only with the probability that is its score.

    Raises
    ------
    TableError
        If there is none.
    """
    if not pairs:
        raise TableError(expected_got("training set", "at least one image", "none"))
    pixels = np.stack([np.rint(image.pixels * 255).astype(np.uint8) for image, _ in pairs])
    boxes = [image.frame.boxes_fraction_to_composite(found.xyxy) for image, found in pairs]
    weights = [found.scores for _, found in pairs] if soft else None
    return TrainingSet(pixels, boxes, [found.labels for _, found in pairs], weights)


def native_spec(
    name: str,
    recipe: Recipe,
    trained_on: TrainingRange,
    provenance: str,
    *,
    start: Path | None = None,
) -> DetectorSpec:
    """The spec of a native detector of a recipe, its training begun from the model ``start``.

    Raises
    ------
    ModelError
        If ``start`` cannot be read.
    """
    return DetectorSpec(
        name=name,
        architecture=Native(**recipe.detector.model_dump()),
        composite=recipe.composite,
        mean=(0.1, 0.1, 0.1),
        std=(0.2, 0.2, 0.2),
        weights="random" if start is None else read_header(start).spec.name,
        weights_sha256="" if start is None else sha256_file(start),
        provenance=provenance,
        trained_on=trained_on,
    )


def split(data: TrainingSet, recipe: Recipe) -> tuple[TrainingSet, TrainingSet]:
    """All but a random validation share, and that share; at least one image each.

    Raises
    ------
    TableError
        If there are fewer than two images.
    """
    order = np.random.default_rng(recipe.seed).permutation(len(data))
    wanted = round(recipe.train.validation_fraction * len(data))
    held_out = min(max(1, wanted), len(data) - 1)
    return data.subset(order[held_out:]), data.subset(order[:held_out])


def train(
    spec: DetectorSpec,
    training: TrainingSet,
    validation: TrainingSet,
    recipe: Recipe,
    report: Report,
    save: Save,
    *,
    start: Path | None = None,
) -> None:
    """Train a detector.

    ``start`` is a model file to go on from; ``None`` begins with random weights.

    Raises
    ------
    ModelError
        If the recipe's encoder does not exist, or ``start`` is of another architecture.
    """
    network = initial(spec, start, recipe.seed)
    fit(network, training, validation, recipe.train, recipe.seed, report, save)
