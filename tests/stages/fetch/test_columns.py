import pytest

from clumpscope.ops.columns import by_name
from clumpscope.stages.fetch.columns import host_columns, listed


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        *(("ra", "dec"), ("RA", "DEC"), ("RAJ2000", "DEJ2000"), ("_RAJ2000", "_DEJ2000")),
        *(("ra_deg", "dec_deg"), ("RAdeg", "DEdeg"), ("right_ascension", "declination")),
        *(("RA_ICRS", "DE_ICRS"), ("ALPHA_J2000", "DELTA_J2000"), ("_RA", "_DE")),
    ],
)
def test_positions_have_many_names(ra, dec):
    found, notes = host_columns(by_name(["x", ra, dec]))
    assert found == {"ra": ra, "dec": dec}
    told = [f"taken: ra from {ra}, dec from {dec}"] if ra.lower() != "ra" else []
    assert notes == told


def test_of_several_positions_one_pair_is_taken():
    names = ["RAJ2000", "DEJ2000", "ra", "dec"]
    assert host_columns(by_name(names))[0] == {"ra": "ra", "dec": "dec"}
    names = ["RA", "ra", "dec", "DEC"]
    assert host_columns(by_name(names))[0] == {"ra": "ra", "dec": "dec"}
    # VizieR's own degrees come first, and the catalogue's may be anything.
    names = ["_RAJ2000", "_DEJ2000", "RAJ2000", "DEJ2000"]
    assert host_columns(by_name(names))[0] == {"ra": "_RAJ2000", "dec": "_DEJ2000"}


@pytest.mark.parametrize("beside", [(), ("r",), ("mag_r", "mag_g"), ("x", "y")])
def test_z_is_a_redshift(beside):
    found, notes = host_columns(by_name(["ra", "dec", "Z", *beside]))
    assert found["redshift"] == "Z"
    assert notes == ["taken: redshift from Z"]


@pytest.mark.parametrize("beside", [("u", "g", "r", "i"), ("G", "R"), ("g", "i")])
def test_z_beside_magnitudes_is_one(beside):
    found, (note,) = host_columns(by_name(["ra", "dec", "z", *beside]))
    assert "redshift" not in found
    assert note.startswith(f"z beside {', '.join(beside)} is taken for a magnitude")


def test_a_redshift_by_name_wins():
    found, notes = host_columns(by_name(["ra", "dec", "z", "Redshift", "u", "g"]))
    assert found["redshift"] == "Redshift"
    assert notes == []


def test_columns_of_the_host_table_are_known_in_any_spelling():
    found, _ = host_columns(by_name(["ra", "dec", "petroR90_arcsec", "E(B-V)", "petroMag_u"]))
    assert found == {
        "ra": "ra",
        "dec": "dec",
        "petro_r90_arcsec": "petroR90_arcsec",
        "ebv": "E(B-V)",
    }


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(14))).endswith("10, 11 and 2 more")
