"""Recipes: frozen, validated models of every setting, read from TOML.

A recipe file holds any of the sections below; what it leaves out keeps its default, and an
unknown key is an error. The defaults are the published method (Popp et al. 2024).
"""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    ValidationError,
)

from clumpscope.config.base import (
    Section,
)
from clumpscope.config.fetch import FetchConfig
from clumpscope.config.labels import ConsensusConfig, LabelsConfig
from clumpscope.config.run import (
    CatalogueConfig,
    CompositeConfig,
    DetectConfig,
    MeasureConfig,
    RefineConfig,
    SampleConfig,
)
from clumpscope.config.simulate import SimulateConfig, VolunteersConfig
from clumpscope.config.train import DetectorConfig, TrainConfig
from clumpscope.errors import RecipeError


class Recipe(Section):
    """All sections; each stage reads the one of its own name."""

    seed: Annotated[int, Field(ge=0)] = 0
    sample: SampleConfig = SampleConfig()
    composite: CompositeConfig = CompositeConfig()
    fetch: FetchConfig = FetchConfig()
    detect: DetectConfig = DetectConfig()
    refine: RefineConfig = RefineConfig()
    measure: MeasureConfig = MeasureConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    simulate: SimulateConfig = SimulateConfig()
    volunteers: VolunteersConfig = VolunteersConfig()
    consensus: ConsensusConfig = ConsensusConfig()
    labels: LabelsConfig = LabelsConfig()
    detector: DetectorConfig = DetectorConfig()
    train: TrainConfig = TrainConfig()


def load_recipe(path: Path | None) -> Recipe:
    """Read a recipe; ``None`` gives the defaults.

    Raises
    ------
    RecipeError
        If the file cannot be read, is not TOML, or a key is unknown or its value invalid.
    """
    if path is None:
        return Recipe()
    try:
        text = path.read_text(encoding="utf-8")
        return Recipe.model_validate(tomllib.loads(text))
    except OSError as error:
        raise RecipeError(f"recipe {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path}: not valid TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}, got {item['input']!r}"
            for item in error.errors()
        )
        raise RecipeError(f"recipe {path}: {problems}") from error
