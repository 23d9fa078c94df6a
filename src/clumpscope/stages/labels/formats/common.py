"""What all formats of labels share."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.records import CONSENSUS, LABELS, SCHEMA_VERSION
from clumpscope.core.schema import build_table, plain, rows_by_id
from clumpscope.errors import TableError, expected_got

CORNERS = ("x1", "y1", "x2", "y2")
Size = tuple[int, int]  # width, height
_EXTRAS = {"ra": "f8", "dec": "f8", **{spec.name: spec.dtype for spec in CONSENSUS}}


def rows_of(labels: QTable) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Galaxies in alphabetical order, with their rows."""
    yield from rows_by_id(labels).items()


def size_of(galaxy_id: str, sizes: Mapping[str, Size], default: Size) -> Size:
    """Width and height of an image."""
    return sizes.get(galaxy_id, default)


def extras(labels: QTable, row: int) -> dict[str, float | int]:
    """What is known of a label besides galaxy, class and box."""
    found: dict[str, float | int] = {}
    for name, dtype in _EXTRAS.items():
        if name in labels.colnames:
            value = plain(labels, name)[row]
            if dtype != "f8":
                found[name] = int(value)
            elif math.isfinite(value):
                found[name] = float(value)
    return found


def labels_from(rows: Sequence[Mapping[str, Any]], where: object) -> QTable:
    """A table of labels from one mapping a row; columns of a consensus only where one has them.

    Raises
    ------
    TableError
        If a value does not fit.
    """
    named = {name for row in rows for name in row}
    kind = [*LABELS, *(CONSENSUS if named & {spec.name for spec in CONSENSUS} else [])]
    blank = {spec.name: {"f8": math.nan, "i4": 0, "str": ""}[spec.dtype] for spec in kind}
    try:
        columns = {
            spec.name: [row.get(spec.name, blank[spec.name]) for row in rows] for spec in kind
        }
        table = build_table(kind, columns, {"schema_version": SCHEMA_VERSION})
    except (ValueError, TypeError) as error:
        raise TableError(f"{where}: {error}") from error
    label = plain(table, "label")
    bad = np.flatnonzero(~np.isin(label, (1, 2)))
    if len(bad):
        raise TableError(
            expected_got(f"{where}, row {bad[0] + 1}, label", "1 or 2", int(label[bad[0]]))
        )
    return table
