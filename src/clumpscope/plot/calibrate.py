"""Reliability diagram of a calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from clumpscope.plot.figures import BLUE, GREEN, ORANGE, PURPLE, VERMILION, save

Values = NDArray[np.float64]

# Each with its own mark, for print without colour.
_BEFORE_AFTER = ((VERMILION, "s"), (BLUE, "o"))
_THIRDS = ((PURPLE, "v"), (GREEN, "D"), (ORANGE, "^"))


@dataclass(frozen=True, eq=False)
class Drawn:
    """One curve: in each bin mean chance, and the share that is real with its interval.

    ``chance`` are the (N,) chances themselves, ``note`` stands in the legend.
    """

    predicted: Values
    observed: Values
    low: Values
    high: Values
    chance: Values
    note: str


def reliability_diagram(
    pooled: Mapping[str, Drawn], thirds: Mapping[str, Drawn], path: Path
) -> None:
    """Draw the share of real candidates against predicted chance: before and after, and by thirds.

    Parameters
    ----------
    pooled, thirds
        Curves by name.
    path
        PNG to write.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    figure = Figure(figsize=(9.6, 6.0), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(4, 1))
    columns = (("before and after", pooled, _BEFORE_AFTER), ("calibrated, by S/N", thirds, _THIRDS))
    for (upper, lower), (title, curves, looks) in zip(panels.T, columns, strict=True):
        upper.plot([0, 1], [0, 1], color="0.5", linestyle=":", label="perfect")
        for (name, one), (colour, mark) in zip(curves.items(), looks, strict=False):
            reach = np.maximum([one.observed - one.low, one.high - one.observed], 0)
            upper.errorbar(
                one.predicted,
                one.observed,
                reach,
                fmt=f"{mark}-",
                color=colour,
                markersize=4,
                linewidth=1,
                label=f"{name} ({one.note})",
            )
            lower.hist(one.chance, np.linspace(0, 1, 41), histtype="step", color=colour)
        upper.set(xlim=(0, 1), ylim=(0, 1), title=title)
        upper.legend(loc="upper left", fontsize=8)
        lower.set(yscale="log", xlabel="chance to be a real clump")
        for panel in (upper, lower):
            panel.grid(alpha=0.3)
    panels[0, 0].set_ylabel("share that is one (68 % intervals)")
    panels[1, 0].set_ylabel("candidates")
    save(figure, path)
