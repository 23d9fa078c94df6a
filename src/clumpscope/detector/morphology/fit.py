"""Train a network of shapes and keep its encoder."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.detector.morphology.data import MorphologyDataset
from clumpscope.detector.morphology.module import MorphologyModule
from clumpscope.detector.pretraining.fit import Beginning, beginning, keep_best
from clumpscope.detector.pretraining.module import Keeper, Report, Scaled
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.detector.training.fit import seeded
from clumpscope.errors import TableError, expected_got
from clumpscope.models.encoder import EncoderCard
from clumpscope.models.starts import Start


def fit_morphology(
    data: TrainingSet,
    votes: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    recipe: Recipe,
    start: Start | None,
    out: Path,
    report: Report,
) -> EncoderCard:
    """Train on composites and votes, judge by those held out, write the best encoder.

    Parameters
    ----------
    votes
        (N, answers), all 0 of images without: from those only what looks alike is learned.
    held_out
        (N,) which are not learned from.
    report
        Is told each epoch's number and metrics, and the minutes since training began.

    Raises
    ------
    ModelError
        If timm has no such network, or ``start`` does not fit it.
    TableError
        If there are no two images to learn from, or a side has no votes.
    KeyboardInterrupt, TrainingError, StoreError
        As `keep_best`.
    """
    config, seed = recipe.morphology, recipe.seed
    asked = votes.sum(axis=1) > 0
    for side, there in (("to learn from", asked & ~held_out), ("held out", asked & held_out)):
        if not there.any():
            raise TableError(expected_got(f"galaxies {side}", "some with votes", "none"))
    useful = ~held_out & (asked | (config.agreement > 0))
    if useful.sum() < 2:
        raise TableError(expected_got("images to learn from", "two or more", "one"))
    dataset = partial(MorphologyDataset, data, votes=votes, config=config, seed=seed)
    learning = dataset(rows=np.flatnonzero(useful), augment=True)
    checking = dataset(rows=np.flatnonzero(asked & held_out), augment=False)
    began = beginning(config, start, seed, outputs=0)
    count = int((asked & ~held_out).sum())
    card = began.card(
        config,
        recipe,
        f"shapes: trained by clumpscope on votes for {count} images and "
        f"{len(learning) - count} without, validated on {len(checking)}",
    )
    with seeded(seed):
        module = MorphologyModule(
            Scaled(began.network, began.scaling), width_of(began), learning, config
        )
    return keep_best(module, checking, Keeper(began.network, card, out, report), recipe)


def width_of(began: Beginning) -> int:
    """Number of pooled features of a network."""
    network = began.network.eval()
    with torch.inference_mode():
        features = network(torch.zeros(1, 3, 64, 64))
    network.train()
    return int(features.shape[1])
