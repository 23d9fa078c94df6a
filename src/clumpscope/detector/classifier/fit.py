"""Train a classifier and keep its encoder."""

from functools import partial
from pathlib import Path

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.detector.classifier.data import ClumpyDataset
from clumpscope.detector.classifier.module import ClassifierModule
from clumpscope.detector.pretraining.fit import beginning, keep_best
from clumpscope.detector.pretraining.module import Keeper, Report, Scaled
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.errors import TableError, expected_got
from clumpscope.models.encoder import EncoderCard
from clumpscope.models.starts import Start


def fit_classifier(
    data: TrainingSet, first: int, recipe: Recipe, start: Start | None, out: Path, report: Report
) -> EncoderCard:
    """Train on the ``first`` composites of a set, judge by the others, write the best encoder.

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
    KeyboardInterrupt, TrainingError, StoreError
        As `keep_best`.
    """
    config, seed = recipe.classifier, recipe.seed
    dataset = partial(ClumpyDataset, data, config=config, seed=seed)
    learning = dataset(rows=np.arange(first), augment=True)
    checking = dataset(rows=np.arange(first, len(data)), augment=False)
    for side, galaxies in (("to learn from", learning), ("held out", checking)):
        if len(set(galaxies.clumpy.tolist())) < 2:
            got = f"{int(galaxies.clumpy.sum())} of {len(galaxies)} clumpy"
            raise TableError(expected_got(f"galaxies {side}", "clumpy ones and others", got))
    began = beginning(config, start, seed, outputs=1)
    card = began.card(
        config,
        recipe,
        f"clumpy or not: trained by clumpscope on {len(learning)} images "
        f"({int(learning.clumpy.sum())} clumpy), validated on {len(checking)}",
    )
    module = ClassifierModule(Scaled(began.network, began.scaling), learning, config)
    return keep_best(module, checking, Keeper(began.network, card, out, report), recipe)
