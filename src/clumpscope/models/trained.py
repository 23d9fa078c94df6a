"""The spec of a detector to be trained, as a recipe describes it."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.header import read_header
from clumpscope.models.spec import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    DetectorSpec,
    Native,
    Psf,
    Published,
    TrainingRange,
)
from clumpscope.store.manifest import sha256_file

Three = tuple[float, float, float]


def trained_spec(
    name: str,
    recipe: Recipe,
    trained_on: TrainingRange,
    *,
    start: Path | None = None,
) -> DetectorSpec:
    """The spec of a detector of a recipe, its training begun from the model ``start``.

    Composites are scaled as the model that it begins from has it. From random weights a
    published one takes ImageNet's mean and standard deviation, as torchvision does. (Of weights
    for an encoder alone `detector.starts` knows.)

    Raises
    ------
    ModelError
        If ``start`` cannot be read or is of another architecture.
    """
    architecture, mean, std = _architecture(recipe)
    spec = DetectorSpec(
        name=name,
        architecture=architecture,
        composite=recipe.composite,
        mean=mean,
        std=std,
        weights="random",
        trained_on=trained_on,
    )
    if start is None:
        return spec
    before = read_header(start).spec
    if before.architecture != architecture:
        raise ModelError(
            expected_got(
                f"{start} architecture",
                architecture,
                before.architecture,
                f"train.start = 'encoder:{start}' takes its encoder alone",
            )
        )
    return spec.model_copy(
        update={
            "mean": before.mean,
            "std": before.std,
            "weights": before.name,
            "weights_sha256": sha256_file(start),
            "licence": before.licence,
        }
    )


def encoder_of(spec: DetectorSpec) -> str:
    """Name in timm of a detector's encoder."""
    architecture = spec.architecture
    return "resnet50" if isinstance(architecture, Published) else architecture.encoder


def _architecture(recipe: Recipe) -> tuple[Published | Native | Psf, Three, Three]:
    """What a network is made of, and the mean and standard deviation of what it sees."""
    settings = recipe.detector.model_dump()
    if recipe.detector.family == "published":
        return Published(), IMAGENET_MEAN, IMAGENET_STD
    if recipe.detector.family == "psf":
        return Psf(**settings, stack=recipe.stack), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return Native(**settings), (0.1, 0.1, 0.1), (0.2, 0.2, 0.2)
