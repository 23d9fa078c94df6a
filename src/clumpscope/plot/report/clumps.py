"""Figures of a run's clumps: fluxes, colours, sizes and places."""

import numpy as np
from astropy.table import QTable
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.quality import BAD, GOOD, quality
from clumpscope.core.schema import plain
from clumpscope.plot.report.style import GREY, TONES, Chart, chart, legend, per_cent

Values = NDArray[np.float64]

NAMES = {Label.CLUMP: "clumps", Label.ODD: "odd clumps"}
USED = "Clumps of quality 0 and 1."
_RATIO_BINS = np.linspace(-3, 0.5, 36)
_SIZE = "intrinsic FWHM [arcsec]"
_BINS = 30
_PER_CENT = (0.1, 99.0)  # between these percentiles a histogram is drawn, the rest at its ends


def clump_charts(clumps: QTable, galaxies: QTable) -> list[Chart]:
    """What can be drawn of clumps at their level, and of galaxies of a run that have any."""
    if not len(clumps):
        return []
    used = clumps[quality(plain(clumps, "flags")) < BAD]
    drawn = [_ratios(used), _per_galaxy(galaxies)]
    drawn += [
        _spread("sizes", "Sizes", used, "clump_size", _SIZE, none="0: a point."),
        _distances(used),
        _spread("p-real", "Calibrated probabilities", used, "p_real", "p_real", (0, 1)),
        _spread(
            "complete", "Completeness of such clumps", used, "completeness", "completeness", (0, 1)
        ),
    ]
    return [one for one in drawn if one is not None]


def of_label(table: QTable) -> dict[Label, NDArray[np.bool_]]:
    """(n,) True for the clumps of each label."""
    label = plain(table, "clump_label_id")
    return {one: label == one for one in NAMES}


def good(table: QTable) -> QTable:
    """The clumps of quality 0."""
    return table[quality(plain(table, "flags")) == GOOD]


def _ratios(used: QTable) -> Chart | None:
    if "clump_flux_ratio" not in used.colnames:
        return None
    ratio = plain(used, "clump_flux_ratio")
    known = np.isfinite(ratio)
    if not (ratio[known] > 0).any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        log = np.log10(ratio)

    def draw(ax: Axes) -> None:
        for label, here in of_label(used).items():
            shown = log[here & (ratio > 0)]
            _histogram(ax, np.clip(shown, -3, 0.5), _RATIO_BINS, label, int(here.sum()))
        for least in RATIOS.values():
            x = np.log10(least)
            ax.axvline(x, color=GREY, linestyle=":", linewidth=1.2)
            words, place = f" {100 * least:g} % ", ("data", "axes fraction")
            side = "right" if least < 0.05 else "left"
            ax.annotate(words, (x, 1.0), xycoords=place, color=GREY, fontsize=9, ha=side, va="top")
        ax.set(xlabel="flux ratio to the host in u [%]", ylabel="clumps")
        per_cent(ax, -3, 0)
        legend(ax)

    over = {p: int(np.sum(ratio[known] >= least)) for p, least in RATIOS.items()}
    caption = (
        f"{USED} {over['3pct']:,} have at least 3 % of their host's light in u, {over['8pct']:,} "
        f"at least 8 % (dotted); {int(np.sum(~known)):,} have no ratio and "
        f"{int(np.sum(ratio[known] <= 0)):,} none above zero; the bins at the ends hold all beyond."
    )
    return chart("ratio", "Flux ratios", caption, draw)


def _distances(used: QTable) -> Chart | None:
    """In radii of the host where they are known, else on the sky."""
    for name, words in (
        ("clump_dist_r90", "distance from the host's centre [Petrosian R90]"),
        ("clump_dist", "distance from the host's centre [arcsec]"),
    ):
        drawn = _spread("distance", "Distances from the host's centre", used, name, words)
        if drawn is not None:
            return drawn
    return None


