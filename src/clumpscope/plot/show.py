"""One galaxy large: composite, bands, and its clumps in a table."""

from textwrap import wrap
from typing import Any

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.visualization import AsinhStretch, ImageNormalize
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.core.printable import printable
from clumpscope.plot.boxes import draw_apertures, draw_boxes
from clumpscope.plot.clump_table import ClumpTable
from clumpscope.plot.figures import COLOURS, OUTLINE, blank_axes
from clumpscope.plot.marks import HALO, MASKED, compass, outline, psf_circle, scale_bar, shade
from clumpscope.plot.portrait import Portrait
from clumpscope.plot.view import View

_DPI = 100
# In inches:
_WIDTH = 16.0
_EDGE = 0.15
_PICTURE = 7.9  # a side
_BAND = 3.14  # a side, at most
_HEAD = 0.75
_FOOT = 0.4

_OFF = 0.45  # grey off the image
_CORNERS = np.array(  # that scale bar, PSF and compass take, as shares of the window
    [[0.0, 0.0, 0.3, 0.09], [0.66, 0.0, 1.0, 0.09], [0.8, 0.8, 1.0, 1.0]]
)
_GREY = colormaps["gray"].with_extremes(bad=(_OFF, _OFF, _OFF))
_FAINTEST, _BRIGHTEST = 20.0, 99.7  # percentiles that are black and white
_SOFTENING = 0.1  # of the asinh stretch


def portrait(galaxy: Portrait) -> Figure:
    """Draw a galaxy, 1600 px wide at the figure's own resolution."""
    bands, view = galaxy.bands, galaxy.view
    width = _WIDTH - _PICTURE - 3 * _EDGE
    below = min(_BAND, (_WIDTH - 2 * _EDGE) / len(bands)) if bands else 0.0
    table = ClumpTable.fit(galaxy.clumps, width)
    middle = max(_PICTURE + _FOOT, table.height)
    height = _HEAD + middle + below + _EDGE
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor="white")
    _title(figure, galaxy, height)
    foot = height - _HEAD - _PICTURE
    ax = blank_axes(figure, (_EDGE, foot, _PICTURE, _PICTURE))
    _composite(ax, galaxy, view)
    figure.legend(
        handles=_legend(galaxy),
        loc="upper center",
        bbox_to_anchor=((_EDGE + _PICTURE / 2) / _WIDTH, foot / height),
        ncols=7,
        frameon=False,
        fontsize=8,
        columnspacing=1.2,
        handlelength=1.6,
    )
    beside = blank_axes(figure, (2 * _EDGE + _PICTURE, below + _EDGE, width, middle))
    table.draw(beside, middle)
    for k, (name, band) in enumerate(bands.items()):
        place = (_EDGE + k * below, _EDGE, below - 0.06, below - 0.06)
        _band(blank_axes(figure, place), galaxy, view, name, band)
    return figure


def _title(figure: Figure, galaxy: Portrait, height: float) -> None:
    image, parts = galaxy.image, []
    if isinstance(image, GalaxyImage) and np.isfinite([image.ra, image.dec]).all():
        place = SkyCoord(image.ra * u.deg, image.dec * u.deg)
        parts.append(f"{place.to_string('hmsdms', sep=':', precision=1)} (ICRS)")
        parts.append(f"RA {image.ra:.5f}°, Dec {image.dec:+.5f}°")
    if np.isfinite(galaxy.redshift):
        parts.append(f"z = {galaxy.redshift:.4g}")
    if np.isfinite(galaxy.threshold):
        parts.append(f"score threshold {galaxy.threshold:.2f}")
    parts.append(f"{len(galaxy.clumps)} clumps from {len(galaxy.boxes)} boxes")
    left, upper, lower = _EDGE / _WIDTH, 1 - 0.32 / height, 1 - 0.62 / height
    figure.text(left, upper, image.galaxy_id, fontsize=15, weight="bold")
    figure.text(left, lower, "    ".join(parts), fontsize=11)
    if galaxy.failure:
        words = "\n".join(wrap(printable(galaxy.failure), 110)[:3])
        style: dict[str, Any] = {"fontsize": 8.5, "color": "#B00020", "ha": "right", "va": "top"}
        style["parse_math"] = False
        figure.text(1 - left, 1 - 0.1 / height, words, **style)


