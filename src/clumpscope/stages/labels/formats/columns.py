"""A user's columns: found by any of their names, and read as numbers."""

import math
import re
from collections.abc import Sequence

import numpy as np
from astropy import units as u
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.core.columns import simplified
from clumpscope.core.problems import Problems
from clumpscope.errors import TableError, expected_got
from clumpscope.ops import columns as ops
from clumpscope.ops.ids import id_texts, mended

Values = NDArray[np.float64]
_PATH = re.compile(r"^[/\\]|(^|[/\\])\.{1,2}([/\\]|$)|^[A-Za-z]:[/\\]|[\x00-\x1f]")


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
    """Ids of the column with one of some names, mended as those of a target list are.

    But for paths, which are no names of galaxies and stay unsafe.

    Raises
    ------
    TableError
        If there is none, or ids have lost digits.
    """
    name = column_named(table, names)
    if name is None:
        raise TableError(expected_got(where, "a column galaxy_id", ", ".join(table.colnames)))
    ids = id_texts(table[name], f"{where}: column {name}")
    return [one if _PATH.search(one) else mended(one) for one in ids]
