"""What is drawn over a galaxy's pixels: boxes, apertures, outline, compass and scales."""

import numpy as np
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon
from matplotlib.patheffects import AbstractPathEffect, withStroke
from numpy.typing import NDArray

from clumpscope.plot.figures import OUTLINE
from clumpscope.plot.view import View

Values = NDArray[np.float64]

MASKED = (0.80, 0.20, 0.55, 0.6)
_DASHES = (0, (3, 2))
# Keeps text legible on any sky.
HALO: list[AbstractPathEffect] = [withStroke(linewidth=2, foreground="black")]


def polygon(
    ax: Axes, view: View, box: Values, colour: str, linewidth: float, *, dashed: bool = False
) -> None:
    """Draw a native box x1, y1, x2, y2."""
    patch = Polygon(view.corners(box), fill=False, edgecolor=colour, linewidth=linewidth)
    if dashed:
        patch.set(linestyle=_DASHES, alpha=0.85)
    ax.add_patch(patch)


def aperture(
    ax: Axes, view: View, xy: Values, radius_px: float, colour: str, linewidth: float
) -> None:
    """Draw a circle around a native position."""
    x, y = view.display(xy)
    circle = Circle((float(x), float(y)), radius_px, fill=False)
    circle.set(edgecolor=colour, linewidth=linewidth)
    ax.add_patch(circle)


def outline(ax: Axes, view: View, inside: NDArray[np.bool_], linewidth: float) -> None:
    """Draw the border of the native pixels (ny, nx) that are inside; nothing if none is."""
    if inside.any() and not inside.all():
        ax.contour(
            *view.grid(), inside.astype(float), levels=[0.5], colors=OUTLINE, linewidths=linewidth
        )


def shade(ax: Axes, view: View, masked: NDArray[np.bool_], cells: int) -> None:
    """Lay a colour over the native pixels (ny, nx) that are masked."""
    if masked.any():
        paint = np.zeros((cells, cells, 4))
        paint[view.cut(masked, cells).astype(bool)] = MASKED
        ax.imshow(paint, origin="lower", extent=view.extent, interpolation="nearest")


def nice_length(most: float) -> float:
    """The largest of 1, 2, 5, 10, 20 ... (or 0.5, 0.2 ...) that is at most ``most``."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))


def scale_bar(
    ax: Axes, view: View, pixscale_arcsec: float, kpc_per_arcsec: float, *, size: float = 9
) -> None:
    """Draw a bar of a round number of arcsec in the lower left, with its kpc where known."""
    left, _, bottom, _ = view.extent
    side = 2 * view.half
    arcsec = nice_length(0.25 * side * pixscale_arcsec)
    text = f"{arcsec:g}″"
    if np.isfinite(kpc_per_arcsec):
        text += f" = {arcsec * kpc_per_arcsec:.3g} kpc"
    x, y = left + 0.04 * side, bottom + 0.04 * side
    length = arcsec / pixscale_arcsec
    ax.plot([x, x + length], [y, y], color="white", linewidth=1.6, path_effects=HALO)
    ax.text(x, y + 0.015 * side, text, color="white", fontsize=size, va="bottom", path_effects=HALO)


def compass(ax: Axes, view: View, wcs: WCS, *, size: float = 10) -> None:
    """Draw arrows to the north and the east in the upper right."""
    _, right, _, top = view.extent
    side = 2 * view.half
    foot = np.array([right - 0.06 * side, top - 0.15 * side])
    for name, arrow in zip("NE", view.compass(wcs), strict=True):
        tip = foot + 0.09 * side * arrow
        ax.annotate(
            "",
            tuple(tip),
            tuple(foot),
            arrowprops={"arrowstyle": "->", "color": "white", "shrinkA": 0, "shrinkB": 0},
        )
        x, y = foot + 0.115 * side * arrow
        ax.text(
            x,
            y,
            name,
            color="white",
            fontsize=size,
            ha="center",
            va="center",
            path_effects=HALO,
        )


def psf_circle(ax: Axes, view: View, fwhm_px: float, text: str) -> None:
    """Draw a circle as wide as the PSF-FWHM in the lower right."""
    _, right, bottom, _ = view.extent
    side = 2 * view.half
    radius = fwhm_px / 2
    x, y = right - 0.04 * side - radius, bottom + 0.04 * side + radius
    ax.add_patch(Circle((x, y), radius, facecolor="white", edgecolor="black", alpha=0.8))
    ax.text(
        x - radius - 0.015 * side,
        y,
        text,
        color="white",
        fontsize=9,
        ha="right",
        va="center",
        path_effects=HALO,
    )
