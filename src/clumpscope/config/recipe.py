"""A recipe: every setting, a section a command or stage, read from TOML.

A file holds any of the sections below; what it leaves out keeps its default, and an unknown key
is an error. The defaults are our method; recipes/published.toml is that of Popp et al. 2024.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from reprlib import Repr
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from clumpscope.config.base import Section
from clumpscope.config.classifier import ClassifierConfig
from clumpscope.config.completeness import CompletenessConfig
from clumpscope.config.experiment import ExperimentConfig
from clumpscope.config.fetch import FetchConfig
from clumpscope.config.ingest import IngestConfig
from clumpscope.config.labels import ConsensusConfig, LabelsConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.morphology import MorphologyConfig
from clumpscope.config.run import (
    CatalogueConfig,
    CompositeConfig,
    DetectConfig,
    MeasureConfig,
    RefineConfig,
    SampleConfig,
)
from clumpscope.config.services import ServicesConfig
from clumpscope.config.simulate import SimulateConfig
from clumpscope.config.stack import StackConfig
from clumpscope.config.toml_text import toml_of
from clumpscope.config.train import DetectorConfig, TrainConfig
from clumpscope.errors import RecipeError
from clumpscope.files.regular import regular

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_MOST_MB = 1.0
_TOLD = 10  # problems of a file
_LONG = 100  # characters of a key or value
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONG


class Recipe(Section):
    """All sections; each stage reads the one of its own name."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of every random draw, unless `--seed` gives another."""
    limits: LimitsConfig = LimitsConfig()
    sample: SampleConfig = SampleConfig()
    composite: CompositeConfig = CompositeConfig()
    stack: StackConfig = StackConfig()
    fetch: FetchConfig = FetchConfig()
    ingest: IngestConfig = IngestConfig()
    services: ServicesConfig = ServicesConfig()
    detect: DetectConfig = DetectConfig()
    refine: RefineConfig = RefineConfig()
    measure: MeasureConfig = MeasureConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    simulate: SimulateConfig = SimulateConfig()
    completeness: CompletenessConfig = CompletenessConfig()
    consensus: ConsensusConfig = ConsensusConfig()
    labels: LabelsConfig = LabelsConfig()
    experiment: ExperimentConfig = ExperimentConfig()
    detector: DetectorConfig = DetectorConfig()
    train: TrainConfig = TrainConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    morphology: MorphologyConfig = MorphologyConfig()


def sections(section: Section, name: str = "") -> Iterator[tuple[str, Section]]:
    """A recipe and every section below it, in order, with its dotted name; the recipe's is ""."""
    yield name, section
    for key in type(section).model_fields:
        below = getattr(section, key)
        if isinstance(below, Section):
            yield from sections(below, f"{name}.{key}".lstrip("."))


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
        text = regular(path, RecipeError, _MOST_MB).read_text(encoding="utf-8-sig")
        return Recipe.model_validate(toml_of(text, f"recipe {path}"))
    except OSError as error:
        raise RecipeError(f"recipe {path}: {error.strerror}") from error
    except ValidationError as error:
        raise RecipeError(f"recipe {path}: {problems(error)}") from error
    except ValueError as error:  # no UTF-8
        raise RecipeError(f"recipe {path}: not valid TOML: {error}") from error


def problems(error: ValidationError) -> str:
    """What is wrong with what a file says, each value with its dotted key: the first ten."""
    told = [_problem(item) for item in error.errors()[:_TOLD]]
    if error.error_count() > _TOLD:
        told.append(f"and {error.error_count() - _TOLD} more")
    return "; ".join(told)


def _problem(item: "ErrorDetails") -> str:
    place = [str(part)[:_LONG] for part in item["loc"]]
    problem = f"{item['msg']}, got {_SHORT.repr(item['input'])}"
    if item["type"] == "extra_forbidden":
        problem = _unknown(".".join(place[:-1]), place[-1])
    return f"{'.'.join(place)}: {problem}"


def _unknown(section: str, key: str) -> str:
    """What to say of a key that a section does not have."""
    keys = {name: list(type(one).model_fields) for name, one in sections(Recipe())}
    elsewhere = [f"{name}.{key}".lstrip(".") for name in keys if key in keys[name]]
    meant = elsewhere or difflib.get_close_matches(key, keys[section], n=1)
    return f"unknown; did you mean {' or '.join(meant)}?" if meant else "unknown"
