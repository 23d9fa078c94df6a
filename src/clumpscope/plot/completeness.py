"""The figure of a selection function: against flux ratio, in a plane, and how it holds."""

from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from clumpscope.models.selection import Selection
from clumpscope.ops.shares import Share
from clumpscope.plot.figures import BLUE, GREEN, ORANGE, save

Values = NDArray[np.float64]

_COLOURS = (BLUE, ORANGE, GREEN)
_MARKS = ("o", "s", "^")
_RATIO, _SNR, _CONTRAST, _PSF = 0, 1, 2, 4
_BINS = 8
_FEWEST = 8  # clumps in a point
_WORDS = {
    _SNR: "S/N in g",
    _CONTRAST: "contrast",
    _PSF: "PSF-FWHM (arcsec)",
}


class Looked(Protocol):
    """True clumps: (N,) which were found, (N, K) true covariates."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which were found."""
        ...

    @property
    def true(self) -> Values:
        """True covariates."""
        ...


def completeness_figure(selection: Selection, clumps: Looked, deciles: Table, path: Path) -> None:
    """Completeness against flux ratio in thirds of contrast and of seeing; a map; the deciles.

    Points are shares of true clumps with 68 % intervals, lines the fit's mean over the same clumps
    and bands its error.
    """
    figure = Figure(figsize=(11, 8.6), layout="constrained")
    (by_contrast, by_psf), (plane, check) = figure.subplots(2, 2)
    for axes, k in ((by_contrast, _CONTRAST), (by_psf, _PSF)):
        _against_ratio(axes, selection, clumps, k)
    _map(figure, plane, selection, clumps)
    _deciles(check, deciles)
    save(figure, path)


def _against_ratio(axes: Axes, selection: Selection, clumps: Looked, k: int) -> None:
    x, found = clumps.true, clumps.found
    limits = np.quantile(x[:, k], (0, 1 / 3, 2 / 3, 1))
    members = selection.true.members(x)
    edges = np.linspace(selection.true.low[_RATIO], selection.true.high[_RATIO], _BINS + 1)
    for n, colour in enumerate(_COLOURS):
        last = n == len(_COLOURS) - 1
        part = (x[:, k] >= limits[n]) & ((x[:, k] < limits[n + 1]) | last)
        ends = 10 ** limits[n : n + 2]
        label = f"{_WORDS[k]} {_number(ends[0])} to {_number(ends[1])}"
        points, lines = [], []
        for low, high in pairwise(edges):
            inside = part & (x[:, _RATIO] >= low) & (x[:, _RATIO] < high)
            inside &= np.isfinite(members[:, 0])
            size = int(inside.sum())
            if size < _FEWEST:
                continue
            share = Share.of_counts(int(found[inside].sum()), size)
            middle = 10 ** float(np.mean(x[inside, _RATIO]))
            points.append((middle, share.value, share.low, share.high))
            mean = members[inside].mean(axis=0)
            lines.append((middle, mean[0], mean[1:].std()))
        if not points:
            continue
        at, share, low, high = np.array(points).T
        axes.errorbar(
            at,
            share,
            [np.maximum(share - low, 0), np.maximum(high - share, 0)],
            fmt=_MARKS[n],
            color=colour,
            markersize=4,
            label=label,
        )
        at, mean, error = np.array(lines).T
        axes.plot(at, mean, "-", color=colour)
        axes.fill_between(at, mean - error, mean + error, color=colour, alpha=0.25, linewidth=0)
    axes.set(
        xscale="log",
        xlabel="true flux ratio in u, clump over host",
        ylabel="completeness",
        ylim=(0, 1.02),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")


def _map(figure: Figure, axes: Axes, selection: Selection, clumps: Looked) -> None:
    """Completeness over signal-to-noise and contrast; all else as the median clump has it."""
    smooth = selection.true
    snr, contrast = (np.linspace(smooth.low[k], smooth.high[k], 120) for k in (_SNR, _CONTRAST))
    middle = np.median(clumps.true, axis=0)
    at = np.tile(middle, (len(contrast), len(snr), 1))
    at[..., _SNR], at[..., _CONTRAST] = snr[None, :], contrast[:, None]
    value = smooth(at.reshape(-1, len(middle)))[0].reshape(at.shape[:2])
    drawn = axes.pcolormesh(
        10**snr, 10**contrast, value, vmin=0, vmax=1, cmap="viridis", rasterized=True
    )
    known = np.where(np.isfinite(value), value, 0.0)
    if np.isfinite(value).any() and known.max() > 0.1:
        lines = axes.contour(
            10**snr, 10**contrast, value, [0.1, 0.5, 0.8, 0.9, 0.95], colors="w", linewidths=0.8
        )
        axes.clabel(lines, fontsize=7)
    figure.colorbar(drawn, ax=axes, label="completeness")
    ratio, radius, psf = (middle[k] for k in (_RATIO, 3, _PSF))
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=_WORDS[_SNR],
        ylabel="contrast: surface brightness over the host's, g",
    )
    axes.set_title(
        f"flux ratio {_number(10**ratio)}, {radius:.2f} R90, PSF-FWHM {10**psf:.2f} arcsec",
        fontsize=9,
    )


def _deciles(axes: Axes, deciles: Table) -> None:
    predicted, observed, low, high = (
        np.asarray(deciles[name], dtype=float) for name in ("predicted", "observed", "low", "high")
    )
    axes.plot([0, 1], [0, 1], "--", color="0.5")
    errors = [np.maximum(observed - low, 0), np.maximum(high - observed, 0)]
    axes.errorbar(predicted, observed, errors, fmt="o", color=_COLOURS[0], markersize=5)
    axes.set(
        xlabel="predicted completeness, deciles of hosts left out",
        ylabel="observed",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        title=f"largest difference {np.abs(predicted - observed).max():.3f}",
        aspect="equal",
    )
    axes.grid(alpha=0.3)


def _number(value: float) -> str:
    return f"{value:.2g}"
