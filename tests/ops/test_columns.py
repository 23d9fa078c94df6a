"""Columns of a user's table."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Column, MaskedColumn

from clumpscope.ops.columns import by_name, is_text, words


def test_columns_are_found_without_case_and_signs_and_small_letters_go_first():
    found = by_name(["RA", "ra", "_DEJ2000", "dej-2000", "x"])
    assert found == {"ra": "ra", "dej2000": "dej-2000", "x": "x"}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column(["x ", "y"]), ["x", "y"]),
        (Column([b"x ", b"y"]), ["x", "y"]),
        (Column([1, 2]), ["1", "2"]),
        (MaskedColumn(["x", "y"], mask=[False, True]), ["x", ""]),
        (MaskedColumn([1.5, 2], mask=[True, False]), ["", "2.0"]),
        (np.array([0.1, 2]) * u.deg, ["0.1", "2.0"]),
    ],
)
def test_cells_as_text(column, expected):
    assert words(column) == expected


def test_text_is_told_from_numbers():
    assert [is_text(Column(values)) for values in (["a"], [b"a"], [1], [1.0])] == [
        *(True, True, False, False)
    ]
