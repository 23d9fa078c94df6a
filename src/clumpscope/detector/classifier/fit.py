"""Train a classifier and keep its encoder."""

import logging
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightning
import numpy as np
import timm
import torch
from torch import nn
from torch.utils.data import DataLoader

from clumpscope.config.classifier import ClassifierConfig
from clumpscope.config.recipe import Recipe
from clumpscope.detector.classifier.data import ClumpyDataset
from clumpscope.detector.classifier.module import Classifier, ClassifierModule
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.starts.normalisation import Scaling, chosen, scaling_of
from clumpscope.detector.starts.saved import save_encoder
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.detector.training.fit import seeded
from clumpscope.errors import ModelError, TableError, expected_got
from clumpscope.models.encoder import EncoderCard
from clumpscope.models.starts import Start
from clumpscope.store.manifest import sha256_file

Report = Callable[[int, dict[str, float]], None]


def fit_classifier(
    data: TrainingSet, first: int, recipe: Recipe, start: Start | None, out: Path, report: Report
) -> EncoderCard:
    """Train on the ``first`` composites of a set, judge by the others, write the best encoder.

    All draws come from the recipe's seed: on one processor the same call gives the same weights.

    Parameters
    ----------
    report
        Is told each epoch's number and metrics, and the minutes since training began.

    Raises
    ------
    ModelError
        If timm has no such network, or ``start`` does not fit it.
    TableError
        If the galaxies to learn from, or those held out, are all of one kind.
    StoreError
        If ``out`` cannot be written.
    """
    config, seed = recipe.classifier, recipe.seed
    dataset = partial(ClumpyDataset, data, config=config, seed=seed)
    learning = dataset(rows=np.arange(first), augment=True)
    checking = dataset(rows=np.arange(first, len(data)), augment=False)
    for side, galaxies in (("to learn from", learning), ("held out", checking)):
        if len(set(galaxies.clumpy.tolist())) < 2:
            got = f"{int(galaxies.clumpy.sum())} of {len(galaxies)} clumpy"
            raise TableError(expected_got(f"galaxies {side}", "clumpy ones and others", got))
    network, scaling, origin = initial_classifier(config, start, seed)
    card = EncoderCard(
        encoder=config.encoder,
        composite=recipe.composite,
        mean=scaling[0],
        std=scaling[1],
        weights="random" if start is None else start.text,
        weights_sha256=origin,
        provenance=f"clumpy or not: trained by clumpscope on {len(learning)} images "
        f"({int(learning.clumpy.sum())} clumpy), validated on {len(checking)}",
    )
    written = [card]
    began = time.monotonic()

    def save(metrics: dict[str, float]) -> None:
        written[0] = card.model_copy(update={"metrics": metrics})
        save_encoder(out, network, written[0])

    def timed(epoch: int, metrics: dict[str, float]) -> None:
        report(epoch, {**metrics, "minutes": (time.monotonic() - began) / 60})

    module = ClassifierModule(
        Classifier(network, *scaling), learning, config.learning_rate, timed, save
    )
    _fit(module, learning, checking, recipe)
    return written[0]


def initial_classifier(
    config: ClassifierConfig, start: Start | None, seed: int
) -> tuple[nn.Module, Scaling, str]:
    """The network to train, how its images are scaled, and the hash of the weights' file.

    Raises
    ------
    ModelError
        If timm has no such network, or the weights do not fit it.
    """
    wanted = encoder_layout(config.encoder)
    if start is not None and start.source is None:
        what, alone = "classifier.start", "weights of an encoder"
        raise ModelError(expected_got(what, alone, "a detector", f"'encoder:{start.text}' is one"))
    with seeded(seed):
        network: nn.Module = timm.create_model(config.encoder, pretrained=False, num_classes=1)
    if start is None:
        return network, chosen(config.normalisation), ""
    weights = read_encoder(start.path, config.encoder)
    tensors = weights.named_as(wanted, f"weights {start.path}")
    network.load_state_dict({**network.state_dict(), **tensors})
    scaling = scaling_of(start, weights.layout, config.normalisation)
    return network, scaling, sha256_file(start.path)


def _fit(
    module: ClassifierModule, learning: ClumpyDataset, checking: ClumpyDataset, recipe: Recipe
) -> None:
    config, seed = recipe.classifier, recipe.seed
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    loader = partial(
        DataLoader,
        batch_size=config.batch_size,
        num_workers=recipe.train.workers,
        generator=torch.Generator().manual_seed(seed),
    )
    # A last batch of one or two images would upset the batch-norms.
    whole = len(learning) >= config.batch_size
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        precision=recipe.train.precision,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with seeded(seed), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        trainer.fit(module, loader(learning, shuffle=True, drop_last=whole), loader(checking))
