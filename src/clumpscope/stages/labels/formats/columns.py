"""A user's columns: found by any of their names, read as numbers, bad rows told by number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from astropy import units as u
from astropy.table import Table
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.columns import simplified
from clumpscope.errors import TableError, expected_got
from clumpscope.ops import columns as ops
from clumpscope.ops.ids import id_texts, mended

Values = NDArray[np.float64]
_TOLD = 5  # rows that cannot be used, word for word


@dataclass(frozen=True)
class Problems:
    """Why rows cannot be used, by row from 0; of each the first reason counts."""

    reasons: dict[int, str] = field(default_factory=dict)

    def note(self, row: int, what: str, expected: str, got: object) -> None:
        """Note one row."""
        self.reasons.setdefault(row, expected_got(what, expected, got))

    def note_where(self, bad: ArrayLike, what: str, expected: str, values: Values) -> None:
        """Note the rows where ``bad`` (N,) is true, with their ``values`` (N,) or (N, k)."""
        for row in np.flatnonzero(bad).tolist():
            self.note(row, what, expected, ", ".join(f"{n:g}" for n in np.atleast_1d(values[row])))

    def refuse(self, ids: Sequence[str], where: object) -> None:
        """Tell the first five rows with their reasons, and how many there are.

        Raises
        ------
        TableError
            If there is any.
        """
        rows = sorted(self.reasons)
        told = [f"row {row + 1} ({ids[row]}): {self.reasons[row]}" for row in rows[:_TOLD]]
        if len(rows) == 1:
            raise TableError(f"{where}, {told[0]}")
        if rows:
            more = [f"and {len(rows) - _TOLD:,} more"] if len(rows) > _TOLD else []
            head = f"{where}: {len(rows):,} of {len(ids):,} rows cannot be used:"
            raise TableError("\n  ".join([head, *told, *more]))


def column_named(table: Table, names: Sequence[str]) -> str | None:
    """The column of the first of some names that a table has, case and signs apart."""
    theirs = ops.by_name(table.colnames)
    return next((theirs[name] for name in map(simplified, names) if name in theirs), None)


def numbers(table: Table, names: Sequence[str], problems: Problems, unit: str = "") -> Values:
    """(N,) floats of the column with one of some names; NaN where it is blank or not there.

    Cells that are no finite numbers are noted. Numbers without a unit are taken to be in ``unit``.

    Raises
    ------
    TableError
        If the column has another kind of unit.
    """
    values = np.full(len(table), np.nan)
    name = column_named(table, names)
    if name is None:
        return values
    for row, text in enumerate(ops.words(table[name])):
        try:
            values[row] = float(text) if text else np.nan
        except ValueError:
            problems.note(row, name, "a number", text)
        if math.isinf(values[row]):
            problems.note(row, name, "a finite number", text)
    own = table[name].unit
    try:
        return np.asarray(u.Quantity(values, own).to_value(unit)) if unit and own else values
    except u.UnitConversionError:
        raise TableError(expected_got(name, f"a unit like {unit}", own)) from None


def words(table: Table, names: Sequence[str]) -> list[str]:
    """Text of the column with one of some names; of none, empty."""
    name = column_named(table, names)
    return [""] * len(table) if name is None else ops.words(table[name])


def galaxy_ids(table: Table, names: Sequence[str], where: object) -> list[str]:
    """Safe ids of the column with one of some names, mended as those of a target list are.

    Raises
    ------
    TableError
        If there is none, or ids have lost digits.
    """
    name = column_named(table, names)
    if name is None:
        raise TableError(expected_got(where, "a column galaxy_id", ", ".join(table.colnames)))
    return [mended(one) for one in id_texts(table[name], f"{where}: column {name}")]
