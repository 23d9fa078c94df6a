"""Columns with units, UCDs and descriptions, and tables built from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got

# 1 nanomaggy in Jy (AB).
JY_PER_NMGY = 3.631e-6
AB = u.zero_point_flux(JY_PER_NMGY * 1e9 * u.Jy)  # equivalency of nanomaggies and Jy


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a table.

    ``dtype`` is "f8", "i4", "i8", "bool" or "str", ``unit`` as astropy writes it (empty for
    none), ``ucd`` a UCD1+ word.
    """

    name: str
    level: str
    dtype: str
    unit: str
    ucd: str
    description: str


_WORDS = {
    "f8": "numbers",
    "i4": "whole numbers",
    "i8": "whole numbers",
    "bool": "true or false",
    "str": "text",
}
BLANK: dict[str, object] = {"f8": np.nan, "i4": 0, "i8": 0, "bool": False, "str": ""}


def build_table(
    specs: Sequence[ColumnSpec], columns: Mapping[str, object], meta: Mapping[str, object]
) -> QTable:
    """Build a table with every column of ``specs``; columns not given are blank.

    ``columns`` holds plain arrays of one length in the units of ``specs``.

    Raises
    ------
    TableError
        If a column is not in ``specs``, is of another kind or unit, or the lengths differ.
    """
    unknown = set(columns) - {spec.name for spec in specs}
    if unknown:
        raise TableError(expected_got("table", "columns of the schema", sorted(unknown)))
    lengths = {name: np.size(values) for name, values in columns.items()}  # type: ignore[arg-type]
    if len(set(lengths.values())) > 1:
        raise TableError(expected_got("table", "columns of one length", lengths))
    n = next(iter(lengths.values()), 0)
    table = QTable(meta=dict(meta))
    for spec in specs:
        table[spec.name] = _column(columns.get(spec.name, [BLANK[spec.dtype]] * n), spec)
    return table


def _column(values: object, spec: ColumnSpec) -> Column | u.Quantity:
    try:
        if isinstance(values, MaskedColumn):
            values = values.filled(BLANK[spec.dtype])
        if isinstance(values, u.Quantity):
            values = values.to_value(spec.unit, AB)
        array = np.atleast_1d(_of_kind(values, spec.dtype))
    except (ValueError, TypeError, OverflowError, u.UnitsError) as error:
        what = _WORDS[spec.dtype] + (f" in {spec.unit}" if spec.unit else "")
        raise TableError(expected_got(f"column {spec.name}", what, f"others ({error})")) from error
    meta = {"ucd": spec.ucd} if spec.ucd else {}
    if spec.unit:
        column = u.Quantity(array, u.Unit(spec.unit))
        column.info.description = spec.description
        column.info.meta = meta
        return column
    return Column(array, description=spec.description, meta=meta)


def _of_kind(values: object, dtype: str) -> NDArray[Any]:
    """Values as a dtype of `ColumnSpec`; NaN, which a file with gaps gives, as blank text."""
    given = np.asarray(values)
    if dtype == "str":
        return _words(given)
    if given.size and given.dtype.kind not in ("biuO" if dtype == "bool" else "biufUSO"):
        raise ValueError(f"they are {given.dtype}")
    if dtype in ("i4", "i8"):
        return _whole(given, np.dtype(dtype))
    return np.asarray(values, dtype=dtype)


def _words(values: NDArray[Any]) -> NDArray[np.str_]:
    """Text, and whole numbers as such; NaN, of a column that is all gaps, is empty."""
    kind = values.dtype.kind
    if kind == "f" and np.isnan(values).all():
        return np.full(values.shape, "")
    if kind not in "USiu" and not all(isinstance(one, str | bytes | int) for one in values.flat):
        raise ValueError(f"they are {values.dtype}, such as {values.flat[0]!r:.50}")
    return values.astype(np.str_)


def _whole(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Numbers as whole ones; NaN, which a file with gaps gives, is blank.

    Raises
    ------
    ValueError
        If one is not whole, or too large.
    """
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), 0.0, values)
        broken = values[values != np.rint(values)]
        if len(broken):
            raise ValueError(f"{broken[0]} is not whole")
    if values.dtype.kind in "iuf" and len(values):
        limits = np.iinfo(dtype)
        if not (limits.min <= values.min() and values.max() <= limits.max):
            raise ValueError(f"{max(values.min(), values.max(), key=abs)} is too large")
    return values.astype(dtype, copy=False)


def plain(table: QTable, name: str) -> NDArray[Any]:
    """Return a column as a bare array in the unit it is stored in."""
    column = table[name]
    return np.asarray(column.value if isinstance(column, u.Quantity) else column)


def rows_by_id(table: Table, name: str = "galaxy_id") -> dict[str, NDArray[np.intp]]:
    """Row numbers of each id, in the order of the rows; ids in alphabetical order."""
    ids = np.asarray(table[name]).astype(str)
    order = np.argsort(ids, kind="stable")
    breaks = np.flatnonzero(ids[order][1:] != ids[order][:-1]) + 1
    return {str(ids[rows[0]]): rows for rows in np.split(order, breaks) if len(rows)}
