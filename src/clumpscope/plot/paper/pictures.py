"""Figures 5 to 7, 13, 19 and 27 to 29: boxes on pictures of galaxies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from clumpscope.core.boxes import Boxes, Label
from clumpscope.plot.figures import COLOURS
from clumpscope.plot.marks import HALO, compass, outline, polygon, scale_bar
from clumpscope.plot.paper.style import panels
from clumpscope.plot.view import View

Values = NDArray[np.float64]

_CELLS = 400  # a side of a picture as it is drawn
_SCORED = 12  # boxes of a picture whose scores can be read
_RIM = 1.12  # of a row's window, sides of what holds all its boxes
_DASHED = {Label.CLUMP: False, Label.ODD: True}


@dataclass(frozen=True, eq=False)
class Picture:
    """A galaxy with boxes.

    Attributes
    ----------
    galaxy_id
        Which galaxy.
    title
        What the boxes are.
    rgb
        (ny, nx, 3) in [0, 1], rows as stored.
    boxes
        (n,) native pixels; scores NaN where there are none.
    wcs
        For north up; ``None``: rows run down, as in PNG and JPEG files.
    pixscale_arcsec
        Pixel side; NaN where it is only assumed.
    kpc_per_arcsec
        At the host; NaN where its distance is unknown.
    outline
        (ny, nx) inside the host; ``None``: not drawn.
    """

    galaxy_id: str
    title: str
    rgb: NDArray[np.float32]
    boxes: Boxes
    wcs: WCS | None
    pixscale_arcsec: float
    kpc_per_arcsec: float = float("nan")
    outline: NDArray[np.bool_] | None = None


def pictures(rows: Sequence[Sequence[Picture]], zoom: float = 0.6) -> Figure:
    """Rows of pictures, each row on one scale on the sky.

    A row shows the share ``zoom`` of its first picture's longer side about the centre, or more if
    boxes lie beyond.
    """
    columns = max(len(row) for row in rows)
    figure, axes = panels(len(rows), columns, share=False)
    figure.set_size_inches(max(2.5 * columns, 4.2), 2.75 * len(rows) + 0.4)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, line in zip(rows, axes, strict=True):
        for picture, view, ax in zip(row, windows(row, zoom), line, strict=False):
            _draw(ax, picture, view)
    handles = [
        Line2D([], [], color=COLOURS[kind], linestyle="--" if _DASHED[kind] else "-", label=name)
        for kind, name in ((Label.CLUMP, "normal clump"), (Label.ODD, "odd clump"))
    ]
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=2)
    legend.get_frame().set(facecolor="0.3", alpha=1)
    legend.set_frame_on(True)
    for text in legend.get_texts():
        text.set_color("white")
    return figure


def windows(row: Sequence[Picture], zoom: float) -> list[View]:
    """Windows about the images' centres that are of one size on the sky."""
    views = [
        View.central(one.rgb.shape[:2], one.wcs, zoom, downward=one.wcs is None) for one in row
    ]
    scales = [one.pixscale_arcsec for one in row]
    if not np.isfinite(scales).all():
        scales = [1.0] * len(row)  # of one galaxy and pixel grid, then
    half = views[0].half * scales[0]
    for picture, view, scale in zip(row, views, scales, strict=True):
        for box in picture.boxes.xyxy:
            half = max(half, _RIM * scale * float(np.abs(view.corners(box)).max()))
    return [replace(view, half=half / scale) for view, scale in zip(views, scales, strict=True)]


def _draw(ax: Axes, picture: Picture, view: View) -> None:
    left, right, bottom, top = view.extent
    pixels = view.cut(np.clip(picture.rgb, 0, 1), _CELLS)
    ax.imshow(pixels, origin="lower", extent=view.extent, interpolation="nearest")
    if picture.outline is not None:
        outline(ax, view, picture.outline, 0.7)
    boxes = picture.boxes
    for box, label, score in zip(boxes.xyxy, boxes.labels, boxes.scores, strict=True):
        kind = Label(int(label))
        polygon(ax, view, box, COLOURS[kind], 1.1, dashed=_DASHED[kind])
        if np.isfinite(score) and len(boxes) <= _SCORED:
            corners = view.corners(box)
            place = corners[:, 0].min(), corners[:, 1].max()
            style: dict[str, Any] = {"color": COLOURS[kind], "path_effects": HALO}
            ax.text(*place, f"{score:.2f}", fontsize=5.5, va="bottom", clip_on=True, **style)
    if np.isfinite(picture.pixscale_arcsec):
        scale_bar(ax, view, picture.pixscale_arcsec, picture.kpc_per_arcsec, size=6)
    if picture.wcs is not None:
        compass(ax, view, picture.wcs, size=6)
    ax.set(xlim=(left, right), ylim=(bottom, top), autoscale_on=False)
    ax.set_title(f"{picture.galaxy_id}\n{picture.title} ({len(boxes)})", fontsize=7)