def _composite(ax: Axes, galaxy: Portrait, view: View) -> None:
    cells = round(_PICTURE * _DPI)
    _pixels(ax, view, np.clip(view.cut(galaxy.rgb, cells, _OFF), 0, 1))
    shade(ax, view, galaxy.masked, cells)
    outline(ax, view, galaxy.outline, linewidth=1.0)
    scale, (words, fwhm) = galaxy.pixscale_arcsec, galaxy.psf
    if np.isfinite(scale):
        if galaxy.scale_known:
            scale_bar(ax, view, scale, galaxy.kpc_per_arcsec)
        psf_circle(ax, view, fwhm / scale, f"{words} {fwhm:.2f}″")
        draw_apertures(ax, galaxy, view, galaxy.aperture_px, linewidth=1.2)
    if galaxy.wcs is not None:
        compass(ax, view, galaxy.wcs)
    side = 2 * view.half
    lower_left = np.tile(view.centre - view.half, 2)
    draw_boxes(ax, galaxy, view, lower_left + side * _CORNERS, side / (72 * _PICTURE))


def _pixels(
    ax: Axes, view: View, pixels: NDArray[np.generic], norm: Normalize | None = None
) -> None:
    """Draw the window's pixels; ``norm`` is that of a single band."""
    ax.imshow(
        pixels,
        cmap=_GREY,
        norm=norm,
        origin="lower",
        extent=view.extent,
        interpolation="nearest",
    )
    left, right, bottom, top = view.extent
    ax.set(xlim=(left, right), ylim=(bottom, top), autoscale_on=False)


def _legend(galaxy: Portrait) -> list[Line2D | Patch]:
    clump, grey = COLOURS[Label.CLUMP], "0.4"
    circle = Line2D([], [], color=grey, marker="o", linestyle="", label="aperture")
    circle.set(markerfacecolor="none", markersize=8)
    handles: list[Line2D | Patch] = [
        Patch(color=clump, label="clump"),
        Patch(color=COLOURS[Label.ODD], label="odd clump"),
        Line2D([], [], color=grey, linewidth=1.8, label="box: number, score"),
        Line2D([], [], color=grey, linewidth=0.8, linestyle="--", label="below threshold"),
        circle,
    ]
    if galaxy.outline.any():
        line = Line2D([], [], color=OUTLINE, linewidth=1.0, label="host outline")
        line.set_path_effects(HALO)
        handles.append(line)
    if galaxy.masked.any():
        handles.append(Patch(color=MASKED, label="masked"))
    return handles


def _band(ax: Axes, galaxy: Portrait, view: View, name: str, band: BandImage) -> None:
    cells = round(_BAND * _DPI)
    shown, good = view.cut(band.data, cells, np.nan), view.cut(band.good, cells) > 0
    low, high = np.percentile(shown[good], [_FAINTEST, _BRIGHTEST]) if good.any() else (0, 1)
    norm = ImageNormalize(vmin=low, vmax=max(high, low + 1e-9), stretch=AsinhStretch(_SOFTENING))
    _pixels(ax, view, shown, norm)
    shade(ax, view, band.mask != 0, cells)
    scale = galaxy.pixscale_arcsec
    words = f"PSF {band.psf_fwhm_arcsec:.2f}″"
    if np.isfinite(scale):
        radius = galaxy.aperture_fwhm * band.psf_fwhm_arcsec / scale
        draw_apertures(ax, galaxy, view, radius, linewidth=1.0)
    style: dict[str, Any] = {"color": "white", "path_effects": HALO, "va": "top"}
    ax.text(0.03, 0.97, name, fontsize=14, weight="bold", transform=ax.transAxes, **style)
    ax.text(0.97, 0.97, words, fontsize=8, ha="right", transform=ax.transAxes, **style)
