"""A galaxy's clumps as a drawn table."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from astropy.table import QTable
from matplotlib.axes import Axes

from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.plot.clump_cells import Column, columns, flag_notes, flag_words
from clumpscope.plot.figures import COLOURS

_LARGE, _SMALL = 8.5, 7.0  # points
_LINE = 0.14  # inches
_CHARACTER = 0.064  # inches: mean width of a capital at the small size
_GAP = 0.09  # inches between columns
_FLAGS = 1.8  # inches for the flags, at least
_PALE = "0.35"


@dataclass(frozen=True, eq=False)
class ClumpTable:
    """A table laid out for a width.

    Attributes
    ----------
    columns
        All columns but the flags.
    flags
        Lines of flags of each clump.
    notes
        Lines on what the flags mean.
    labels
        `Label` of each clump.
    width
        Inches.
    scale
        Factor of widths and letters, below 1 where many bands need room.
    """

    columns: Sequence[Column]
    flags: Sequence[Sequence[str]]
    notes: Sequence[str]
    labels: Sequence[Label]
    width: float
    scale: float

    @classmethod
    def fit(cls, clumps: QTable, width: float) -> "ClumpTable":
        """Lay out a clump table of any level."""
        shown = columns(clumps)
        taken = sum(column.width for column in shown)
        scale = min(1.0, (width - _FLAGS) / taken)
        letters = int((width - scale * taken) / (scale * _CHARACTER))
        return cls(
            columns=shown,
            flags=[wrap(" ".join(words), letters) for words in flag_words(clumps)],
            notes=flag_notes(clumps),
            labels=[Label(int(label)) for label in plain(clumps, "clump_label_id")],
            width=width,
            scale=scale,
        )

    @property
    def height(self) -> float:
        """Inches that it needs."""
        lines = 5 + sum(_lines(flags) for flags in self.flags) + len(self.notes)
        return _LINE * lines

    def draw(self, ax: Axes, height: float) -> None:
        """Draw from the top of axes whose data are inches."""
        ax.set(xlim=(0, self.width), ylim=(0, height))
        y = height - 2 * _LINE
        if not self.labels:
            ax.text(0, y, "no clumps", fontsize=10, color=_PALE)
            return
        rights = self.scale * np.cumsum([column.width for column in self.columns])
        for right, column in zip(rights, self.columns, strict=True):
            self._cell(ax, right, y, column.head, below=_LARGE, weight="bold")
        ax.text(rights[-1], y, "flags", fontsize=self.scale * _LARGE, weight="bold")
        y -= 1.4 * _LINE
        ax.plot([0, self.width], [y, y], color="0.3", linewidth=0.8)
        for row, (label, flags) in enumerate(zip(self.labels, self.flags, strict=True)):
            top = y - 1.1 * _LINE
            ax.plot(0.07, top + 0.35 * _LINE, "s", color=COLOURS[label], markersize=5)
            for right, column in zip(rights, self.columns, strict=True):
                self._cell(ax, right, top, column.cells[row], below=_SMALL, colour=_PALE)
            for k, line in enumerate(flags):
                ax.text(rights[-1], top - k * _LINE, line, fontsize=self.scale * _SMALL)
            y -= _LINE * _lines(flags)
            ax.plot([0, self.width], [y, y], color="0.85", linewidth=0.5)
        for k, note in enumerate(self.notes):
            ax.text(0, y - (1.5 + k) * _LINE, note, fontsize=_SMALL, color=_PALE)

    def _cell(
        self,
        ax: Axes,
        right: float,
        y: float,
        cell: tuple[str, str],
        below: float,
        colour: str = "black",
        weight: str = "normal",
    ) -> None:
        """Draw the two lines of a cell, the second in a size and colour of its own."""
        x = right - self.scale * _GAP
        style: dict[str, Any] = {"ha": "right", "weight": weight}
        ax.text(x, y, cell[0], fontsize=self.scale * _LARGE, **style)
        ax.text(x, y - _LINE, cell[1], fontsize=self.scale * below, color=colour, **style)


def _lines(flags: Sequence[str]) -> float:
    return max(len(flags), 2) + 0.4
