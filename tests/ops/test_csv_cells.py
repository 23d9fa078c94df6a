"""Cells of CSV that no spreadsheet takes for a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.ops.csv_cells import guarded, unguarded, write_csv

SIGNS = st.text("=+-@\t\r'a1", max_size=6) | st.text(max_size=20)


@given(SIGNS)
def test_every_text_comes_back_and_none_is_a_formula(text):
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(cell) == text


@given(SIGNS, SIGNS)
def test_two_texts_are_never_one_cell(a, b):
    assert (guarded(a) == guarded(b)) == (a == b)


@pytest.mark.parametrize("value", [-1, -2.5, True, None, 1e300])
def test_numbers_are_not_touched(value):
    assert guarded(value) is value


@given(st.lists(st.lists(SIGNS | st.integers(), min_size=2, max_size=2), max_size=4))
def test_rows_are_written(rows):
    stream = io.StringIO(newline="")
    write_csv(stream, rows)
    back = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert [[unguarded(cell) for cell in row] for row in back] == [
        [str(c) for c in r] for r in rows
    ]
