"""Figures of an evaluation: completeness and purity."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clumpscope.ops.shares import Score
from clumpscope.plot.figures import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, save

# Each with a marker of its own for print without colour.
_STYLES = (
    (BLUE, "o"),
    (VERMILION, "s"),
    (GREEN, "^"),
    (PURPLE, "D"),
    (ORANGE, "v"),
    (SKY, "P"),
    ("#000000", "X"),
)
_EVERY = 10  # thresholds between markers
_APART = 0.015  # of finders in a bin


def completeness_purity(curves: Table, ratio: str, own: Mapping[str, Score], path: Path) -> None:
    """Completeness against purity over the score threshold, and both against flux ratio.

    Parameters
    ----------
    curves
        What `clumpscope.stages.evaluate.tables.curves` makes.
    ratio
        Flux ratio of the headline: "all", "3pct" or "8pct".
    own
        Score of each finder at its own threshold, drawn large.
    """
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    against_threshold, completeness, purity = figure.subplots(1, 3)
    normal = curves[curves["kind"] == "normal"]
    finders = list(dict.fromkeys(np.asarray(curves["finder"]).tolist()))
    for k, (finder, (colour, marker)) in enumerate(zip(finders, cycle(_STYLES), strict=False)):
        rows = normal[normal["finder"] == finder]
        chosen = (rows["against"] == "score_threshold") & (rows["flux_ratio"] == ratio)
        _curve(against_threshold, rows[chosen], colour, marker, finder)
        _point(against_threshold, own[finder], colour, marker)
        by_ratio = rows[rows["against"] == "log10_flux_ratio"]
        shift = _APART * (k - (len(finders) - 1) / 2)
        for axes, name in ((completeness, "completeness"), (purity, "purity")):
            _with_errors(axes, by_ratio, name, (colour, marker), shift)
    least = {"3pct": " (flux ratio ≥ 3 %)", "8pct": " (flux ratio ≥ 8 %)"}.get(ratio, "")
    against_threshold.set(
        xlabel=f"completeness{least}",
        ylabel=f"purity{least}",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        title="over the score threshold; large: the finder's own",
    )
    completeness.set(xlabel="log₁₀ true u-band flux ratio", ylabel="completeness")
    purity.set(xlabel="log₁₀ measured u-band flux ratio", ylabel="purity")
    for axes in (completeness, purity):
        axes.set_ylim(0, 1.08)
        if not axes.containers:
            note = "no flux ratio is known"
            axes.text(0.5, 0.5, note, transform=axes.transAxes, ha="center", color="0.4")
            axes.set_xticks([])
            continue
        axes.axvline(np.log10(0.03), color="0.6", linestyle=":")
        axes.annotate(" 3 %", (np.log10(0.03), 1.02), color="0.4", ha="left")
    for axes in (against_threshold, completeness, purity):
        axes.grid(alpha=0.3)
    if finders:
        against_threshold.legend(loc="lower left", fontsize="small")
    save(figure, path)


def _curve(axes: Axes, rows: Table, colour: str, marker: str, label: str) -> None:
    rows = rows[(rows["completeness_n"] > 0) & (rows["purity_n"] > 0)]
    axes.plot(
        rows["completeness"],
        rows["purity"],
        marker=marker,
        color=colour,
        label=label,
        markersize=4,
        markevery=_EVERY,
    )
    if len(rows):
        axes.fill_between(
            rows["completeness"],
            rows["purity_low"],
            rows["purity_high"],
            color=colour,
            alpha=0.15,
            linewidth=0,
        )


def _point(axes: Axes, score: Score, colour: str, marker: str) -> None:
    c, p = score.completeness, score.purity
    if c.n and p.n:
        errors = np.abs([[c.low - c.value, c.high - c.value], [p.low - p.value, p.high - p.value]])
        x, y = errors[:, :, None]
        axes.errorbar(
            c.value, p.value, xerr=x, yerr=y, marker=marker, color=colour, markersize=9, mec="black"
        )


def _with_errors(axes: Axes, rows: Table, name: str, style: tuple[str, str], shift: float) -> None:
    colour, marker = style
    rows = rows[np.isfinite(rows[name])]
    value = np.asarray(rows[name])
    middle = (np.asarray(rows["low"]) + np.asarray(rows["high"])) / 2
    if not len(rows):
        return
    errors = [value - np.asarray(rows[f"{name}_low"]), np.asarray(rows[f"{name}_high"]) - value]
    axes.errorbar(
        middle + shift,
        value,
        np.maximum(errors, 0),
        marker=marker,
        color=colour,
        markersize=4,
        capsize=2,
    )
