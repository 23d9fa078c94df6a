"""Figures and tables of an evaluation, of whatever of it is there."""

from textwrap import shorten

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.printable import printable
from clumpscope.core.schema import plain
from clumpscope.plot.report.style import FINDERS, GREY, INK, MARKERS, Chart, chart, legend, per_cent

Values = NDArray[np.float64]

RATIO = "log10_flux_ratio"
# What completeness is told against: in the title and at the axis.
AGAINST = {
    RATIO: ("flux ratio", "true flux ratio to the host in u [%]"),
    "snr": ("signal-to-noise", "S/N"),
    "contrast": ("contrast", "contrast to the host's light"),
    "psf_fwhm_arcsec": ("seeing", "PSF-FWHM [arcsec]"),
    "redshift": ("redshift", "redshift"),
    "radius_r90": ("distance", "distance from the host's centre [Petrosian R90]"),
    "crowding_fwhm": ("crowding", "distance of the next clump [PSF-FWHM]"),
}
_RELIABILITY = 15  # bins of equal count, at most
_NAME = 24  # characters of a finder's name
_MARKED = 8  # points of a curve that have a marker
_A_BIN = 20  # candidates at least


def curve_charts(curves: Table, headline: str) -> list[Chart]:
    """Completeness against purity over thresholds, and completeness against each covariate.

    Parameters
    ----------
    curves
        As ``curves.parquet``; an empty table has no figures.
    headline
        The flux ratio whose curves over thresholds are drawn.
    """
    if not len(curves):
        return []
    normal = curves[curves["kind"] == "normal"]
    over = (normal["against"] == "score_threshold") & (normal["flux_ratio"] == headline)
    drawn = [_trade(normal[over], headline)]
    for name, (title, words) in AGAINST.items():
        drawn.append(_binned(normal[normal["against"] == name], name, title, words))
    return [one for one in drawn if one is not None]


def _finders(table: Table) -> list[tuple[str, Table]]:
    """Each finder and its rows, the run first; no more than there are colours."""
    names = list(dict.fromkeys(plain(table, "finder").tolist()))
    return [
        (shorten(printable(name), _NAME, placeholder="…"), table[table["finder"] == name])
        for name in names[: len(FINDERS)]
    ]


def _trade(rows: Table, headline: str) -> Chart | None:
    shown = []
    for name, table in _finders(rows):
        known = np.isfinite(plain(table, "completeness")) & np.isfinite(plain(table, "purity"))
        if known.any():
            names = ("completeness", "purity", "purity_low", "purity_high")
            shown.append((name, *(plain(table, one)[known] for one in names)))
    if not shown:
        return None

    def draw(ax: Axes) -> None:
        for (name, x, y, low, high), colour, marker in zip(shown, FINDERS, MARKERS, strict=False):
            every = max(1, len(x) // _MARKED)
            ax.plot(x, y, marker=marker, color=colour, markersize=4, markevery=every, label=name)
            ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.set(xlabel="completeness", ylabel="purity", xlim=(0, 1.03), ylim=(0, 1.03))
        legend(ax)

    least = RATIOS.get(headline)
    caption = "Over all score thresholds" + (
        f"; flux ratio ≥ {100 * least:g} %, true for completeness and measured for purity."
        if least
        else ", of clumps of any flux."
    )
    return chart("trade", "Completeness and purity", caption, draw)


def _binned(rows: Table, name: str, title: str, words: str) -> Chart | None:
    shown = []
    for finder, table in _finders(rows):
        value = plain(table, "completeness")
        known = np.isfinite(value)
        if known.any():
            low, high = (plain(table, f"completeness_{end}") for end in ("low", "high"))
            middle = _middle(plain(table, "low"), plain(table, "high"))
            errors = np.nan_to_num(np.maximum([value - low, high - value], 0))
            shown.append((finder, middle[known], value[known], errors[:, known]))
    if not shown:
        return None

    def draw(ax: Axes) -> None:
        for (finder, x, y, errors), colour, marker in zip(shown, FINDERS, MARKERS, strict=False):
            ax.errorbar(x, y, errors, marker=marker, color=colour, markersize=4, label=finder)
        if name == RATIO:
            ax.axvline(np.log10(0.03), color=GREY, linestyle=":", linewidth=1.2)
            per_cent(ax, -3, 0)
            ends = [end for _, x, *_ in shown for end in (x[0] - 0.2, x[-1] + 0.2)]
            ax.set_xlim(min(ends), max(ends))
        else:
            ax.set_xlim(*_across(rows))
        ax.set(xlabel=words, ylabel="completeness", ylim=(0, 1.05))
        legend(ax)

    caption = "Share of true clumps found, 68 % intervals; an open bin stands at its edge."
    if name == RATIO:
        caption += " Dotted: 3 %."
    return chart(f"by-{name}", f"Completeness by {title}", caption, draw)


def _across(rows: Table) -> tuple[float, float]:
    """Limits of an axis that holds every bin, however few have clumps."""
    edges = np.concatenate([plain(rows, "low"), plain(rows, "high")]).astype(float)
    known = edges[np.isfinite(edges)]
    rim = 0.04 * float(np.ptp(known)) or 1.0
    return float(known.min()) - rim, float(known.max()) + rim


def _middle(low: Values, high: Values) -> Values:
    """(n,) middles of bins; the edge of one that is open."""
    ends = [np.where(np.isfinite(one), one, other) for one, other in ((low, high), (high, low))]
    middle: Values = np.mean(ends, axis=0)
    return middle


def reliability(probability: Values, real: Values) -> Chart | None:
    """Observed against predicted chance of a candidate to be real, in bins of equal count.

    Parameters
    ----------
    probability
        (n,) calibrated chances; NaN where unknown.
    real
        (n,) 1 where there is a true clump, else 0.
    """
    known = np.isfinite(probability) & np.isfinite(real)
    count = int(known.sum())
    if count < _A_BIN:
        return None
    order = np.argsort(probability[known], kind="stable")
    p, hit = probability[known][order], real[known][order]
    parts = np.array_split(np.arange(count), min(_RELIABILITY, count // _A_BIN))
    x, y = (np.array([values[part].mean() for part in parts]) for values in (p, hit))
    weights = np.array([len(part) for part in parts]) / count
    error = np.sqrt(y * (1 - y) / np.array([len(part) for part in parts]))

    def draw(ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1)
        ax.errorbar(x, y, error, marker="o", color=FINDERS[0], markersize=4)
        ax.set(xlabel="p_real", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))

    gap = float(np.sum(weights * np.abs(x - y)))
    caption = (
        f"{count:,} candidates in {len(parts)} bins of equal count; mean gap {gap:.3f} (ECE). On "
        "the dashed line the chances are right."
    )
    return chart("reliability", "Reliability", caption, draw)
