"""Columns of a Parquet file as astropy has them, whoever wrote it."""

from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
from astropy import units as u
from astropy.table import Column, MaskedColumn
from numpy.typing import NDArray

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_MOST_TEXT = 2**31  # bytes of a column; numpy gives each row the space of the longest


def read_column(field: pa.Field, stored: pa.ChunkedArray) -> Column | u.Quantity:
    """Give one column, with its unit, UCD and description.

    Dictionaries are what they stand for, decimals are floats, bytes are text if they can be. A
    column without a value is NaN. Whole numbers with gaps are masked, unless they have a unit.
    What numpy has no kind for stays an object.

    Raises
    ------
    ValueError
        If it cannot be had; the message says what was expected and what came.
    """
    metadata = _metadata(field)
    unit = _unit(metadata.get("unit", ""))
    values, gaps = _values(stored, with_unit=unit is not None)
    if unit is not None and values.dtype.kind not in "iuf":
        raise ValueError(f"expected numbers where the unit is {unit}, got {field.type}")
    if gaps is not None:
        column = MaskedColumn(values, mask=gaps)
    else:
        column = Column(values) if unit is None else u.Quantity(values, unit, subok=True)
    column.info.description = metadata.get("description")
    column.info.meta = {"ucd": metadata["ucd"]} if "ucd" in metadata else {}
    return column


def _metadata(field: pa.Field) -> dict[str, str]:
    try:
        return {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    except UnicodeDecodeError as error:
        raise ValueError(f"expected metadata in UTF-8, got others ({error})") from error


def _unit(words: str) -> u.UnitBase | None:
    try:
        return u.Unit(words) if words else None
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected a unit that astropy knows, got {words!r}") from error


def _values(
    stored: pa.ChunkedArray, *, with_unit: bool
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Values of a column, and, if its gaps have to be kept apart, where they are."""
    kinds = pa.types
    try:
        while kinds.is_dictionary(stored.type):
            stored = stored.cast(stored.type.value_type)
        if kinds.is_null(stored.type) or kinds.is_decimal(stored.type):
            stored = stored.cast(pa.float64())
        if any(is_text(stored.type) for is_text in _TEXT):
            return _text(stored.to_pylist()), None
        if kinds.is_binary(stored.type) or kinds.is_large_binary(stored.type):
            with suppress(UnicodeDecodeError):
                words = stored.to_pylist()
                return _text([word and word.decode() for word in words]), None
        # As floats, which arrow makes of whole numbers with gaps, long ids lose digits.
        if kinds.is_integer(stored.type) and stored.null_count and not with_unit:
            return stored.fill_null(0).to_numpy(), stored.is_null().to_numpy()
        return stored.to_numpy(), None
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise ValueError(f"expected values of {stored.type}, got others ({error})") from error


def _text(words: list[str | None]) -> NDArray[np.str_]:
    longest = max((len(word) for word in words if word), default=0)
    if 4 * longest * len(words) > _MOST_TEXT:
        raise ValueError(
            f"expected text of at most {_MOST_TEXT / 1e9:.1f} GB, got {len(words):,} rows of "
            f"which one has {longest:,} characters"
        )
    return np.array([word or "" for word in words], dtype=np.str_)
