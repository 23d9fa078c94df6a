"""Figure of a training: its losses, as Figure 4 of Popp et al. 2024, and what chooses the epoch."""

from pathlib import Path

import numpy as np
from astropy.table import Table
from matplotlib.figure import Figure

from clumpscope.plot.figures import BLUE, GREEN, PURPLE, VERMILION, save

_LEARNED, _HELD_OUT = BLUE, VERMILION
_SCORES = {"epoch_f1": ("F1", GREEN), "epoch_ap50": ("AP at IoU 0.5", PURPLE)}


def loss_curves(log: Table, path: Path) -> None:
    """Draw a training's log.

    Parameters
    ----------
    log
        A row a step, with ``step`` and ``loss``, and a row an epoch, with ``epoch``,
        ``epoch_loss``, ``epoch_val_loss`` and metrics that begin with ``epoch_``; NaN elsewhere.
    path
        PNG to write.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    epochs = log[np.isfinite(log["epoch_loss"])]
    steps = log[np.isfinite(log["loss"])]
    each = epochs["step"][0] / epochs["epoch"][0]  # steps of an epoch
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    losses.plot(steps["step"] / each, steps["loss"], color=_LEARNED, alpha=0.25, linewidth=0.8)
    for name, colour, label in (
        ("epoch_loss", _LEARNED, "learned from"),
        ("epoch_val_loss", _HELD_OUT, "held out"),
    ):
        losses.plot(epochs["epoch"], epochs[name], "o-", color=colour, label=label, markersize=3)
    for name, (label, colour) in _SCORES.items():
        scores.plot(epochs["epoch"], epochs[name], "o-", color=colour, label=label, markersize=3)
    best = np.asarray(epochs["epoch_f1"])
    if np.isfinite(best).any():
        at = epochs["epoch"][np.nanargmax(best)]
        scores.axvline(at, color="0.6", linestyle=":", label=f"best F1: epoch {at:.0f}")
    losses.set(xlabel="epoch", ylabel="loss", yscale="log")
    losses.yaxis.set_major_formatter("{x:g}")
    losses.yaxis.set_minor_formatter("{x:g}")
    scores.set(xlabel="epoch", ylabel="held out", ylim=(0, 1.02))
    for axes in (losses, scores):
        axes.grid(alpha=0.3, which="both")
        axes.set_xlim(0, epochs["epoch"][-1] * 1.03)
        axes.legend()
    save(figure, path)
