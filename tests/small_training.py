"""A training of seconds: its recipe, and what its tests share."""

import shutil
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.config.train import AugmentConfig, DetectorConfig, TrainConfig
from clumpscope.jobs.plan import Plan

RECIPE = Recipe(
    seed=3,
    composite=CompositeConfig(size=64, crop=48),
    detector=DetectorConfig(encoder="resnet10t", channels=16, head=16),
    train=TrainConfig(
        epochs=1,
        batch_size=4,
        validation_fraction=0.25,
        augment=AugmentConfig(scale=0.1, smooth=0.5),
    ),
)
NARROW = """
[composite]
size = 64
crop = 48
[detector]
encoder = "resnet10t"
channels = 16
head = 16
"""  # the same, as a file begins


def changed(**settings) -> Recipe:
    """The recipe with other settings of training."""
    return RECIPE.model_copy(update={"train": RECIPE.train.model_copy(update=settings)})


def silent(*_: object) -> None:
    """Nobody listens."""


def copy(sample: Path, folder: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(sample, folder))


def ids(galaxies) -> list[str]:
    return [one.galaxy_id for one in galaxies]


def both(plan: Plan) -> list[str]:
    return sorted(ids(plan.training) + ids(plan.validation))


def bare(narrow: Path, folder: Path) -> Path:
    """A sample without labels."""
    copy(narrow, folder)
    (folder / "labels.parquet").unlink()
    return folder
