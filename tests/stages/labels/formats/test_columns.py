"""A user's columns: names, blanks, units, and rows that cannot be read."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, QTable, Table

from clumpscope.core.problems import Problems
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.columns import (
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


@pytest.mark.parametrize("path", ["/a", "../a", "a/../b", "..", ".", "C:\\a", "\\\\a", "a\x1b"])
def test_paths_are_not_mended(path):
    assert galaxy_ids(Table({"id": [path, "M 81/82"]}), ("id",), "t") == [path, "M_81_82"]


def test_bad_cells_are_told_by_row():
    table = Table({"x": ["1", "abc", "inf", "1,5"]})
    problems = Problems()
    assert numbers(table, ("x",), problems)[0] == 1
    assert problems.reasons == {
        1: "x: expected a number, got abc",
        2: "x: expected a finite number, got inf",
        3: "x: expected a number, got 1,5",
    }
