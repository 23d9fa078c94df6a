"""Tables 2, 3 and 5 of Popp et al. 2024: models, their best epochs, the catalogue's columns."""

from collections.abc import Mapping

import numpy as np
from astropy.table import Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import schema

_SCORES = {"AP": "map", "AR": "mar", "F1": "f1"}  # ours by the paper's names


def table_2(models: Mapping[str, Recipe]) -> Table:
    """Table 2: with which weights each model begins, and what of it learns."""
    rows = []
    for number, (name, recipe) in enumerate(models.items(), start=1):
        detector, train = recipe.detector, recipe.train
        published = detector.family == "published"
        blocks = train.trainable_blocks
        if train.start is None:
            mode = "from nothing"
        else:
            mode = "transfer learning" if blocks == 0 else "fine-tuning"
        start = train.start or "random"
        if start == "classifier":
            start = f"classifier of {recipe.classifier.start or 'random'}"
        last = "all" if blocks is None else "none" if blocks == 0 else f"last {blocks}"
        encoder = "resnet50" if published else detector.encoder
        rows.append((number, name, encoder, start, mode, last))
    names = ("", "model", "feature extractor", "weights", "learning mode", "trainable blocks")
    return Table(rows=rows or None, names=("number", *names[1:]), dtype=["i8", *["U128"] * 5])


def best_epochs(logs: Mapping[str, Table]) -> Table:
    """Table 3: epoch of the highest F1 on validation galaxies, AP, AR and F1 there.

    Parameters
    ----------
    logs
        Log of each model's training, a row a step or an epoch, with ``epoch_f1`` and others.
    """
    rows: list[tuple[object, ...]] = []
    for name, log in logs.items():
        f1 = np.asarray(log["epoch_f1"], dtype=float)
        if not np.isfinite(f1).any():
            rows.append((name, -1, np.nan, np.nan, np.nan))
            continue
        best = log[int(np.nanargmax(f1))]
        values = (float(best[f"epoch_{ours}"]) for ours in _SCORES.values())
        rows.append((name, int(best["epoch"]), *values))
    return Table(
        rows=rows or None, names=("model", "epoch", *_SCORES), dtype=["U64", "i8", *["f8"] * 3]
    )


def table_5() -> Table:
    """Table 5: columns of the released catalogue, with units and what they are."""
    specs = schema("release")
    return Table(
        {
            "column": [spec.name for spec in specs],
            "unit": [spec.unit for spec in specs],
            "what it is": [spec.description for spec in specs],
        }
    )
