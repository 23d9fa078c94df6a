"""The spec of a native detector, as a recipe describes it."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Native, Psf, TrainingRange
from clumpscope.store.manifest import sha256_file


def native_spec(
    name: str,
    recipe: Recipe,
    trained_on: TrainingRange,
    *,
    start: Path | None = None,
) -> DetectorSpec:
    """The spec of a recipe's detector, its training begun from the model ``start``.

    Raises
    ------
    ModelError
        If ``start`` cannot be read or is of another architecture.
    """
    settings = recipe.detector.model_dump()
    spec = DetectorSpec(
        name=name,
        architecture=Native(**{**settings, "family": "native"}),
        composite=recipe.composite,
        mean=(0.1, 0.1, 0.1),
        std=(0.2, 0.2, 0.2),
        weights="random",
        trained_on=trained_on,
    )
    if recipe.detector.family == "psf":
        architecture = Psf(**settings, stack=recipe.stack)
        spec = spec.model_copy(
            update={"architecture": architecture, "mean": (0, 0, 0), "std": (1, 1, 1)}
        )
    if start is None:
        return spec
    before = read_header(start).spec
    for part in ("architecture", "mean", "std"):
        if getattr(before, part) != getattr(spec, part):
            raise ModelError(
                expected_got(f"{start} {part}", getattr(spec, part), getattr(before, part))
            )
    return spec.model_copy(update={"weights": before.name, "weights_sha256": sha256_file(start)})
