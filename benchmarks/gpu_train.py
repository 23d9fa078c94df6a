"""Minutes of a whole training on a GPU: an epoch is timed, and 120 of them are reckoned from it.

The command's own training, images made ready before, two epochs; the second counts, validation
and checkpoints included, since the first sets things up. Goal on one H200, 13,140 galaxies and
120 epochs: the published network in 45 minutes, ``psf`` in 10.

    python benchmarks/gpu_train.py [--sample DIR] [--galaxies N] [--way published|native|psf]
    python benchmarks/gpu_train.py --smoke       # tiny, on a processor: does it still work?
"""

import argparse
import tempfile
from pathlib import Path

import torch
from training_steps import WAYS, recipe_of

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import default_workers
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.train import train

GALAXIES = 13_140
EPOCHS = 120
BATCH = 32
GOAL = {"published": 45.0, "psf": 10.0}  # minutes


def settings(way: str, *, smoke: bool, loaders: int) -> Recipe:
    """The way's recipe: mixed precision, two epochs, some processes that make images ready."""
    precision = "32-true" if smoke else "bf16-mixed"
    recipe = recipe_of(way, 2 if smoke else BATCH, precision)
    update = {"epochs": 2, "workers": 0 if smoke else loaders, "validation_fraction": 0.03}
    if smoke:
        update["validation_fraction"] = 0.25
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=update)})


def epoch_minutes(sample: Path, recipe: Recipe, folder: Path) -> tuple[float, int]:
    """Minutes of the second epoch, and on how many galaxies."""
    plan = make_plan([sample], recipe)
    minutes: list[float] = []
    train(
        plan,
        folder / "model.safetensors",
        default_workers(),
        lambda _, metrics: minutes.append(metrics["minutes"]),
    )
    return minutes[1] - minutes[0], len(plan.training)


def main() -> None:
    """Time each way that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--galaxies", type=int, default=GALAXIES)
    parser.add_argument("--way", choices=WAYS, action="append")
    parser.add_argument("--loaders", type=int, default=max(1, default_workers() - 1))
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    ways = given.way or (["psf"] if given.smoke else ["psf", "published"])
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "a processor"
    with tempfile.TemporaryDirectory() as folder:
        sample = given.sample
        if sample is None:
            sample = Path(folder) / "sample"
            many = 8 if given.smoke else given.galaxies
            simulate(sample, many, recipe_of("psf"), default_workers())
        for way in ways:
            place = Path(folder) / way
            place.mkdir()
            recipe = settings(way, smoke=given.smoke, loaders=given.loaders)
            minutes, galaxies = epoch_minutes(sample, recipe, place)
            whole = minutes / galaxies * GALAXIES * EPOCHS
            goal = f" (goal on one H200: {GOAL[way]:.0f})" if way in GOAL else ""
            print(
                f"{way} on {device}, {recipe.train.precision}: {galaxies / minutes / 60:.1f} "
                f"galaxies/s; {EPOCHS} epochs of {GALAXIES:,} would take {whole:.1f} min{goal}",
                flush=True,
            )


if __name__ == "__main__":
    main()
