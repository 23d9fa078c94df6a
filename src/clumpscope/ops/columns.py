"""Columns of a user's table: found by name, and their cells as text."""

from collections.abc import Iterable

import numpy as np
from astropy import units as u
from astropy.table import Column

from clumpscope.core.columns import simplified


def by_name(names: Iterable[str]) -> dict[str, str]:
    """Their columns by `simplified` name; of several, one in small letters or the first."""
    theirs: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name != name.lower()):
        theirs.setdefault(simplified(name), name)
    return theirs


def words(column: Column | u.Quantity) -> list[str]:
    """Text of a column's rows without blanks around; empty where masked."""
    column = column.value if isinstance(column, u.Quantity) else column
    masked = np.ma.getmaskarray(column) if np.ma.isMaskedArray(column) else np.zeros(len(column))
    return [
        ""
        if hidden
        else (item.decode(errors="replace") if isinstance(item, bytes) else str(item)).strip()
        for item, hidden in zip(column, masked, strict=True)
    ]


def is_text(column: Column) -> bool:
    """Whether a column holds text."""
    return column.dtype.kind in "USO"
