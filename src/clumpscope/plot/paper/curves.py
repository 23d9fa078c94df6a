"""Figures 4, 8 to 12, 22 and 23: losses, completeness and purity."""

from typing import Any

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from clumpscope.core.clump_columns import RATIOS
from clumpscope.plot.figures import BLUE, VERMILION
from clumpscope.plot.paper.style import (
    Line,
    Look,
    grid,
    legend_below,
    looks,
    names_of,
    panels,
    rows_of,
)

_RANGE = (0.0, 1.02)
_HIGHER = (0.0, 1.14)  # with room for numbers
_RATIOS = (-3.0, 0.0)  # log10
_APART = 0.025  # of models in a bin
_LOSSES = {"training": (BLUE, "-"), "validation": (VERMILION, "--")}


def losses(table: Table) -> Figure:
    """Figure 4: losses against epochs; a row of panels a run-group, a column a model."""
    groups = sorted(set(np.asarray(table["group"]).tolist()))
    models = names_of(table)
    figure, axes = panels(len(groups), len(models), share=False)
    for row, group in enumerate(groups):
        for column, model in enumerate(models):
            mine, ax = rows_of(table, group=group, model=model), axes[row, column]
            for name, (colour, line) in _LOSSES.items():
                few = len(mine) < 15
                ax.plot(
                    mine["epoch"],
                    mine[f"{name}_loss"],
                    marker="o" if few else "",
                    markersize=3,
                    color=colour,
                    linestyle=line,
                    label=name,
                )
            number = int(mine["training_galaxies"][0]) if len(mine) else 0
            ax.set_title(f"{model}\nrun {group}, {number:,} training galaxies")
            ax.set(xlabel="epoch", ylabel="loss")
            ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    legend_below(figure, axes[0, 0])
    return figure


def against_score(table: Table, marked: float) -> Figure:
    """Figure 8, and 12 by the column ``cut``: completeness against purity over the threshold.

    ``marked`` is the threshold whose point is large.
    """
    cuts = list(dict.fromkeys(table["cut"].tolist())) if "cut" in table.colnames else [""]
    figure, axes = panels(1, len(cuts))
    for ax, cut in zip(axes[0], cuts, strict=True):
        rows = rows_of(table, cut=cut) if cut else table
        for name, look in _each(table):
            mine = rows_of(rows, model=name)
            ax.plot(
                mine["completeness"],
                mine["purity"],
                color=look.colour,
                linestyle=look.line,
                marker=look.marker,
                markersize=3,
                label=name,
            )
            at = mine[np.abs(np.asarray(mine["score_threshold"]) - marked) < 1e-6]
            _with_errors(ax, at, ("completeness", "purity"), look, "", size=7)
        count = f"{int(np.max(rows['completeness_n'], initial=0)):,} labels"
        ax.set_title(f"u flux ratio {cut}: {count}" if cut else f"all clumps: {count}")
        if not np.isfinite(np.asarray(rows["completeness"]) * np.asarray(rows["purity"])).any():
            ax.text(0.5, 0.5, "no clumps, or none found", ha="center", color="0.4")
        _square(ax)
    legend_below(figure, axes[0, 0])
    return figure


def against_size(table: Table) -> Figure:
    """Figure 9: completeness against purity of all run-groups; large points are large groups."""
    figure, axes = panels(1, 2, share=False)
    size = np.asarray(table["training_galaxies"], dtype=float)
    least, most = np.log10(size.min()), np.log10(size.max())
    for name, look in _each(table):
        mine = rows_of(table, model=name)
        share = (np.log10(mine["training_galaxies"]) - least) / max(most - least, 1e-9)
        axes[0, 0].scatter(
            mine["completeness"],
            mine["purity"],
            s=12 + 70 * np.asarray(share),
            color=look.colour,
            marker=look.marker,
            alpha=0.8,
            label=name,
        )
        _with_errors(axes[0, 0], mine, ("completeness", "purity"), look, "", size=0)
        _with_errors(axes[0, 1], mine, ("training_galaxies", "completeness"), look, name)
    _square(axes[0, 0])
    _ticks(axes[0, 1], size)
    axes[0, 0].set_title(f"larger: more to train on ({size.min():.0f} to {size.max():.0f})")
    axes[0, 1].set(xlabel="training galaxies", ylabel="completeness", ylim=_RANGE)
    legend_below(figure, axes[0, 0])
    return figure


