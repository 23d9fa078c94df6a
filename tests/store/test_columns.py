"""Parquet columns of every kind, from whatever program."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.table import MaskedColumn

from clumpscope.store import columns
from clumpscope.store.columns import read_column


def read(array, **metadata):
    field = pa.field("x", array.type, metadata=metadata or None)
    return read_column(field, pa.chunked_array([array]))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, 2], pa.int8()), [1, 2]),
        (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
        (pa.array([np.float16(0.5)], pa.float16()), [0.5]),
        (pa.array([True, False]), [True, False]),
        (pa.array([Decimal("1.25"), Decimal(2)]), [1.25, 2.0]),
        (pa.array(["a", None, "ö"]), ["a", "", "ö"]),
        (pa.array(["a", None], pa.large_string()), ["a", ""]),
        (pa.array(["a", None], pa.string_view()), ["a", ""]),
        (pa.array([b"a", None, "ö".encode()]), ["a", "", "ö"]),
        (pa.array([b"\xff"]), [b"\xff"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([3, 4, 3]).dictionary_encode(), [3, 4, 3]),
        (pa.array([], pa.string()), []),
    ],
)
def test_values_of_every_kind(array, expected):
    found = read(array)
    assert found.tolist() == expected
    assert not isinstance(found, MaskedColumn)


@pytest.mark.parametrize(
    "array",
    [pa.array([[1], [2, 3]]), pa.array([{"a": 1}]), pa.array([datetime(2020, 1, 1, tzinfo=UTC)])],
)
def test_what_no_table_of_ours_has_is_kept(array):
    assert len(read(array)) == len(array)


def test_gaps():
    assert np.isnan(read(pa.nulls(2))).all()
    numbers = read(pa.array([587722981742084144, None]))
    assert numbers.mask.tolist() == [False, True]
    assert numbers.tolist()[0] == 587722981742084144
    assert np.isnan(read(pa.array([1, None]), unit="deg")[1])


def test_unit_ucd_and_description():
    found = read(pa.array([1.5]), unit="arcsec", ucd="pos", description="width")
    assert found == 1.5 * u.arcsec
    assert (found.info.description, found.info.meta) == ("width", {"ucd": "pos"})
    assert read(pa.array([1.5]), unit="mag(AB)").unit == u.ABmag


@pytest.mark.parametrize(
    ("array", "metadata", "told"),
    [
        (pa.array([1.0]), {"unit": "banana"}, "expected a unit that astropy knows, got 'banana'"),
        (pa.array(["a"]), {"unit": "deg"}, "expected numbers where the unit is deg, got string"),
        (pa.array([[1.0]]), {"unit": "deg"}, "expected numbers where the unit is deg, got list"),
        (pa.array([1.0]), {"unit": b"\xff"}, "expected metadata in UTF-8"),
        (pa.array([1.0]), {b"\xfe": "x"}, "expected metadata in UTF-8"),
    ],
)
def test_what_cannot_be_is_said(array, metadata, told):
    field = pa.field("x", array.type, metadata=metadata)
    with pytest.raises(ValueError, match=told):
        read_column(field, pa.chunked_array([array]))


def test_text_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(columns, "_MOST_TEXT", 4000)
    assert len(read(pa.array(["a" * 10] * 100))) == 100
    with pytest.raises(ValueError, match="got 100 rows of which one has 11 characters"):
        read(pa.array(["a"] * 99 + ["a" * 11]))
