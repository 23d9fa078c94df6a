"""Figures 2, 3, 14 to 18 and 20: where labels and clumps are, and of which hosts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from clumpscope.ops.stellar_locus import stellar_locus
from clumpscope.plot.figures import BLUE
from clumpscope.plot.paper.style import (
    GREY,
    LABELS,
    grid,
    legend_below,
    looks,
    names_of,
    panels,
    rows_of,
)

Limits = tuple[tuple[float, float], tuple[float, float]]
_MANY = 2000  # points, above which a cloud is drawn as contours
_COLOUR_LIMITS = ((-0.8, 2.0), (-1.0, 3.5))  # g - r, u - g
_HOSTS = {
    "galaxy_lssfr": ("log$_{10}$ specific star-formation rate / yr$^{-1}$", (-13.5, -8.0)),
    "galaxy_lmass": ("log$_{10}$ stellar mass / M$_\\odot$", (7.5, 12.0)),
}


def clump_positions(table: Table, side_px: int, field: float) -> Figure:
    """Figure 2: number of labels in each part of the image, and its searched central square.

    ``field`` is the side of that, image sides.
    """
    figure, axes = panels(1, 1)
    ax = axes[0, 0]
    x, y = (np.asarray(table[axis]) * side_px for axis in "xy")
    bins = np.linspace(0, side_px, 51 if len(table) > 5000 else 26)
    shown = ax.hist2d(x, y, bins=bins, cmap="cividis", cmin=1)[3]
    figure.colorbar(shown, ax=ax, label="clumps a cell", ticks=MaxNLocator("auto", integer=True))
    corner, side = (1 - field) / 2 * side_px, field * side_px
    square = Rectangle((corner, corner), side, side, fill=False, linestyle="--")
    ax.add_patch(square)
    limits = (0, side_px)
    ax.set(xlabel="column [px]", ylabel="row [px]", xlim=limits, ylim=limits[::-1], aspect="equal")
    ax.set_title(f"{len(table):,} clumps; dashed: the searched square")
    return figure


def mass_redshift(table: Table) -> Figure:
    """Figure 3: stellar mass against redshift of the galaxies with labels."""
    figure, axes = panels(1, 1)
    ax = axes[0, 0]
    z, mass = np.asarray(table["redshift"]), np.asarray(table["log10_mass"])
    if len(table) > _MANY:
        shown = ax.hexbin(z, mass, gridsize=45, cmap="cividis", norm=LogNorm(), mincnt=1)
        figure.colorbar(shown, ax=ax, label="galaxies a cell")
    else:
        ax.plot(z, mass, "o", color=BLUE, markersize=2.5)
    ax.set(xlabel="redshift", ylabel=_HOSTS["galaxy_lmass"][0])
    ax.set_title(f"{len(table):,} galaxies with labels")
    return figure


def box_sizes(table: Table, aperture_fwhm: float) -> Figure:
    """Figure 20: radii of the boxes of each model, in PSF-FWHM, and that of the aperture."""
    figure, axes = panels(1, 1)
    ax = axes[0, 0]
    bins = np.arange(-0.0625, 4.1, 0.125)  # 1 in the middle of one
    found = looks(names_of(table))
    for name in names_of(table):
        radius = np.asarray(rows_of(table, model=name)["radius_fwhm"], dtype=float)
        look, known = found[name], radius[np.isfinite(radius)]
        weights = np.full(len(known), 1 / max(len(known), 1))
        ax.hist(
            np.clip(known, *bins[[0, -1]]),
            bins,
            weights=weights,
            histtype="step",
            color=look.colour,
            linestyle=look.line,
            linewidth=1.4,
            label=f"{name} ({len(known):,})",
        )
    ax.axvline(aperture_fwhm, color="0.5", linewidth=0.8)
    ax.annotate(
        " aperture", (aperture_fwhm, 0.98), xycoords=("data", "axes fraction"), va="top", fontsize=7
    )
    ax.set(xlabel="box radius [r-band PSF-FWHM] (last bin: all larger)", ylabel="share of clumps")
    legend_below(figure, ax, 2)
    return figure


def redshifts(table: Table) -> Figure:
    """Figure 14: clumps of either kind against their hosts' redshift."""
    figure, axes = panels(1, 2, share=False)
    for ax, kind in zip(axes[0], ("normal", "odd"), strict=True):
        names = names_of(table)
        for name in names:
            mine = rows_of(table, model=name, kind=kind)
            look = looks(names)[name]
            edges = np.append(mine["redshift_low"], mine["redshift_high"][-1:])
            ax.stairs(
                np.asarray(mine["clumps"]),
                edges,
                color=look.colour,
                linestyle=look.line,
                fill=name == LABELS,
                alpha=0.35 if name == LABELS else 1,
                linewidth=1.3,
                label=name,
            )
        ax.set(xlabel="redshift of the host", ylabel=f"{kind} clumps a bin")
    legend_below(figure, axes[0, 0])
    return figure


