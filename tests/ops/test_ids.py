"""Ids of a user's table."""

import numpy as np
import pytest
from astropy.table import Column, MaskedColumn
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError
from clumpscope.ops.ids import id_texts, mended

LONG = 1237648720693755918


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, object])
def test_whole_numbers_keep_every_digit(dtype):
    assert id_texts(Column(np.array([LONG, 7], dtype=dtype)), "id") == [str(LONG), "7"]
    assert id_texts(Column([str(LONG), "007", "1.50"]), "id") == [str(LONG), "007", "1.50"]


def test_floats_that_hold_their_digits_are_whole_numbers():
    assert id_texts(Column([12.0, np.nan, 1.5]), "id") == ["12", "", "1.5"]
    assert id_texts(Column([2.0**53 - 1]), "id") == ["9007199254740991"]


def test_bytes_are_decoded_and_gaps_are_empty():
    assert id_texts(Column([b" a ", b"b"]), "id") == ["a", "b"]
    assert id_texts(MaskedColumn(["a", "b"], mask=[True, False]), "id") == ["", "b"]
    assert id_texts(MaskedColumn([1, 2], mask=[True, False]), "id") == ["", "2"]


@pytest.mark.parametrize(
    "column",
    [
        Column([1.0, float(LONG)]),
        Column([1.0, 2.0**53]),
        Column(np.array([1, 2**24 + 2], dtype=np.float32)),
        MaskedColumn([1.0, float(LONG)], mask=[False, False]),
        Column(["1", "1.23764872069E+18"]),
        Column(["12", "1.2e5"]),
        Column(["12", "12E5"]),
        Column(["12", "1237648720693755904.0"]),
    ],
)
def test_ids_that_lost_digits_are_refused(column):
    with pytest.raises(TableError, match="list: column id, row 2: expected an id with all its"):
        id_texts(column, "list: column id")


def test_names_that_look_like_exponents_among_others_are_names():
    assert id_texts(Column(["12e7", "a3"]), "id") == ["12e7", "a3"]


@pytest.mark.parametrize(
    ("given", "safe"),
    [("NGC 1234", "NGC_1234"), ("a/b  c", "a_b_c"), ("../b", "_.._b"), ("J1+2.5-x_", "J1+2.5-x_")],
)
def test_what_is_unsafe_becomes_a_line(given, safe):
    assert mended(given) == safe


@given(st.text(min_size=1, max_size=63))
def test_a_mended_id_is_safe_and_mending_it_again_changes_nothing(given):
    assert mended(mended(given)) == check_galaxy_id(mended(given))
