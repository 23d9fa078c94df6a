import numpy as np
import pytest
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table

from clumpscope.errors import TableError
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.tables import read_user_table, write_parquet


def test_positions_alone_are_enough_and_ids_are_made_as_the_iau_asks():
    targets = list(make_targets(Table({"ra": [229.5256, 10.0], "dec": [42.746, -0.00001]})))
    # 229.5256 / 15 = 15h 18m 06.144s, cut off and not rounded.
    assert [t.galaxy_id for t in targets] == ["J151806.14+424445.6", "J004000.00-000000.0"]
    assert (targets[0].ra, targets[0].dec) == (229.5256, 42.746)
    assert set(targets[0].known) == {"ra", "dec"}


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
        ({"ra": ["twelve"], "dec": [0.0]}, "list.csv: column ra, row 1: expected degrees"),
        ({"ra": [1.0], "dec": [0.0], "z": ["?"]}, "list.csv: column z: expected numbers"),
        (
            {"galaxy_id": ["a", "a"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]},
            "row 2.*a again: row 1 has a",
        ),
        (
            {"galaxy_id": ["a", "A"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]},
            "row 2.*A again: row 1 has a",
        ),
        ({"galaxy_id": ["a b", "a_b"], "ra": [1.0, 2.0], "dec": [0.0, 0.0]}, "row 2.*from 'a b'"),
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


def test_notes_say_what_was_done_in_the_order_of_doing():
    table = Table(
        {
            "Name": ["NGC 1", "../x", "M31"],
            "RAJ2000": ["00:10:00", "00:20:00", "00:30:00"],
            "DEJ2000": ["+01 00 00", "+02 00 00", "-00 30 00"],
            "z": [0.1, 0.2, 0.3],
            "u": [17.0, 18.0, 19.0],
            "type": ["S", "E", "I"],
        }
    )
    targets = make_targets(table, "list.csv")
    assert targets.where == "list.csv"
    assert targets.notes == (
        "taken: ra from RAJ2000, dec from DEJ2000, redshift from z",
        "RAJ2000 is sexagesimal, in hours",
        "DEJ2000 is sexagesimal, in degrees",
        "taken: galaxy_id from Name",
        "ids made safe as file names: 'NGC 1' is NGC_1, '../x' is _.._x",
        "columns not used: u, type",
    )
    assert [(t.galaxy_id, t.ra, t.dec) for t in targets] == [
        ("NGC_1", pytest.approx(2.5), pytest.approx(1)),
        ("_.._x", pytest.approx(5), pytest.approx(2)),
        ("M31", pytest.approx(7.5), pytest.approx(-0.5)),
    ]


def test_a_plain_list_has_no_notes():
    table = Table({"galaxy_id": ["a"], "ra": [1.0], "dec": [0.0], "redshift": [0.1]})
    assert make_targets(table).notes == ()


@pytest.mark.parametrize("name", ["objID", "SpecObjID", "dr7objid", "name", "ID"])
def test_an_id_by_another_name_is_taken(name):
    table = Table({name: [1237648720693755918], "ra": [1.0], "dec": [0.0]})
    targets = make_targets(table)
    assert [t.galaxy_id for t in targets] == ["1237648720693755918"]
    assert targets.notes == (f"taken: galaxy_id from {name}",)


def test_the_first_id_without_gaps_is_taken():
    table = Table(
        {
            "name": ["a", "b", "c"],
            "specobjid": [5, 0, 0],
            "objid": ["1", "", "3"],
            "ra": [1.0, 2.0, 3.0],
            "dec": [0.0, 0.0, 0.0],
        }
    )
    targets = make_targets(table)
    assert [t.galaxy_id for t in targets] == ["a", "b", "c"]
    assert [t.known.get("specobjid") for t in targets] == [5, None, None]
    assert targets.notes == (
        "objid has gaps and is not taken as galaxy_id",
        "specobjid has gaps and is not taken as galaxy_id",
        "taken: galaxy_id from name",
        "columns not used: objid",
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.2376487206937559e18], "expected an id with all its digits"),
        (np.array([2**63 + 1], dtype=np.uint64), "expected whole numbers of 64 bits"),
        (["x1"], "expected whole numbers of 64 bits"),
    ],
)
def test_survey_ids_that_are_not_whole_are_refused(values, message):
    table = Table({"galaxy_id": ["a"], "ra": [1.0], "dec": [0.0], "specobjid": values})
    with pytest.raises(TableError, match=f"column specobjid.*{message}"):
        make_targets(table)


def test_survey_ids_as_text_are_exact():
    table = Table(
        {"galaxy_id": ["a"], "ra": [1.0], "dec": [0.0], "dr7objid": ["587732701256777824"]}
    )
    (target,) = make_targets(table)
    assert target.known["dr7objid"] == 587732701256777824


def test_fluxes_in_jansky_become_nanomaggies():
    table = QTable({"ra": [1.0], "dec": [0.0], "petro_flux_u": [3.631] * u.mJy})
    (target,) = make_targets(table)
    assert target.known["petro_flux_u"] == pytest.approx(1000)
