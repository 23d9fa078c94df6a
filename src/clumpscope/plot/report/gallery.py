"""Galaxies small, for a page: the pixels, and the marks as a layer that can be taken off."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from clumpscope.core.boxes import Label
from clumpscope.core.quality import BAD
from clumpscope.plot.figures import COLOURS, blank_axes
from clumpscope.plot.marks import aperture, compass, outline, polygon, scale_bar
from clumpscope.plot.report.style import inline_svg
from clumpscope.plot.sheet import Panel
from clumpscope.plot.view import View

_CELLS = 288  # a side
_SIDE = 2.2  # inches of the marks' layer
_QUALITY = 82  # of the JPEG
_ZOOM = 0.62
_MARGIN = 0.05  # of the field's longer side


@dataclass(frozen=True)
class Thumbnail:
    """One galaxy of the gallery.

    Attributes
    ----------
    title, words
        Its id, and what was found.
    pixels
        Its picture, as the address of itself.
    marks
        SVG over the picture.
    """

    title: str
    words: str
    pixels: str
    marks: str


@dataclass(frozen=True)
class Gallery:
    """Galaxies by why they are shown; if there is none, why."""

    shown: Mapping[str, Sequence[Thumbnail]]
    why_none: str = ""


def thumbnail(panel: Panel, quality: np.ndarray, words: str, key: str) -> Thumbnail:
    """Draw a galaxy.

    Parameters
    ----------
    quality
        (n,) of its clumps; what is not to be used is dashed.
    words
        What was found.
    key
        Begins the ids of its marks.
    """
    view = _view(panel)
    figure = Figure(figsize=(_SIDE, _SIDE))
    ax = blank_axes(figure, (0, 0, _SIDE, _SIDE))
    left, right, bottom, top = view.extent
    ax.set(xlim=(left, right), ylim=(bottom, top), autoscale_on=False)
    outline(ax, view, panel.outline, linewidth=0.8)
    for box, xy, label, level in zip(panel.box, panel.xy, panel.label, quality, strict=True):
        colour = COLOURS[Label(int(label))]
        polygon(ax, view, box, colour, 1.0, dashed=level == BAD)
        if np.isfinite(panel.aperture_px):
            aperture(ax, view, xy, panel.aperture_px, colour, 1.0)
    if np.isfinite(panel.pixscale_arcsec):
        scale_bar(ax, view, panel.pixscale_arcsec, float("nan"))
    if panel.wcs is not None:
        compass(ax, view, panel.wcs)
    return Thumbnail(panel.title, words, _jpeg(panel, view), inline_svg(figure, key))


def _view(panel: Panel) -> View:
    """The outline and the boxes with a margin, or the middle of the field."""
    shape = panel.outline.shape
    view = View.central(shape, panel.wcs, _ZOOM, downward=panel.downward)
    y, x = np.nonzero(panel.outline)
    points = np.vstack([np.column_stack([x, y]), panel.box.reshape(-1, 2)])
    return view.around(points, _MARGIN * max(shape)) if len(points) else view


def _jpeg(panel: Panel, view: View) -> str:
    pixels = np.clip(view.cut(panel.rgb, _CELLS)[::-1], 0, 1)  # the file's first row is the top
    image = Image.fromarray(np.rint(255 * np.nan_to_num(pixels)).astype(np.uint8))
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
