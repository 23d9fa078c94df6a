"""A user's columns: names, blanks, units, and rows that cannot be read."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, QTable, Table

from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.columns import (
    Problems,
    column_named,
    galaxy_ids,
    numbers,
    words,
)


def test_the_first_name_that_is_there_in_any_case():
    table = Table({"_RAJ2000": [1.0], "Ra": [2.0], "dec": [3.0]})
    assert column_named(table, ("raj2000", "ra")) == "_RAJ2000"
    assert column_named(table, ("ra", "raj2000")) == "Ra"
    assert column_named(table, ("x",)) is None


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        (["1", " 2.5 ", ""], [1, 2.5, np.nan]),
        ([1.0, np.nan, 3.0], [1, np.nan, 3]),
        (MaskedColumn([1, 2, 3], mask=[False, True, False]), [1, np.nan, 3]),
        (MaskedColumn(["", "b", "3"], mask=[True, True, False]), [np.nan, np.nan, 3]),
        (np.array([b"1", b"2", b"1e3"]), [1, 2, 1000]),
        (np.array([0.1, 0.2, 0.3], dtype=np.float32), [0.1, 0.2, 0.3]),
    ],
)
def test_numbers_as_files_give_them(column, expected):
    problems = Problems()
    found = numbers(Table({"X": column}), ("y", "x"), problems)
    np.testing.assert_array_equal(found, expected)
    assert not problems.reasons
    assert np.isnan(numbers(Table({"X": column}), ("z",), problems)).all()


def test_units_are_turned_and_others_refused():
    turned = QTable({"ra": [1, 2] * u.rad})
    assert numbers(turned, ("ra",), Problems(), "deg") == pytest.approx(np.degrees([1, 2]))
    named = Table({"ra": MaskedColumn([60.0, 0], unit="arcmin", mask=[False, True])})
    np.testing.assert_array_equal(numbers(named, ("ra",), Problems(), "deg"), [1, np.nan])
    with pytest.raises(TableError, match="ra: expected a unit like deg, got m"):
        numbers(QTable({"ra": [1] * u.m}), ("ra",), Problems(), "deg")


def test_words_of_a_column_or_of_none():
    table = Table({"a": MaskedColumn(["x ", "y"], mask=[False, True])})
    assert words(table, ("b", "a")) == ["x", ""]
    assert words(table, ("b",)) == ["", ""]


def test_ids_are_mended_as_a_target_list_s_and_must_have_all_digits():
    table = Table({"ObjID": ["NGC 1", " b2"], "id": [1.0, 1237648720693755918.0]})
    assert galaxy_ids(table, ("galaxyid", "objid"), "t") == ["NGC_1", "b2"]
    with pytest.raises(TableError, match="t: column id, row 2: expected an id with all its digits"):
        galaxy_ids(table, ("id",), "t")
    with pytest.raises(TableError, match="t: expected a column galaxy_id, got ObjID, id"):
        galaxy_ids(table, ("name",), "t")


def test_bad_cells_are_told_by_row():
    table = Table({"x": ["1", "abc", "inf", "1,5"]})
    problems = Problems()
    assert numbers(table, ("x",), problems)[0] == 1
    assert problems.reasons == {
        1: "x: expected a number, got abc",
        2: "x: expected a finite number, got inf",
        3: "x: expected a number, got 1,5",
    }
    problems.note(1, "y", "another", "reason")
    assert problems.reasons[1] == "x: expected a number, got abc"


def test_one_row_is_told_in_a_line_and_of_many_the_first_five_and_the_number():
    problems, ids = Problems(), [f"g{k}" for k in range(2000)]
    problems.refuse(ids, "t.csv")
    problems.note(2, "x", "a number", "abc")
    with pytest.raises(TableError, match=r"^t\.csv, row 3 \(g2\): x: expected a number, got abc$"):
        problems.refuse(ids, "t.csv")
    values = np.column_stack([np.arange(2000.0), np.zeros(2000)])
    problems.note_where(values[:, 0] >= 700, "box", "less", values)
    with pytest.raises(TableError) as caught:
        problems.refuse(ids, "t.csv")
    assert str(caught.value).splitlines() == [
        "t.csv: 1,301 of 2,000 rows cannot be used:",
        "  row 3 (g2): x: expected a number, got abc",
        *(f"  row {k + 1} (g{k}): box: expected less, got {k}, 0" for k in range(700, 704)),
        "  and 1,296 more",
    ]
