"""Figures of magnitudes and colours, in whatever bands a run has."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from astropy.table import QTable
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from clumpscope.core.bands import colours, from_text
from clumpscope.core.boxes import Label
from clumpscope.core.quality import BAD, quality
from clumpscope.core.schema import plain
from clumpscope.ops.stellar_locus import LOCUS_BANDS, stellar_locus
from clumpscope.plot.report.clumps import NAMES, USED, good, of_label
from clumpscope.plot.report.style import GREY, INK, MANY, TONES, Chart, chart, legend

Values = NDArray[np.float64]

_SHOWN = (0.5, 99.5)  # percentiles of points that the axes hold
_MARGIN = 0.15  # mag around them
_STARS = slice(10, 120)  # of the locus: g - i from 0.3 to 2.5, beyond which its fit in u bends
_PLANES = 2  # colour-colour figures at most
_SNR = 5.0
_WIDE = 1.0  # mag at least, of an axis
_MARKS = {Label.CLUMP: "o", Label.ODD: "^"}


def colour_charts(clumps: QTable) -> list[Chart]:
    """Two colour-colour planes of good clumps, and S/N against magnitude; fewer if unknown."""
    if not len(clumps) or clumps.meta.get("level") != "release":
        return []
    bands = from_text(clumps.meta["bands"])
    planes = list(pairwise(colours(bands)))[:_PLANES]
    drawn = [_plane(good(clumps), *plane) for plane in planes]
    seen = (band for band in bands if np.isfinite(plain(clumps, f"clump_flux_{band}")).any())
    bluest = next(seen, bands[0])
    drawn.append(_depth(clumps[quality(plain(clumps, "flags")) < BAD], bluest))
    return [one for one in drawn if one is not None]


def locus_of(*names: tuple[str, str]) -> list[Values] | None:
    """The stellar locus from F to M dwarfs in some colours; ``None`` if one is not of its bands."""
    known = list(pairwise(LOCUS_BANDS))
    if not set(names) <= set(known):
        return None
    locus = stellar_locus()[_STARS]
    return [locus[:, known.index(name)] for name in names]


def _plane(table: QTable, across: tuple[str, str], up: tuple[str, str]) -> Chart | None:
    x, y = (plain(table, f"clump_mag_corr_{'_'.join(colour)}") for colour in (across, up))
    ex, ey = (plain(table, f"clump_mag_corr_err_{'_'.join(colour)}") for colour in (across, up))
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    certain = known & np.isfinite(ex) & np.isfinite(ey)
    locus = locus_of(across, up)
    lines = [[], []] if locus is None else [one.tolist() for one in locus]
    limits = [_limits(values[known], line) for values, line in zip((x, y), lines, strict=True)]

    def draw(ax: Axes) -> None:
        if locus is not None:
            ax.plot(*locus, color=INK, linewidth=1.4, label="stellar locus", zorder=3)
        for label, here in of_label(table).items():
            _points(ax, x[here & known], y[here & known], label)
        if certain.any():
            middle = [float(np.median(errors[certain])) for errors in (ex, ey)]
            (left, right), (bottom, top) = limits
            place = (right - 0.05 * (right - left) - middle[0], bottom + 0.06 * (top - bottom))
            ax.errorbar(
                place[0], place[1] + middle[1], middle[1], middle[0], color=GREY, linewidth=1.2
            )
        ax.set(xlim=limits[0], ylim=limits[1])
        ax.set(xlabel=f"{' − '.join(across)} [AB mag]", ylabel=f"{' − '.join(up)} [AB mag]")
        legend(ax)

    words = [" − ".join(colour) for colour in (across, up)]
    caption = f"{int(known.sum()):,} clumps of quality 0, extinction-corrected."
    if certain.any():
        caption += " The cross is the median error."
    if locus is not None:
        caption += " Line: main-sequence stars of SDSS (Covey et al. 2007)."
    outside = int(np.sum(known & ~_inside(x, limits[0]) | known & ~_inside(y, limits[1])))
    if outside:
        caption += f" {outside:,} lie beyond the axes."
    return chart(f"plane-{across[0]}", f"{words[1]} against {words[0]}", caption, draw)


def _inside(values: Values, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])


def _limits(values: Values, line: Sequence[float] = ()) -> tuple[float, float]:
    """Limits around nearly all values, and a line."""
    ends = [*np.percentile(values, _SHOWN).tolist(), *line]
    margin = max(_MARGIN, (_WIDE - max(ends) + min(ends)) / 2)
    return min(ends) - margin, max(ends) + margin


def _points(ax: Axes, x: Values, y: Values, label: Label) -> None:
    many = len(x) > MANY
    ax.scatter(
        x,
        y,
        s=7 if many else 14,
        marker=_MARKS[label],
        color=TONES[label],
        alpha=0.35 if many else 0.7,
        linewidths=0,
        rasterized=many,
        label=f"{NAMES[label]} ({len(x):,})" if len(x) else None,
    )


def _depth(used: QTable, band: str) -> Chart | None:
    """S/N against magnitude in the bluest band."""
    magnitude = plain(used, f"clump_mag_{band}")
    flux, error = (plain(used, f"clump_flux{stem}_{band}") for stem in ("", "_err"))
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = flux / error
    known = np.isfinite(magnitude) & np.isfinite(snr) & (snr > 0)
    if not known.any():
        return None

    def draw(ax: Axes) -> None:
        for label, here in of_label(used).items():
            _points(ax, magnitude[here & known], snr[here & known], label)
        ax.axhline(_SNR, color=GREY, linestyle=":", linewidth=1.2)
        ax.set(xlabel=f"{band} [AB mag]", ylabel=f"S/N in {band}", yscale="log")
        ax.set_xlim(_limits(magnitude[known]))
        low, high = min(np.percentile(snr[known], _SHOWN[0]), _SNR), max(snr[known].max(), _SNR)
        ax.set_ylim(low / 1.5, 1.5 * high)
        few = high / low < 30
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter("{x:g}")
        legend(ax)

    caption = (
        f"{USED} {int(np.sum(snr[known] >= _SNR)):,} of {len(used):,} have S/N ≥ {_SNR:g} in "
        f"{band} (dotted); {int(np.sum(~known)):,} have no positive flux there."
    )
    return chart("depth", f"Signal-to-noise in {band}", caption, draw)
