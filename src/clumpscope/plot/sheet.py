"""Contact sheets: many galaxies small, north up and east left."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon
from matplotlib.transforms import Affine2D, Bbox, TransformedBbox
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.plot.figures import COLOURS, OUTLINE, TRUTH
from clumpscope.plot.view import View

Values = NDArray[np.float64]

# In cells, of which an inch has _PER_INCH: they become the picture's pixels.
_SIDE = 256  # of a panel
_GAP = 8
_TITLE = 22
_FOOT = 44
_PER_INCH = 110
_LEAST = 660  # of the figure, for the legend
_LINE, _STRONG = 0.9, 2.2  # points


@dataclass(frozen=True, eq=False)
class Panel:
    """One galaxy of a contact sheet, in native pixels.

    Attributes
    ----------
    title
        Text above the picture.
    rgb
        (ny, nx, 3) in [0, 1].
    wcs
        For north up; ``None`` shows rows as stored.
    outline
        (ny, nx) bool, inside the host; nowhere True draws none.
    xy, label, box
        (n, 2) positions, (n,) `Label`, (n, 4) boxes of the clumps.
    aperture_px
        Radius of the r-band aperture.
    truth_xy
        (m, 2) true clumps, drawn as crosses; ``None`` where no truth is known.
    downward
        Rows run down, as in PNG and JPEG files; only looked at without a WCS.
    pixscale_arcsec
        Pixel side, which tells the side of the panel; NaN where unknown.
    strong
        (n,) True for clumps drawn with thick lines; ``None``: none of them.
    """

    title: str
    rgb: NDArray[np.float32]
    wcs: WCS | None
    outline: NDArray[np.bool_]
    xy: Values
    label: NDArray[np.int64]
    box: Values
    aperture_px: float
    truth_xy: Values | None = None
    downward: bool = False
    pixscale_arcsec: float = float("nan")
    strong: NDArray[np.bool_] | None = None


def contact_sheet(
    panels: Sequence[Panel], *, columns: int = 6, zoom: float = 0.62, strong: str = ""
) -> Figure:
    """Draw panels with boxes, apertures, host outlines and true clumps.

    Parameters
    ----------
    zoom
        Share of the field's side that is shown around its centre.
    strong
        What the clumps drawn with thick lines are, for the legend.
    """
    columns = min(columns, max(len(panels), 1))
    rows = max(-(-len(panels) // columns), 1)
    width, height = columns * (_SIDE + _GAP) + _GAP, rows * (_SIDE + _TITLE) + _FOOT
    size = (max(width, _LEAST) / _PER_INCH, height / _PER_INCH)
    figure = Figure(figsize=size, dpi=_PER_INCH, facecolor="black")
    # One for all panels, since ticks and limits of many axes would take longer than the drawing.
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    # NaN between the panels, where outlines end.
    hosts = np.full((height, width), np.nan, dtype=np.float32)
    for k, panel in enumerate(panels):
        row, column = divmod(k, columns)
        corner = (_GAP + column * (_SIDE + _GAP), _FOOT + (rows - 1 - row) * (_SIDE + _TITLE))
        view = View.central(panel.outline.shape, panel.wcs, zoom, downward=panel.downward)
        place = (slice(corner[1], corner[1] + _SIDE), slice(corner[0], corner[0] + _SIDE))
        picture[place] = np.rint(255 * np.clip(view.cut(panel.rgb, _SIDE), 0, 1))
        hosts[place] = view.cut(panel.outline, _SIDE)
        _mark(ax, panel, view, corner)
    ax.imshow(picture, origin="lower", extent=(0, width, 0, height), aspect="auto")
    if (hosts == 1).any():
        x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
        ax.contour(x, y, hosts, levels=[0.5], colors=OUTLINE, linewidths=0.7)
    ax.set(xlim=(0, size[0] * _PER_INCH), ylim=(0, height))
    figure.legend(
        handles=_legend(panels, strong),
        loc="lower center",
        ncols=6,
        frameon=False,
        labelcolor="white",
        fontsize=8,
    )
    return figure


def _legend(panels: Sequence[Panel], strong: str) -> list[Line2D]:
    handles = [
        Line2D([], [], color=COLOURS[Label.CLUMP], label="clump: box and aperture"),
        Line2D([], [], color=COLOURS[Label.ODD], label="odd clump"),
        Line2D([], [], color=OUTLINE, linewidth=0.8, label="host outline"),
    ]
    if any(np.isfinite(panel.pixscale_arcsec) for panel in panels):
        handles.insert(0, Line2D([], [], linestyle="", label="(side of a panel)"))
    if strong:
        handles.append(Line2D([], [], color=COLOURS[Label.CLUMP], linewidth=2.4, label=strong))
    if any(panel.truth_xy is not None for panel in panels):
        handles.append(
            Line2D([], [], color=TRUTH, marker="+", linestyle="", label="true clump ≥ 1 %")
        )
    return handles


def _mark(ax: Axes, panel: Panel, view: View, corner: tuple[int, int]) -> None:
    """Draw a panel's clumps and title; ``corner`` is its lower left, in cells."""
    scale = _SIDE / (2 * view.half)
    place = Affine2D().scale(scale).translate(corner[0] + _SIDE / 2, corner[1] + _SIDE / 2)
    window = TransformedBbox(Bbox.from_bounds(*corner, _SIDE, _SIDE), ax.transData)
    strong = np.zeros(len(panel.xy), dtype=bool) if panel.strong is None else panel.strong
    shapes: list[Patch] = [Polygon(view.corners(box)) for box in panel.box]
    shapes += [Circle(tuple(xy), panel.aperture_px) for xy in view.display(panel.xy)]
    marks = PatchCollection(
        shapes,
        facecolors="none",
        edgecolors=2 * [COLOURS[Label(int(label))] for label in panel.label],
        linewidths=2 * [_STRONG if thick else _LINE for thick in strong],
        transform=place + ax.transData,
        clip_box=window,
        zorder=3,
    )
    ax.add_artist(marks)
    if panel.truth_xy is not None and len(panel.truth_xy):
        where = place.transform(view.display(panel.truth_xy))
        crosses = Line2D(*where.T, marker="+", linestyle="", color=TRUTH, markersize=7, zorder=3)
        ax.add_artist(crosses).set_clip_box(window)
    ax.text(
        corner[0] + _SIDE / 2,
        corner[1] + _SIDE + 4,
        _title(panel, view),
        color="white",
        fontsize=7,
        ha="center",
    )


def _title(panel: Panel, view: View) -> str:
    side = 2 * view.half * panel.pixscale_arcsec
    return f"{panel.title}  ({side:.0f}″)" if np.isfinite(side) else panel.title
