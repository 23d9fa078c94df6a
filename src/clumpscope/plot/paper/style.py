"""One style: sizes for a printed page, colours and marks that the colour-blind can tell apart."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.table import Table
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from clumpscope.plot.figures import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from clumpscope.store.atomic import atomic

LABELS = "labels"  # name of the volunteers' part of a table
GREY = "#666666"
_DPI = 200
_PANEL = (3.2, 2.7)  # inches
_COLOURS = (VERMILION, BLUE, PURPLE, GREEN, ORANGE, SKY)
_MARKERS = "svD^oP"
Line = Literal["-", "--", "-.", ":", ""] | tuple[float, tuple[float, ...]]
_LINES: tuple[Line, ...] = ("--", "-.", ":", "-", (0, (5, 1)), (0, (1, 1)))
STYLE: Any = {
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.titlesize": 9,
    "pdf.fonttype": 42,  # letters stay letters
}


def style() -> AbstractContextManager[None]:
    """Inside, figures are drawn in this style."""
    return rc_context(STYLE)


@dataclass(frozen=True)
class Look:
    """How a model is drawn."""

    colour: str
    marker: str
    line: Line


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each model by its place; the labels are grey."""
    models = [name for name in names if name != LABELS]
    found = {
        name: Look(_COLOURS[k % 6], _MARKERS[k % 6], _LINES[k % 6]) for k, name in enumerate(models)
    }
    return {**found, LABELS: Look(GREY, "o", "-")}


def names_of(table: Table) -> list[str]:
    """Models of a table, in its order."""
    return list(dict.fromkeys(np.asarray(table["model"]).astype(str).tolist()))


def rows_of(table: Table, **wanted: object) -> Table:
    """Rows whose columns are as wanted."""
    keep = np.ones(len(table), dtype=bool)
    for column, value in wanted.items():
        keep &= np.asarray(table[column]) == value
    return table[keep]


def panels(rows: int, columns: int, *, share: bool = True) -> tuple[Figure, NDArray[Any]]:
    """A figure of equal panels, (rows, columns) of axes."""
    size = (max(_PANEL[0] * columns, 4.2), _PANEL[1] * rows + 0.35)
    figure = Figure(figsize=size, layout="constrained", dpi=_DPI)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share, sharey=share)
    return figure, axes


def grid(count: int, most: int = 3) -> tuple[int, int]:
    """Rows and columns for so many panels, as full as can be."""
    rows = -(-count // most)
    return rows, -(-count // rows)


def legend_below(figure: Figure, axes: Axes, columns: int = 3) -> None:
    """One legend for all panels, under them."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), columns))


def save_both(figure: Figure, stem: Path) -> None:
    """Write ``stem.png`` and ``stem.pdf``.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    for suffix, about in ((".png", None), (".pdf", {"CreationDate": None})):
        with atomic(stem.with_name(stem.name + suffix)) as temporary:
            figure.savefig(temporary, dpi=_DPI, format=suffix[1:], metadata=about)