def colour_colour(table: Table, kind: str) -> Figure:
    """Figures 15 and 16: u − g against g − r of each model's clumps, those of labels in grey."""
    locus = stellar_locus()

    def also(ax: Axes) -> None:
        ax.plot(locus[:, 1], locus[:, 0], color="k", linewidth=0.9)

    figure = _beside_labels(table, ("g_r", "u_g"), _COLOUR_LIMITS, also)
    for ax in figure.axes:
        ax.set(xlabel="g − r [AB mag]", ylabel="u − g [AB mag]")
    what = "normal" if kind == "normal" else "odd"
    figure.suptitle(
        f"{what} clumps; grey: labels ({_labels(table):,}); black line: main-sequence stars",
        fontsize=9,
    )
    return figure


def hosts(table: Table, column: str) -> Figure:
    """Figures 17 and 18: a property of hosts of a normal clump against their redshift."""
    name, limits = _HOSTS[column]
    figure = _beside_labels(table, ("redshift", column), ((0.0, 0.25), limits), lambda _: None)
    for ax in figure.axes:
        ax.set(xlabel="redshift", ylabel=name)
    figure.suptitle(f"hosts of normal clumps; grey: of labels ({_labels(table):,})", fontsize=9)
    return figure


def _labels(table: Table) -> int:
    return len(rows_of(table, model=LABELS))


def _beside_labels(
    table: Table, columns: tuple[str, str], limits: Limits, also: Callable[[Axes], None]
) -> Figure:
    """A panel a model, over the labels' cloud."""
    names = names_of(table)
    models = [name for name in names if name != LABELS] or [LABELS]
    figure, axes = panels(*grid(len(models)))
    low = rows_of(table, model=LABELS)
    window = np.asarray(limits, dtype=float)
    for ax, name in zip(axes.flat, models, strict=False):
        mine = rows_of(table, model=name)
        also(ax)
        _cloud(ax, low, columns, window, GREY)
        if name != LABELS:
            _cloud(ax, mine, columns, window, looks(names)[name].colour)
        ax.set(xlim=window[0], ylim=window[1], title=f"{name} ({len(mine):,})")
    for ax in axes.flat[len(models) :]:
        ax.remove()
    return figure


def _cloud(
    ax: Axes, rows: Table, columns: tuple[str, str], window: NDArray[np.float64], colour: str
) -> None:
    """Points, or contours about 90, 50 and 20 % of many."""
    x, y = (np.asarray(rows[name], dtype=float) for name in columns)
    if len(rows) <= _MANY:
        look: dict[str, Any] = {"marker": "o", "markersize": 2}
        if colour == GREY:
            look = {"marker": "s", "markersize": 4.5, "markerfacecolor": "none"}
        ax.add_line(Line2D(x, y, linestyle="", color=colour, markeredgewidth=0.7, **look))
        return
    bins = [np.linspace(low, high, 41) for low, high in window]
    count = np.histogram2d(x, y, bins=bins)[0]
    ordered = np.sort(count[count > 0])[::-1]
    share = np.cumsum(ordered) / ordered.sum() if len(ordered) else np.array([])
    levels = sorted({float(ordered[np.searchsorted(share, part)]) for part in (0.2, 0.5, 0.9)})
    middles = [(edges[1:] + edges[:-1]) / 2 for edges in bins]
    if levels:
        ax.contour(*middles, count.T, levels=levels, colors=colour, linewidths=1.1)
