"""Rows of a table that cannot be used, told together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.errors import TableError, expected_got

_TOLD = 5  # rows that cannot be used, word for word
_SHOWN = 80  # characters of an id


@dataclass(frozen=True)
class Problems:
    """Why rows cannot be used, by row from 0; of each the first reason counts."""

    reasons: dict[int, str] = field(default_factory=dict)

    def note(self, row: int, what: str, expected: str, got: object) -> None:
        """Note one row."""
        self.reasons.setdefault(row, expected_got(what, expected, got))

    def note_where(
        self, bad: ArrayLike, what: str, expected: str, values: NDArray[np.generic]
    ) -> None:
        """Note the rows where ``bad`` (N,) is true, with their ``values`` (N,) or (N, k)."""
        for row in np.flatnonzero(bad).tolist():
            self.note(row, what, expected, ", ".join(f"{n:g}" for n in np.atleast_1d(values[row])))

    def refuse(self, ids: Sequence[str], where: object, places: Sequence[str] = ()) -> None:
        """Tell the first five rows with their reasons, and how many there are.

        ``places`` names the rows where a number does not.

        Raises
        ------
        TableError
            If there is any.
        """
        rows = sorted(self.reasons)
        names = [places[k] if places else f"row {k + 1} ({ids[k][:_SHOWN]})" for k in rows[:_TOLD]]
        told = [f"{name}: {self.reasons[k]}" for name, k in zip(names, rows, strict=False)]
        if len(rows) == 1:
            raise TableError(f"{where}, {told[0]}")
        if rows:
            more = [f"and {len(rows) - _TOLD:,} more"] if len(rows) > _TOLD else []
            head = f"{where}: {len(rows):,} of {len(ids):,} rows cannot be used:"
            raise TableError("\n  ".join([head, *told, *more]))
