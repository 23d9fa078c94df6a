"""The spec of a native detector, as a recipe describes it."""

from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Native, TrainingRange
from clumpscope.store.manifest import sha256_file


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
