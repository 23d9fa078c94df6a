"""A galaxy's boxes and apertures with their scores and numbers."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.plot.annotate import place_texts
from clumpscope.plot.figures import COLOURS
from clumpscope.plot.marks import HALO, aperture, polygon
from clumpscope.plot.portrait import Portrait
from clumpscope.plot.view import View

Values = NDArray[np.float64]

# Of a clump's own box, of others above the threshold, of those below:
_WIDTHS = (1.8, 1.2, 0.9)  # points
_SIZES = (10.0, 8.0, 7.0)  # points, of the texts
_CHARACTER = 0.62  # of the size, a character's width
_FAR = 1.8  # times the mark's radius: a text further away gets a line to it


def draw_boxes(ax: Axes, galaxy: Portrait, view: View, taken: Values, point: float) -> None:
    """Draw the clumps' boxes, then the other detections, solid above the threshold.

    A clump's text is its number in bold and its score, that of another box its score.

    Parameters
    ----------
    taken
        (m, 4) rectangles in display coordinates where no text should be.
    point
        Display coordinates a typographic point.
    """
    others = galaxy.other_boxes
    above = others.scores >= galaxy.threshold
    boxes = np.vstack([galaxy.clump_boxes, others.xyxy])
    if not len(boxes):
        return
    kinds = [0] * len(galaxy.clumps) + [1 if solid else 2 for solid in above]
    labels = [Label(int(label)) for label in [*galaxy.labels, *others.labels]]
    numbers = [*plain(galaxy.clumps, "clump_id"), *[""] * len(others)]
    scores = [*plain(galaxy.clumps, "clump_score"), *others.scores]
    corners = np.array([view.corners(box) for box in boxes])
    low, high = corners.min(axis=1), corners.max(axis=1)
    anchors, reach = (low + high) / 2, (high - low).max(axis=1) / 2
    length = [len(f"{number} 0.00" if number else "0.00") for number in numbers]
    size = np.array([_SIZES[kind] for kind in kinds]) * point
    left, right, bottom, top = view.extent
    places = place_texts(
        anchors,
        reach,
        np.column_stack([_CHARACTER * size * length, 1.15 * size]),
        np.array([left, bottom, right, top]),
        taken,
    )
    for k, kind in enumerate(kinds):
        colour = COLOURS[labels[k]]
        polygon(ax, view, boxes[k], colour, _WIDTHS[kind], dashed=kind == 2)
        away = places[k] - anchors[k]
        distance = float(np.hypot(*away))
        if distance > _FAR * reach[k] + size[k] * length[k] / 2:
            edge = anchors[k] + away * reach[k] / distance
            ax.plot(*np.column_stack([edge, places[k]]), color=colour, linewidth=0.6, alpha=0.7)
        bold = rf"$\mathbf{{{numbers[k]}}}$ " if numbers[k] else ""
        x, y = places[k]
        ax.text(
            x,
            y,
            f"{bold}{scores[k]:.2f}",
            color=colour,
            fontsize=_SIZES[kind],
            ha="center",
            va="center",
            path_effects=HALO,
            zorder=4,
        )


def draw_apertures(
    ax: Axes, galaxy: Portrait, view: View, radius_px: float, linewidth: float
) -> None:
    """Draw a circle around each clump's position."""
    for xy, label in zip(galaxy.xy, galaxy.labels, strict=True):
        colour = COLOURS[Label(int(label))]
        aperture(ax, view, xy, radius_px, colour, linewidth)
