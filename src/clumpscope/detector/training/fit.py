"""Train a detector on a sample with labels."""

import logging
import warnings
from functools import partial
from pathlib import Path

import lightning
import numpy as np
from torch.utils.data import DataLoader
from torchvision.models.detection import FasterRCNN

from clumpscope.config.recipe import Recipe
from clumpscope.config.train import TrainConfig
from clumpscope.detector.faster_rcnn import build
from clumpscope.detector.training.data import CompositeDataset, TrainingSet, collate
from clumpscope.detector.training.module import DetectorModule, Report, Save
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.spec import DetectorSpec


def split(data: TrainingSet, recipe: Recipe) -> tuple[TrainingSet, TrainingSet]:
    """All but a random validation share, and that share; at least one image each.

    Raises
    ------
    TableError
        If there are fewer than two images.
    """
    order = np.random.default_rng(recipe.seed).permutation(len(data))
    wanted = round(recipe.train.validation_fraction * len(data))
    held_out = min(max(1, wanted), len(data) - 1)
    return data.subset(order[held_out:]), data.subset(order[:held_out])


def train(
    spec: DetectorSpec,
    training: TrainingSet,
    validation: TrainingSet,
    recipe: Recipe,
    report: Report,
    save: Save,
    *,
    start: Path | None = None,
) -> None:
    """Train a detector.

    ``start`` is a model file to go on from; ``None`` begins with random weights.

    Raises
    ------
    ModelError
        If the recipe's encoder does not exist, or ``start`` is of another architecture.
    """
    network = initial(spec, start, recipe.seed)
    fit(network, training, validation, recipe.train, recipe.seed, report, save)


def initial(spec: DetectorSpec, start: Path | None, seed: int) -> FasterRCNN:
    """The network to train: random weights, or those of the model file ``start``.

    Raises
    ------
    ModelError
        If the encoder does not exist, or ``start`` is of another architecture.
    """
    lightning.seed_everything(seed, verbose=False)
    if start is None:
        return build(spec)
    before, network = load_model(start)
    for name in ("architecture", "mean", "std"):
        if getattr(before, name) != getattr(spec, name):
            raise ModelError(
                expected_got(f"{start} {name}", getattr(spec, name), getattr(before, name))
            )
    return network.train()


def fit(
    network: FasterRCNN,
    training: TrainingSet,
    validation: TrainingSet,
    config: TrainConfig,
    seed: int,
    report: Report,
    save: Save,
) -> None:
    """Train a network.

    ``report(epoch, metrics)`` is called after each epoch, ``save(network, metrics)`` whenever
    validation AP at IoU 0.5 has risen or, for want of held-out labels, is NaN.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    data = CompositeDataset(training, config.augment, seed)
    module = DetectorModule(network, data, config, report, save)
    # A last batch of one or two images would upset the batch-norms.
    whole = len(data) >= config.batch_size
    loader = partial(
        DataLoader,
        batch_size=config.batch_size,
        collate_fn=collate,
        num_workers=config.workers,
    )
    learning = loader(data, shuffle=True, drop_last=whole)
    checking = loader(CompositeDataset(validation, None, seed))
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        precision=config.precision,
        gradient_clip_val=5.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        trainer.fit(module, learning, checking)
