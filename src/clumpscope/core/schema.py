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


BLANK: dict[str, object] = {"f8": np.nan, "i4": 0, "i8": 0, "bool": False, "str": ""}


def build_table(
    specs: Sequence[ColumnSpec], columns: Mapping[str, object], meta: Mapping[str, object]
) -> QTable:
    """Build a table with every column of ``specs``; columns not given are blank.

    ``columns`` holds plain arrays of one length in the units of ``specs``.

    Raises
    ------
    TableError
        If a column is not in ``specs`` or the lengths differ.
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
    dtype = np.dtype(np.str_) if spec.dtype == "str" else np.dtype(spec.dtype)
    if isinstance(values, MaskedColumn):
        values = values.filled(BLANK[spec.dtype])
    if isinstance(values, u.Quantity):
        values = values.to_value(spec.unit, AB)
    if dtype.kind == "i":
        values = _without_gaps(values)
    array = np.atleast_1d(np.asarray(values, dtype=dtype))
    meta = {"ucd": spec.ucd} if spec.ucd else {}
    if spec.unit:
        column = u.Quantity(array, u.Unit(spec.unit))
        column.info.description = spec.description
        column.info.meta = meta
        return column
    return Column(array, description=spec.description, meta=meta)


def _without_gaps(values: object) -> NDArray[np.generic]:
    """Blank the NaN of whole numbers that came as floats, as a file with gaps gives them."""
    array = np.asarray(values)
    return np.where(np.isfinite(array), array, 0.0) if array.dtype.kind == "f" else array


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