def against_ratio(table: Table, share: str, which: str = "measured") -> Figure:
    """Figures 10, 11, 22, 23: ``completeness`` or ``purity`` against the flux ratio, by group.

    ``which`` flux ratio that is: "measured" or "true". Lines break where a bin has no clump. Models
    stand a little apart, so that bars can be told from each other; above each bin of completeness
    is the number of its clumps.
    """
    groups = sorted(set(np.asarray(table["group"]).tolist()))
    figure, axes = panels(*grid(len(groups), 2))
    for ax, group in zip(axes.flat, groups, strict=False):
        mine = rows_of(table, group=group)
        each = _each(table)
        for k, (name, look) in enumerate(each):
            rows = rows_of(mine, model=name)
            rows["middle"] = _middles(rows) + _APART * (k - (len(each) - 1) / 2)
            _with_errors(ax, rows, ("middle", share), look, name, line=look.line)
        if share == "completeness":
            _numbers(ax, rows_of(mine, model=each[0][0]))
        for ratio in RATIOS.values():
            ax.axvline(np.log10(ratio), color="0.6", linestyle=":", linewidth=1)
            ax.annotate(
                f"{100 * ratio:.0f} %",
                (np.log10(ratio), 0.02),
                color="0.3",
                fontsize=7,
                rotation=90,
                ha="right",
            )
        number = int(mine["training_galaxies"][0]) if len(mine) else 0
        ax.set_title(f"run {group}: {number:,} training galaxies")
        ax.set(xlabel=f"log$_{{10}}$ {which} u flux ratio, clump / host", ylabel=share)
        ax.set(xlim=_RATIOS, ylim=_HIGHER if share == "completeness" else _RANGE)
    for ax in axes.flat[len(groups) :]:
        ax.set_axis_off()
    legend_below(figure, axes[0, 0])
    return figure


def _middles(rows: Table) -> NDArray[np.float64]:
    both = [np.asarray(rows[f"log10_ratio_{end}"], dtype=float) for end in ("low", "high")]
    middles: NDArray[np.float64] = np.mean(both, axis=0)
    return middles


def _numbers(ax: Axes, rows: Table) -> None:
    """Clumps of each bin that has any, in small figures above it."""
    for x, count in zip(_middles(rows), rows["completeness_n"], strict=True):
        if count:
            ax.text(x, 1.06, f"{count:,}", ha="center", fontsize=5.5, color="0.3")


def _each(table: Table) -> list[tuple[str, Look]]:
    names = names_of(table)
    found = looks(names)
    return [(name, found[name]) for name in names]


def _with_errors(
    ax: Axes,
    rows: Table,
    axis: tuple[str, str],
    look: Look,
    label: str,
    *,
    size: float = 4,
    line: Line = "",
) -> None:
    """Points with intervals on each axis that has them."""
    x, y = axis
    errors: dict[str, Any] = {}
    for which, name in (("xerr", x), ("yerr", y)):
        if f"{name}_low" in rows.colnames:
            value = np.asarray(rows[name], dtype=float)
            low, high = (np.asarray(rows[f"{name}_{end}"], dtype=float) for end in ("low", "high"))
            errors[which] = np.maximum([value - low, high - value], 0)
    ax.errorbar(
        np.asarray(rows[x], dtype=float),
        np.asarray(rows[y], dtype=float),
        **errors,
        color=look.colour,
        marker=look.marker,
        markersize=size,
        linestyle=line,
        linewidth=1,
        elinewidth=0.8,
        label=label or None,
    )


def _ticks(ax: Axes, size: NDArray[np.float64]) -> None:
    """A logarithmic axis with some of the sizes as its ticks."""
    known = np.unique(size)
    ax.set_xscale("log")
    ax.set_xticks(known[:: max(1, len(known) // 5)])
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_locator(NullLocator())


def _square(ax: Axes) -> None:
    ax.set(xlabel="completeness", ylabel="purity", xlim=_RANGE, ylim=_RANGE)
