"""Steps of a training, as a recipe has them, for what measures their time and memory."""

from collections.abc import Callable
from pathlib import Path

import torch

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.train import DetectorConfig, TrainConfig
from clumpscope.detector.network import build
from clumpscope.detector.training.data import ViewDataset, collate
from clumpscope.detector.training.estimate import Estimate, estimate
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.detector.training.module import DetectorModule
from clumpscope.detector.training.order import Order
from clumpscope.jobs.galaxies import seen
from clumpscope.jobs.plan import Plan, make_plan
from clumpscope.models.spec import Psf

RECIPES = Path(__file__).parents[1] / "recipes"
WAYS = ("published", "native", "psf")


def recipe_of(way: str, batch: int | None = None, precision: str = "32-true") -> Recipe:
    """A recipe of ours, or torchvision's network of the paper with nothing frozen beforehand."""
    if way == "published":
        learning = TrainConfig(batch_size=1, trainable_blocks=None, batch_norm="frozen")
        recipe = Recipe(detector=DetectorConfig(family="published"), train=learning)
    else:
        recipe = load_recipe(RECIPES / f"{way}.toml")
    settings = {"precision": precision} | ({} if batch is None else {"batch_size": batch})
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


def images_of(plan: Plan, many: int) -> ViewDataset:
    """The first galaxies of a plan, as they are learned from."""
    spec, some = plan.spec("timed"), plan.training[:many]
    task = plan.samples[0].part([one.row for one in some]), [one.boxes for one in some]
    data = TrainingSet.filled(seen(plan.recipe, spec, task))
    stack = spec.architecture.stack if isinstance(spec.architecture, Psf) else None
    rows = torch.arange(len(data)).numpy()
    return ViewDataset(data, rows, plan.recipe.train.augment, 0, stack)


def stepper(plan: Plan, data: ViewDataset) -> Callable[[], int]:
    """What makes a batch and learns from it; it gives the batch's size."""
    config = plan.recipe.train
    module = DetectorModule(build(plan.spec("timed")), config, Order(len(data), 1, 0))
    optimizer = torch.optim.AdamW(
        [one for one in module.network.parameters() if one.requires_grad], 1e-4
    )
    at = 0

    def step() -> int:
        nonlocal at
        rows = [(at + k) % len(data) for k in range(config.batch_size)]
        at += config.batch_size
        images, targets = collate([data[row] for row in rows])
        optimizer.zero_grad()
        losses = module.network(images, targets)
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(module.network.parameters(), 5.0)
        optimizer.step()
        return len(rows)

    return step


def needs(plan: Plan, data: ViewDataset) -> Estimate:
    """What `train --dry-run` says of it."""
    return estimate(build(plan.spec("timed")), data, plan.recipe.train)


def plan_of(way: str, sample: Path, batch: int | None = None) -> Plan:
    """The plan of a way's training on a sample."""
    return make_plan([sample], recipe_of(way, batch))
