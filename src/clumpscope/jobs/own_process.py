"""A training on several devices as a command of its own.

The processes of the other devices are started with the command line of the first one, which must
therefore be that of the training and of nothing else.
"""

import subprocess
import sys
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.config.show import show
from clumpscope.errors import RecipeError, TrainingError, expected_got
from clumpscope.store.texts import write_text

_TOLD = 500  # characters of a failure


def train_apart(
    recipe: Recipe, sample: Path, labels: Path, groups: Path, group: int, out: Path
) -> None:
    """Train by the command, or go on with that; the recipe is left beside the model.

    Raises
    ------
    RecipeError
        If it is for several machines, which each need the command themselves.
    TrainingError
        If the command fails.
    """
    if recipe.train.nodes > 1:
        raise RecipeError(expected_got("train.nodes", "1 in an experiment", recipe.train.nodes))
    settings = out.with_suffix(".toml")
    write_text(settings, show(recipe))
    options = {
        "--sample": sample,
        "--labels": labels,
        "--groups": groups,
        "--group": group,
        "--out": out,
    }
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "clumpscope", "train", str(settings), *words, "--resume"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise TrainingError(f"{out.stem}: {done.stderr.strip()[-_TOLD:]}")