def _spread(
    key: str,
    title: str,
    used: QTable,
    name: str,
    words: str,
    limits: tuple[float, float] | None = None,
    none: str = "",
) -> Chart | None:
    """Histogram of a column; none where it is not known of any clump."""
    if name not in used.colnames:
        return None
    values = plain(used, name).astype(float)
    known = np.isfinite(values)
    if not known.any():
        return None
    low, high = limits or _limits(values[known])
    bins = np.linspace(low, high, _BINS + 1)

    def draw(ax: Axes) -> None:
        for label, here in of_label(used).items():
            _histogram(ax, np.clip(values[here & known], low, high), bins, label, int(here.sum()))
        ax.set(xlabel=words, ylabel="clumps")
        legend(ax)

    less = int(np.sum(~known))
    caption = f"{USED} Median {np.median(values[known]):.3g}." + (
        f" Not known of {less:,}." if less else ""
    )
    caption += f" {none}" if none else ""
    beyond = int(np.sum(values[known] > high))
    if beyond:
        caption += f" The last bin holds {beyond:,} beyond it."
    return chart(key, title, caption, draw)


def _limits(values: Values) -> tuple[float, float]:
    """Limits of a histogram: from 0 unless there is less, to nearly all; where all is 0, to 1."""
    low, high = np.percentile(values, _PER_CENT)
    low = min(float(low), 0.0)
    return low, float(high) if high > low else low + 1.0


def _histogram(ax: Axes, values: Values, bins: Values, label: Label, count: int) -> None:
    """One label's histogram: filled for clumps, an outline for odd ones."""
    filled = label is Label.CLUMP
    ax.hist(
        values,
        bins=bins.tolist(),
        histtype="stepfilled" if filled else "step",
        color=TONES[label],
        alpha=0.75 if filled else 1.0,
        linewidth=1.6,
        label=f"{NAMES[label]} ({count:,})",
    )
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def whole_numbers(
    key: str, title: str, values: NDArray[np.int64], words: str, caption: str
) -> Chart:
    """Galaxies by a whole number of something."""
    most = int(values.max(initial=0))
    step = max(1, -(-most // 40))

    def draw(ax: Axes) -> None:
        ax.hist(
            values,
            bins=(np.arange(0, most + 2 * step, step) - 0.5).tolist(),
            color=TONES[Label.CLUMP],
            alpha=0.75,
            rwidth=0.85 if most < 40 else 1.0,
        )
        ax.set(xlabel=words, ylabel="galaxies")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, nbins=7))

    return chart(key, title, caption, draw)


def _per_galaxy(galaxies: QTable) -> Chart | None:
    done = galaxies[np.asarray(galaxies["status"]) == "ok"]
    if not len(done):
        return None
    number = plain(done, "n_clumps").astype(np.int64)
    caption = (
        f"Both labels, every quality; {int(np.sum(number == 0)):,} of {len(number):,} galaxies "
        f"have none, the mean is {number.mean():.2f}."
    )
    return whole_numbers("number", "Clumps a galaxy", number, "clumps in a galaxy", caption)


def detection_charts(detections: QTable, galaxies: QTable, threshold: float) -> list[Chart]:
    """What can be drawn of a run that only detected: scores, and boxes a galaxy."""
    if not len(detections):
        return []
    score, label = plain(detections, "score"), plain(detections, "label")

    def draw(ax: Axes) -> None:
        for one in NAMES:
            here = label == one
            bins = np.linspace(0, 1, _BINS + 1)
            _histogram(ax, score[here], bins, one, int(here.sum()))
        ax.axvline(threshold, color=GREY, linestyle=":", linewidth=1.2)
        ax.set(xlabel="score", ylabel="boxes", yscale="log")
        legend(ax)

    caption = f"Every box above the score floor; the threshold of {threshold:g} is dotted."
    number = plain(galaxies, "n_detections").astype(np.int64)
    told = f"Boxes above the score floor; the mean is {number.mean():.1f}."
    return [
        chart("score", "Scores", caption, draw),
        whole_numbers("boxes", "Boxes a galaxy", number, "boxes in a galaxy", told),
    ]
