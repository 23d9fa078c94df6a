import numpy as np
import pytest
from astropy import units as u

from clumpscope.core.clumps import LEVELS, SCHEMA_VERSION, clump_table, schema
from clumpscope.core.schema import plain
from clumpscope.errors import TableError

# The columns of the published catalogue (Popp et al. 2024), in groups.
RELEASED = {
    *("specobjid", "dr7objid", "clump_id"),
    *("clump_score", "clump_label_id", "clump_label_name"),
    *("clump_centre_ra", "clump_centre_dec", "clump_centre_px_x", "clump_centre_px_y"),
    *("clump_px_x1", "clump_px_x2", "clump_px_y1", "clump_px_y2", "FWHM_r_px"),
    *(
        f"clump_{what}_{band}"
        for what in ("flux", "flux_err", "mag", "ext_mag", "mag_corr")
        for band in "ugriz"
    ),
    *(
        f"galaxy_{what}_{band}"
        for what in ("flux", "mag", "mag_err", "mag_corr")
        for band in "ugriz"
    ),
    *(f"clump_mag_corr_{pair}" for pair in ("u_g", "g_r", "r_i", "i_z")),
    *("clump_flux_ratio", "is_clump_3pct", "is_clump_8pct"),
    *("galaxy_ra", "galaxy_dec", "galaxy_z", "galaxy_expAB_r", "galaxy_expRad_r"),
    *("galaxy_lmass", "galaxy_lssfr"),
}


def names(level, bands="ugriz"):
    return [spec.name for spec in schema(level, bands)]


def test_levels_grow_and_keep_their_order():
    positions, photometry, release = (names(level) for level in LEVELS)
    assert photometry[: len(positions)] == positions
    assert release[: len(photometry)] == photometry


def test_the_release_has_the_published_columns():
    assert set(names("release")) >= RELEASED
    ours = {"galaxy_id", "flags", "p_clump", "p_odd", "p_background"}
    assert set(names("positions")) >= ours
    assert set(names("release")) >= {"p_real", "completeness", "completeness_err"}


def test_one_position_a_clump():
    pairs = [name for name in names("release") if "centre" in name]
    assert pairs == [
        "clump_centre_ra",
        "clump_centre_dec",
        "clump_centre_px_x",
        "clump_centre_px_y",
    ]


def test_fewer_bands_have_fewer_columns_and_colours():
    found = names("release", "gr")
    assert "clump_mag_corr_g_r" in found
    assert "clump_mag_corr_u_g" not in found
    assert not [name for name in found if name.endswith("_z") and name != "galaxy_z"]


def test_an_unknown_level():
    with pytest.raises(TableError, match="level: expected positions or photometry or release"):
        schema("final")


def test_a_table_of_plain_arrays():
    table = clump_table(
        "photometry",
        {"galaxy_id": ["a", "a"], "clump_id": [1, 2], "clump_flux_u": [1.0, 2.0]},
        "ur",
    )
    assert table.meta == {
        "level": "photometry",
        "schema_version": SCHEMA_VERSION,
        "bands": "ur",
    }
    assert table["clump_flux_u"].unit == u.Unit("nmgy")
    assert plain(table, "clump_flux_u").tolist() == [1.0, 2.0]
    assert np.isnan(plain(table, "clump_flux_r")).all()
    with pytest.raises(TableError, match="clump_flux_g"):
        clump_table("photometry", {"clump_flux_g": [1.0]}, "ur")


@pytest.mark.parametrize("level", LEVELS)
def test_no_clumps_is_an_empty_table(level):
    table = clump_table(level, {})
    assert len(table) == 0
    assert table.colnames == names(level)
