"""SDSS's catalogue in SQL and CSV."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import TableError
from clumpscope.stages.fetch.sdss.query import COLUMNS, number, positions_sql, read_rows, whole


def test_numbers_alone_reach_the_question():
    sql = positions_sql([150.25, 0.0], [-2.5, 89.0])
    assert "(VALUES (0,150.2500000,-2.5000000),(1,0.0000000,89.0000000)) AS t(target" in sql
    assert not re.search(r"[;'\"\\$]|--", sql)
    assert len(sql) < 1500
    for name in COLUMNS:
        assert re.search(rf"\b{name}\b", sql), name


@pytest.mark.parametrize("place", [(math.nan, 0.0), (360.0, 0.0), (-1e-9, 0.0), (0.0, 91.0)])
def test_what_is_no_position_is_not_asked(place):
    with pytest.raises(TableError, match="position 1: expected degrees on the sky"):
        positions_sql([1.0, place[0]], [1.0, place[1]])


def test_rows_by_the_number_of_their_position():
    rows = read_rows(ANSWER, 12)
    assert list(rows) == list(range(12))
    assert math.isnan(number(rows[3], "z"))
    assert whole(rows[3], "objID") == 0


MIDDLE = len(COLUMNS) - 2
ANSWER = "\r\n".join(
    [
        "#Table1",
        ",".join(COLUMNS),
        *(",".join([str(n), *["null"] * MIDDLE, str(n)]) for n in range(12)),
        ",".join(["3", *["1"] * MIDDLE, "3"]),  # another spectrum of the same object
        "",
    ]
)


@given(st.integers(0, ANSWER.rindex("\r\n3") - 1))
def test_an_answer_that_was_cut_off_is_none(end):
    with pytest.raises(TableError, match="answer of SDSS's catalogue"):
        read_rows(ANSWER[:end], 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"Error": "Incorrect syntax near SELECT"}',
        "error_message\nMaximum 60 queries allowed per minute",
        ",".join(COLUMNS) + "\nx" + "," * (len(COLUMNS) - 1),
    ],
)
def test_what_is_no_table_is_told(text):
    with pytest.raises(TableError, match="answer of SDSS's catalogue"):
        read_rows(text, 1)


def test_numbers_of_a_row():
    row = {"a": "-9999.0", "b": "1.5e0", "c": "x", "d": "9223372036854775807", "e": "-9999"}
    row |= {"f": "18446744073709551615", "g": "nan"}
    assert number(row, "b") == 1.5
    assert all(math.isnan(number(row, name)) for name in "acg")
    assert whole(row, "d") == 2**63 - 1  # digit by digit: no float
    assert whole(row, "e") == whole(row, "f") == 0
