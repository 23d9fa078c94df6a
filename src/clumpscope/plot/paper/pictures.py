"""Figures 5 to 7, 13, 19 and 27 to 29: boxes on pictures of galaxies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.plot.figures import COLOURS, OUTLINE
from clumpscope.plot.paper.style import Line, panels

_LINES: dict[Label, Line] = {Label.CLUMP: "-", Label.ODD: (0, (3, 1.5))}


@dataclass(frozen=True, eq=False)
class Picture:
    """A galaxy with boxes.

    Attributes
    ----------
    title
        What the boxes are.
    rgb
        (ny, nx, 3) in [0, 1], rows as stored.
    box, label, score
        (n, 4) native pixels, (n,) of `Label`, (n,) NaN where there is none.
    outline
        (ny, nx) inside the host; ``None``: not drawn.
    pixscale_arcsec
        Pixel side.
    """

    title: str
    rgb: NDArray[np.float32]
    box: NDArray[np.float64]
    label: NDArray[np.int64]
    score: NDArray[np.float64]
    outline: NDArray[np.bool_] | None
    pixscale_arcsec: float


def pictures(rows: Sequence[Sequence[Picture]], zoom: float = 0.6) -> Figure:
    """Rows of pictures; ``zoom`` is the share of the side that is shown about the centre."""
    columns = max(len(row) for row in rows)
    figure, axes = panels(len(rows), columns, share=False)
    figure.set_size_inches(max(2.5 * columns, 4.2), 2.75 * len(rows) + 0.4)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, line in zip(rows, axes, strict=True):
        for picture, ax in zip(row, line, strict=False):
            ax.imshow(np.clip(picture.rgb, 0, 1), origin="lower", interpolation="nearest")
            if picture.outline is not None and picture.outline.any():
                ax.contour(picture.outline, levels=[0.5], colors=OUTLINE, linewidths=0.7)
            for box, label, score in zip(picture.box, picture.label, picture.score, strict=True):
                kind = Label(int(label))
                corner, sides = box[:2], box[2:] - box[:2]
                ax.add_patch(
                    Rectangle(
                        tuple(corner),
                        *sides,
                        fill=False,
                        edgecolor=COLOURS[kind],
                        linestyle=_LINES[kind],
                        linewidth=1.1,
                    )
                )
                if np.isfinite(score):
                    ax.text(
                        box[0],
                        box[3],
                        f"{score:.2f}",
                        color=COLOURS[kind],
                        fontsize=5,
                        va="bottom",
                        clip_on=True,
                    )
            ny, nx = picture.rgb.shape[:2]
            half = zoom * max(nx, ny) / 2
            ax.set(xlim=(nx / 2 - half, nx / 2 + half), ylim=(ny / 2 - half, ny / 2 + half))
            side = 2 * half * picture.pixscale_arcsec
            ax.set_title(f"{picture.title}\n({side:.0f}″ a side)", fontsize=7)
    handles = [
        Line2D([], [], color=COLOURS[kind], linestyle=_LINES[kind], label=name)
        for kind, name in ((Label.CLUMP, "normal clump"), (Label.ODD, "odd clump"))
    ]
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=2)
    legend.get_frame().set(facecolor="0.3", alpha=1)
    legend.set_frame_on(True)
    for text in legend.get_texts():
        text.set_color("white")
    return figure
