import numpy as np
import pytest
from astropy import units as u
from astropy.table import MaskedColumn

from clumpscope.core import flags, records
from clumpscope.core.clumps import schema
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.records import record_table
from clumpscope.core.schema import JY_PER_NMGY, ColumnSpec, build_table, plain
from clumpscope.errors import TableError

KINDS = {
    name: getattr(records, name)
    for name in ("HOSTS", "TRUTH", "LABELS", "DETECTIONS", "GALAXIES", "FAILURES")
}
SPECS = [
    ColumnSpec("name", "", "str", "", "meta.id", "a name"),
    ColumnSpec("size", "", "f8", "arcsec", "phys.angSize", "a size"),
    ColumnSpec("count", "", "i4", "", "meta.number", "a count"),
    ColumnSpec("seen", "", "bool", "", "", "a fact"),
]


@pytest.mark.parametrize("specs", [*KINDS.values(), schema("release")], ids=[*KINDS, "clumps"])
def test_every_column_is_described_once_in_known_units(specs):
    names = [spec.name for spec in specs]
    assert len(names) == len(set(names))
    for spec in specs:
        assert spec.description
        assert spec.ucd
        assert spec.dtype in {"f8", "i4", "i8", "bool", "str"}
        u.Unit(spec.unit)  # raises if it is no unit


def test_contract_columns():
    names = {kind: [spec.name for spec in specs] for kind, specs in KINDS.items()}
    bands = "ugriz"
    assert {
        *("galaxy_id", "ra", "dec", "redshift", "petro_r50_arcsec", "petro_r90_arcsec"),
        *(f"petro_flux_{band}" for band in bands),
        *(f"petro_flux_err_{band}" for band in bands),
        *(f"psf_fwhm_{band}" for band in bands),
        *("ebv", "log_mass", "log_ssfr", "axis_ratio", "position_angle_deg"),
        *("pixscale_arcsec", "field_arcsec"),
    } <= set(names["HOSTS"])
    assert {
        *("galaxy_id", "clump_id", "ra", "dec", "x", "y", "label", "flux_ratio_u"),
        *(f"flux_{band}" for band in bands),
    } <= set(names["TRUTH"])
    assert {"galaxy_id", "label", "x1", "y1", "x2", "y2", "ra", "dec"} <= set(names["LABELS"])
    assert names["DETECTIONS"] == [
        *("galaxy_id", "x1", "y1", "x2", "y2", "score", "label"),
        *("p_background", "p_clump", "p_odd"),
    ]
    assert names["FAILURES"] == ["galaxy_id", "stage", "error"]


def test_a_column_carries_unit_ucd_and_description():
    table = build_table(SPECS, {"size": [1.0, 2.0]}, {"level": "x"})
    assert table.colnames == ["name", "size", "count", "seen"]
    assert table["size"].unit == u.arcsec
    assert table["size"].info.description == "a size"
    assert table["size"].info.meta == {"ucd": "phys.angSize"}
    assert table["count"].info.meta == {"ucd": "meta.number"}
    assert table.meta == {"level": "x"}


def test_columns_not_given_are_blank():
    table = build_table(SPECS, {"name": ["a", "b"]}, {})
    assert np.isnan(table["size"].value).all()
    assert table["count"].tolist() == [0, 0]
    assert table["seen"].tolist() == [False, False]
    assert build_table(SPECS, {"count": [1]}, {})["name"].tolist() == [""]


def test_an_empty_table_has_all_columns_and_types():
    table = build_table(SPECS, {}, {})
    assert len(table) == 0
    assert [table[name].dtype.kind for name in table.colnames] == ["U", "f", "i", "b"]


def test_quantities_are_brought_to_the_unit():
    table = build_table(SPECS, {"size": [1.0, 2.0] * u.arcmin}, {})
    assert plain(table, "size").tolist() == [60.0, 120.0]
    with pytest.raises(TableError, match="column size: expected numbers in arcsec, got .*Jy"):
        build_table(SPECS, {"size": [1.0] * u.Jy}, {})


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("size", ["north"], "numbers in arcsec, got others .*north"),
        ("size", np.array(["2020-01-01"], "M8[s]"), r"numbers in arcsec, got .*datetime64"),
        ("size", np.array([[1.0, 2.0], [3.0]], dtype=object), "numbers in arcsec, got others"),
        ("count", [1.5], r"whole numbers, got others \(1.5 is not whole\)"),
        ("count", [np.inf], r"whole numbers, got others \(inf is too large\)"),
        ("count", [2**31], r"whole numbers, got others \(2147483648 is too large\)"),
        ("count", [-3e9], "whole numbers, got .*-3000000000.0 is too large"),
        ("count", [10**400], "whole numbers, got others"),
        ("seen", ["False"], "true or false, got others"),
    ],
)
def test_a_value_of_another_kind_names_its_column(name, values, told):
    with pytest.raises(TableError, match=f"column {name}: expected {told}"):
        build_table(SPECS, {name: values}, {})


def test_text_that_is_all_gaps_is_empty():
    assert build_table(SPECS, {"name": np.array([np.nan])}, {})["name"].tolist() == [""]


def test_gaps_are_filled_with_the_blank():
    table = build_table(
        SPECS,
        {"size": MaskedColumn([1.0, 2.0], mask=[False, True]), "count": [3.0, np.nan]},
        {},
    )
    np.testing.assert_array_equal(plain(table, "size"), [1.0, np.nan])
    assert plain(table, "count").tolist() == [3, 0]
    assert plain(table, "count").dtype == np.int32


def test_strangers_and_unequal_lengths_are_refused():
    with pytest.raises(TableError, match=r"columns of the schema, got \['colour'\]"):
        build_table(SPECS, {"colour": [1]}, {})
    with pytest.raises(TableError, match=r"columns of one length, got .*'size': 2"):
        build_table(SPECS, {"name": ["a"], "size": [1.0, 2.0]}, {})
    with pytest.raises(TableError):
        record_table(KINDS["FAILURES"], {"why": ["?"]})


def test_record_tables_know_their_version():
    assert record_table(KINDS["HOSTS"], {}).meta["schema_version"] == records.SCHEMA_VERSION


def test_a_nanomaggy_in_jansky():
    assert pytest.approx((22.5 * u.ABmag).to_value(u.Jy), rel=2e-4) == JY_PER_NMGY


def test_every_flag_is_one_bit_and_described():
    assert set(flags.DESCRIPTIONS) == set(ClumpFlag)
    assert sorted(flag.value for flag in ClumpFlag) == [1 << i for i in range(len(ClumpFlag))]
    assert all(flags.DESCRIPTIONS.values())
