import numpy as np
import pytest
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.tables import read_user_table, write_parquet


def test_positions_alone_are_enough_and_ids_are_made_as_the_iau_asks():
    targets = list(make_targets(Table({"ra": [229.5256, 10.0], "dec": [42.746, -0.00001]})))
    # 229.5256 / 15 = 15h 18m 06.144s, cut off and not rounded.
    assert [t.galaxy_id for t in targets] == ["J151806.14+424445.6", "J004000.00-000000.0"]
    assert (targets[0].ra, targets[0].dec) == (229.5256, 42.746)
    assert set(targets[0].known) == {"ra", "dec"}


@given(st.floats(0, 359.999), st.floats(-90, 90))
def test_made_ids_are_safe_and_lie_where_they_say(ra, dec):
    (target,) = make_targets(Table({"ra": [ra], "dec": [dec]}))
    name = check_galaxy_id(target.galaxy_id)
    hours, degrees = name[1:10], name[11:]
    back = (int(hours[:2]) + int(hours[2:4]) / 60 + float(hours[4:]) / 3600) * 15
    assert back == pytest.approx(ra, abs=0.01 / 240 + 1e-9)
    sign = -1 if name[10] == "-" else 1
    height = int(degrees[:2]) + int(degrees[2:4]) / 60 + float(degrees[4:]) / 3600
    assert sign * height == pytest.approx(dec, abs=0.1 / 3600 + 1e-9)


def test_names_match_in_any_case_and_negative_right_ascension_wraps():
    (target,) = make_targets(Table({"RA": [-30.0], "Dec": [5.0], "GALAXY_ID": [" a1 "]}))
    assert (target.galaxy_id, target.ra) == ("a1", 330.0)


def test_known_columns_are_carried_with_their_units_and_blanks_are_unknown():
    table = QTable(
        {
            "galaxy_id": ["a", "b"],
            "ra": [1.0, 2.0] * u.hourangle,
            "dec": [600.0, 1200.0] * u.arcmin,
            "petro_r90_arcsec": [0.1, np.nan] * u.arcmin,
            "redshift": [0.03, 0.05],
            "note": ["x", "y"],
        }
    )
    first, second = make_targets(table)
    assert first.known == pytest.approx(
        {"ra": 15, "dec": 10, "petro_r90_arcsec": 6, "redshift": 0.03}
    )
    assert "petro_r90_arcsec" not in second.known


def test_masked_values_are_unknown_and_ids_may_be_integers():
    table = Table(
        {
            "galaxy_id": [587732701256777824, 2],
            "ra": [1.0, 2.0],
            "dec": [0.0, 0.0],
            "redshift": MaskedColumn([0.1, 0.2], mask=[False, True]),
            "specobjid": MaskedColumn([5, 6], mask=[True, False]),
        }
    )
    first, second = make_targets(table)
    assert first.galaxy_id == "587732701256777824"
    assert "specobjid" not in first.known
    assert second.known["specobjid"] == 6
    assert "redshift" not in second.known


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".fits", ".vot", ".parquet"])
def test_all_kinds_of_tables_give_the_same_targets(tmp_path, suffix):
    table = Table({"galaxy_id": ["a", "bb"], "ra": [1.5, 2.5], "dec": [0.25, -3.0]})
    path = tmp_path / f"list{suffix}"
    if suffix == ".parquet":
        write_parquet(table, path)
    else:
        kinds = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".fits": "fits", ".vot": "votable"}
        table.write(path, format=kinds[suffix])
    targets = list(make_targets(read_user_table(path), path))
    assert [(t.galaxy_id, t.ra, t.dec) for t in targets] == [("a", 1.5, 0.25), ("bb", 2.5, -3.0)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ra": [], "dec": []}, "list.csv: expected at least one target"),
        ({"ra": [1.0], "y": [2.0]}, "no dec"),
        ({"x": [1.0]}, "no ra and no dec"),
        ({"ra": [1.0, np.nan], "dec": [0.0, 0.0]}, "list.csv: row 2, ra: .*got nan"),
        ({"ra": [1.0, 2.0], "dec": [0.0, 91.0]}, "row 2, dec: .*got 91"),
        ({"ra": [400.0], "dec": [0.0]}, "row 1, ra"),
        ({"ra": ["12:00:00"], "dec": [0.0]}, "column ra: expected numbers"),
        ({"galaxy_id": ["a", "a"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]}, "row 2.*a as in row 1"),
        ({"galaxy_id": ["a", "A"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]}, "row 2.*row 1"),
        ({"galaxy_id": ["a", "../b"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]}, "row 2.*'../b'"),
        ({"galaxy_id": [".a"], "ra": [1.0], "dec": [0.0]}, "row 1.*'.a'"),
        ({"galaxy_id": [""], "ra": [1.0], "dec": [0.0]}, "row 1, galaxy_id"),
        ({"ra": [1.0, 1.0], "dec": [0.0, 0.0]}, "row 2, galaxy_id: expected each id once"),
    ],
)
def test_bad_lists_are_refused_by_file_and_row(columns, message):
    with pytest.raises(TableError, match=message):
        make_targets(Table(columns), "list.csv")


def test_a_unit_that_is_no_angle_is_refused():
    table = Table({"ra": Column([1.0], unit="m"), "dec": [0.0]})
    with pytest.raises(TableError, match="column ra: expected numbers in deg"):
        make_targets(table)
