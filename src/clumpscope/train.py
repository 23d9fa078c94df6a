"""Train a detector on a sample with labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clumpscope.config import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.detector.data import TrainingSet
from clumpscope.detector.spec import DetectorSpec, Native, TrainingRange
from clumpscope.detector.training import Report, Save, fit, initial
from clumpscope.errors import TableError, expected_got


def training_set(pairs: Sequence[tuple[Composite, Boxes]]) -> TrainingSet:
    """Composites with their labels (boxes as fractions of the stored array), in memory.

    Raises
    ------
    TableError
        If there is none.
    """
    if not pairs:
        raise TableError(expected_got("training set", "at least one image", "none"))
    pixels = np.stack([np.rint(image.pixels * 255).astype(np.uint8) for image, _ in pairs])
    boxes = [image.frame.boxes_fraction_to_composite(found.xyxy) for image, found in pairs]
    return TrainingSet(pixels, boxes, [found.labels for _, found in pairs])


def native_spec(
    name: str, recipe: Recipe, trained_on: TrainingRange, provenance: str
) -> DetectorSpec:
    """The spec of a native detector of a recipe."""
    return DetectorSpec(
        name=name,
        architecture=Native(**recipe.detector.model_dump()),
        composite=recipe.composite,
        mean=(0.1, 0.1, 0.1),
        std=(0.2, 0.2, 0.2),
        weights=recipe.train.start or "random",
        provenance=provenance,
        trained_on=trained_on,
    )


def train(
    spec: DetectorSpec,
    data: TrainingSet,
    recipe: Recipe,
    report: Report,
    save: Save,
    *,
    start: Path | None = None,
) -> tuple[int, int]:
    """Train on all but a random validation share; returns the sizes of both.

    ``start`` is a model file to go on from; ``None`` begins with random weights.

    Raises
    ------
    ModelError
        If the recipe's encoder does not exist, or ``start`` is of another architecture.
    """
    network = initial(spec, start, recipe.seed)
    order = np.random.default_rng(recipe.seed).permutation(len(data))
    held_out = max(1, round(recipe.train.validation_fraction * len(data)))
    training, validation = data.subset(order[held_out:]), data.subset(order[:held_out])
    fit(network, training, validation, recipe.train, recipe.seed, report, save)
    return len(training), len(validation)
