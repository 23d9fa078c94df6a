"""Figures of an evaluation: completeness and purity."""

from pathlib import Path

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clumpscope.plot.figures import save

_FINDERS = {"detector": "#0072B2", "baseline": "#D55E00"}


def completeness_purity(curves: Table, path: Path) -> None:
    """Completeness against purity over the score threshold, and both against flux ratio.

    ``curves`` has the columns that `clumpscope.stages.evaluate.tables.curves` writes.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    against_threshold, completeness, purity = figure.subplots(1, 3)
    for finder, colour in _FINDERS.items():
        rows = curves[(curves["finder"] == finder) & (curves["n_any"] > 0)]
        by_threshold = rows[rows["against"] == "score_threshold"]
        if len(by_threshold):
            against_threshold.plot(
                by_threshold["completeness"],
                by_threshold["purity"],
                "o-" if finder == "detector" else "s",
                color=colour,
                label=finder,
                markersize=4,
            )
        by_ratio = rows[rows["against"] == "log10_flux_ratio"]
        for axes, name in ((completeness, "completeness"), (purity, "purity")):
            _with_errors(axes, by_ratio, name, colour, finder)
    against_threshold.set(
        xlabel="completeness (true flux ratio ≥ 3 %)",
        ylabel="purity (measured flux ratio ≥ 3 %)",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        title="score threshold, from the run's own up",
    )
    completeness.set(xlabel="log₁₀ true u-band flux ratio", ylabel="completeness")
    purity.set(xlabel="log₁₀ measured u-band flux ratio", ylabel="purity")
    for axes in (completeness, purity):
        axes.axvline(np.log10(0.03), color="0.6", linestyle=":")
        axes.annotate("3 %", (np.log10(0.03), 1.01), color="0.4", ha="center")
        axes.set_ylim(0, 1.08)
    for axes in (against_threshold, completeness, purity):
        axes.grid(alpha=0.3)
    if against_threshold.get_legend_handles_labels()[0]:
        against_threshold.legend(loc="lower left")
    save(figure, path)


def _with_errors(axes: Axes, rows: Table, name: str, colour: str, label: str) -> None:
    rows = rows[np.isfinite(rows[name])]
    value = np.asarray(rows[name])
    middle = (np.asarray(rows["low"]) + np.asarray(rows["high"])) / 2
    errors = [value - np.asarray(rows[f"{name}_low"]), np.asarray(rows[f"{name}_high"]) - value]
    axes.errorbar(
        middle, value, np.maximum(errors, 0), fmt="o-", color=colour, label=label, markersize=4
    )
