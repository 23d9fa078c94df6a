"""Reliability diagram of a calibration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from clumpscope.plot.figures import save

Values = NDArray[np.float64]

_LOOKS = (("#D55E00", "s"), ("#0072B2", "o"))  # before and after; Okabe & Ito
_THIRDS = (("#56B4E9", "v"), ("#009E73", "D"), ("#E69F00", "^"))


def reliability_diagram(
    pooled: Mapping[str, tuple[Sequence[Values], str]],
    thirds: Mapping[str, tuple[Sequence[Values], str]],
    chance: Values,
    path: Path,
) -> None:
    """Draw the share of real candidates against predicted chance, all together and by thirds.

    Parameters
    ----------
    pooled, thirds
        By name, mean chance, share, and its low and high end, a number a bin, and a note.
    chance
        (N,) calibrated chances: their histogram lies below.
    path
        PNG to write.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, height_ratios=(4, 1))
    for k, (curves, looks) in enumerate(((pooled, _LOOKS), (thirds, _THIRDS))):
        panel = axes[0, k]
        panel.plot([0, 1], [0, 1], color="0.5", linestyle=":", label="as predicted")
        for (name, ((predicted, observed, low, high), note)), (colour, marker) in zip(
            curves.items(), looks, strict=False
        ):
            reach = np.maximum([observed - low, high - observed], 0)
            panel.errorbar(
                predicted,
                observed,
                reach,
                fmt=f"{marker}-",
                color=colour,
                markersize=4,
                linewidth=1,
                label=f"{name} ({note})",
            )
        panel.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        panel.grid(alpha=0.3)
        panel.legend(loc="upper left", fontsize=8)
    axes[0, 0].set_ylabel("share that is a real clump")
    axes[0, 0].set_title("all candidates", fontsize=10)
    axes[0, 1].set_title("calibrated, by signal-to-noise", fontsize=10)
    for panel in axes[1]:
        panel.hist(chance, np.linspace(0, 1, 41), color=_LOOKS[1][0])
        panel.set(yscale="log", xlabel="predicted chance")
        panel.grid(alpha=0.3)
    axes[1, 0].set_ylabel("candidates")
    save(figure, path)
