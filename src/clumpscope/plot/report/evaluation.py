"""Figures and tables of an evaluation, of whatever of it is there."""

import numpy as np
from astropy.table import Table
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
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
_TRUE_NAMES = {0: "none", int(Label.CLUMP): "clump", int(Label.ODD): "odd clump"}
_RELIABILITY = 15  # bins of equal count, at most
_A_BIN = 20  # candidates at least


def curve_charts(curves: Table) -> list[Chart]:
    """Completeness against purity over thresholds, and completeness against each covariate."""
    if not {"finder", "against", "low", "high", "completeness", "purity"} <= set(curves.colnames):
        return []
    against = np.asarray(curves["against"]).astype(str)
    drawn = []
    if (against == "score_threshold").any():
        drawn.append(_trade(curves[against == "score_threshold"]))
    for name, (title, words) in AGAINST.items():
        if (against == name).any():
            drawn.append(_binned(curves[against == name], name, title, words))
    return [one for one in drawn if one is not None]


def _column(table: Table, name: str) -> Values:
    return np.ma.filled(np.ma.asarray(table[name]).astype(float), np.nan)


def _finders(table: Table) -> list[tuple[str, Table]]:
    """Each finder and its rows, the detector first; no more than there are colours."""
    names = np.asarray(table["finder"]).astype(str)
    order = sorted(dict.fromkeys(names.tolist()), key=lambda name: name != "detector")
    return [(name, table[names == name]) for name in order[: len(FINDERS)]]


def _trade(rows: Table) -> Chart | None:
    shown = []
    for name, table in _finders(rows):
        completeness, purity = _column(table, "completeness"), _column(table, "purity")
        known = np.isfinite(completeness) & np.isfinite(purity)
        if known.any():
            shown.append((name, completeness[known], purity[known]))
    if not shown:
        return None

    def draw(ax: Axes) -> None:
        for (name, x, y), colour, marker in zip(shown, FINDERS, MARKERS, strict=False):
            few = len(x) <= 30
            ax.plot(x, y, marker=marker if few else "", color=colour, markersize=4, label=name)
        ax.set(xlabel="completeness", ylabel="purity", xlim=(0, 1.03), ylim=(0, 1.03))
        legend(ax)

    caption = "True flux ratio ≥ 3 % for completeness, measured for purity; a point a threshold."
    return chart("trade", "Completeness and purity", caption, draw)


def _binned(rows: Table, name: str, title: str, words: str) -> Chart | None:
    shown = []
    for finder, table in _finders(rows):
        value = _column(table, "completeness")
        known = np.isfinite(value)
        if known.any():
            low, high = _interval(table, value)
            middle = (_column(table, "low") + _column(table, "high")) / 2
            errors = np.maximum([value - low, high - value], 0)
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
        ax.set(xlabel=words, ylabel="completeness", ylim=(0, 1.05))
        legend(ax)

    caption = "Share of true clumps that are found; bars are 68 % intervals."
    if name == RATIO:
        caption += " Dotted: 3 %."
    return chart(f"by-{name}", f"Completeness by {title}", caption, draw)


def _interval(table: Table, value: Values) -> tuple[Values, Values]:
    names = ("completeness_low", "completeness_high")
    if not set(names) <= set(table.colnames):
        return value, value
    low, high = (_column(table, name) for name in names)
    return np.where(np.isfinite(low), low, value), np.where(np.isfinite(high), high, value)


def confusion(label: Values, true: Values) -> tuple[list[str], list[list[int]]]:
    """What candidates of each label are in truth: the head, and a row a label.

    Parameters
    ----------
    label, true
        (n,) called and true labels; 0 where there is no true clump.
    """
    head = ["called", *_TRUE_NAMES.values()]
    rows = [
        [int(np.sum((label == called) & (true == real))) for real in _TRUE_NAMES]
        for called in (Label.CLUMP, Label.ODD)
    ]
    return head, rows


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
