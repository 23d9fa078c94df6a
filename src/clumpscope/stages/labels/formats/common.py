"""What formats of labels share."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import ArrayLike

from clumpscope.core.box_tables import corners_of
from clumpscope.core.frames import boxes_native_to_fraction, fraction_to_native, native_to_sky
from clumpscope.core.label_tables import note_labels
from clumpscope.core.problems import Problems
from clumpscope.core.records import CONSENSUS, LABELS, SCHEMA_VERSION
from clumpscope.core.schema import BLANK, ColumnSpec, build_table, plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import real, said, whole
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.columns import Values

EXTRAS = {"ra": "f8", "dec": "f8", **{spec.name: spec.dtype for spec in CONSENSUS}}


def boxes_of(labels: QTable) -> Values:
    """(N, 4) boxes as fractions.

    Raises
    ------
    TableError
        If one is blank.
    """
    corners = corners_of(labels)
    blank = np.flatnonzero(~np.isfinite(corners).all(axis=1))
    if len(blank):
        row, galaxy_id = blank[0], labels["galaxy_id"][blank[0]]
        raise TableError(expected_got(f"labels, row {row + 1} ({galaxy_id})", "a box", "none"))
    return corners


def boxes_at(xy: Values, side_px: ArrayLike, shape: tuple[int, int]) -> Values:
    """(n, 4) fractions: square boxes of some sides about native pixels (n, 2)."""
    half = np.broadcast_to(side_px, len(xy))[:, None] / 2
    return boxes_native_to_fraction(np.hstack([xy - half, xy + half]), shape)


def centres(labels: QTable, images: Images) -> tuple[Values, Values]:
    """Centres of boxes, (N, 2) native pixels and (N, 2) ra, dec.

    Without an image pixels are NaN, and positions those that the labels have.
    """
    corners = corners_of(labels)
    xy = np.full((len(labels), 2), np.nan)
    radec = np.column_stack([plain(labels, "ra"), plain(labels, "dec")])
    known = np.asarray(np.isfinite(corners).all(axis=1))
    for galaxy_id, rows in rows_by_id(labels).items():
        grid, boxed = images.grid(galaxy_id), rows[known[rows]]
        if grid is None or not len(boxed):
            continue
        middle = (corners[boxed, :2] + corners[boxed, 2:]) / 2
        xy[boxed] = fraction_to_native(middle, grid.shape)
        if grid.wcs is not None:
            radec[boxed] = native_to_sky(xy[boxed], grid.wcs)
    return xy, radec


def extras(labels: QTable, row: int) -> dict[str, float | int]:
    """What is known of a label besides galaxy, class and box."""
    found: dict[str, float | int] = {}
    for name, dtype in EXTRAS.items():
        if name in labels.colnames:
            value = plain(labels, name)[row]
            if dtype != "f8":
                found[name] = int(value)
            elif math.isfinite(value):
                found[name] = float(value)
    return found


def labels_from(
    rows: Sequence[Mapping[str, Any]],
    where: object,
    *,
    places: Sequence[str] = (),
    blank: bool = False,
) -> QTable:
    """A table of labels from one mapping a row; columns of a consensus only where one has them.

    Parameters
    ----------
    rows
        ``galaxy_id``, ``label``, corners and `extras`, whatever stands there; others are passed
        over.
    where
        What errors call the file.
    places
        What they call each row of it; by default its number.
    blank
        Whether a box may be blank.

    Raises
    ------
    TableError
        If values do not fit; it tells the rows.
    """
    named = {name for row in rows for name in row}
    kind = [*LABELS, *(CONSENSUS if named & {spec.name for spec in CONSENSUS} else [])]
    problems = Problems()
    columns: dict[str, list[object]] = {spec.name: [] for spec in kind}
    for number, row in enumerate(rows):
        for spec in kind:
            try:
                value = _value(row.get(spec.name), spec)
            except ValueError as error:
                value = BLANK[spec.dtype]
                problems.reasons.setdefault(number, f"{spec.name}: {error}")
            columns[spec.name].append(value)
    table = build_table(kind, columns, {"schema_version": SCHEMA_VERSION})
    note_labels(table, where, problems, blank=blank)
    problems.refuse(columns["galaxy_id"], where, places)  # type: ignore[arg-type]
    return table


def _value(given: object, spec: ColumnSpec) -> object:
    """What a column takes; blank where nothing is given."""
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return BLANK[spec.dtype]
    if spec.dtype == "str":
        text = str(given) if isinstance(given, str | int) else said(given)
        if "\0" in text:  # which a column would leave out at the end
            raise ValueError(f"expected text without NUL, got {said(text)}")
        return text
    return real(given) if spec.dtype == "f8" else whole(given, -(2**31), 2**31 - 1)


def known_extras(given: object) -> dict[str, object]:
    """What is known of a label besides galaxy, class and box, of all that a file says of it."""
    return (
        {name: given[name] for name in EXTRAS if name in given} if isinstance(given, dict) else {}
    )
