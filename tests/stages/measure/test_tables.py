import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import Photometry, measure, photometry_table
from clumpscope.stages.refine import positions_table, refine

SHAPE = (60, 60)
CONFIG = MeasureConfig()


def refined_galaxies():
    """Two galaxies with clumps and one without, their positions and photometry."""
    placed, measured = [], []
    for name, xy in (("a", [[40, 30], [25, 22]]), ("b", []), ("c", [[30, 40]])):
        image = scenes.galaxy(name, SHAPE, xy, flux=5.0, host_flux=300)
        refined = refine(image, scenes.boxes_at(xy, SHAPE, scores=0.5), RefineConfig(), 0.3)
        assert len(refined) == len(xy)
        placed.append((name, image.wcs, refined))
        measured.append(measure(image, refined.xy, CONFIG, refined.outline))
    return positions_table(placed), measured


def test_photometry_table_joins_positions_and_fluxes():
    positions, measured = refined_galaxies()
    table = photometry_table(positions, measured, CONFIG)
    assert table.meta["level"] == "photometry"
    assert list(table["galaxy_id"]) == ["a", "a", "c"]
    flux = np.concatenate([one.flux for one in measured])
    for b, band in enumerate("ugriz"):
        assert plain(table, f"clump_flux_{band}").tolist() == flux[:, b].tolist()
    assert table["clump_flux_r"].unit.to_string() == "nmgy"
    assert plain(table, "aperture_radius_z") == pytest.approx(1.125 * 1.3)
    assert plain(table, "clump_centre_ra").tolist() == plain(positions, "clump_centre_ra").tolist()


def test_flags_of_both_stages_add_up():
    positions, measured = refined_galaxies()
    positions["flags"] = [ClumpFlag.MERGED, 0, ClumpFlag.NO_OUTLINE]
    measured[2].flags[:] = ClumpFlag.SATURATED
    table = photometry_table(positions, measured, CONFIG)
    assert table["flags"][0] == ClumpFlag.MERGED | measured[0].flags[0]
    assert table["flags"][2] == ClumpFlag.NO_OUTLINE | ClumpFlag.SATURATED


def test_photometry_that_is_not_of_these_positions_is_refused():
    positions, measured = refined_galaxies()
    with pytest.raises(TableError, match="in order"):
        photometry_table(positions, measured[::-1], CONFIG)
    with pytest.raises(TableError, match="in order"):
        photometry_table(positions, measured[:1], CONFIG)
    with pytest.raises(TableError, match="bands"):
        photometry_table(positions, measured, MeasureConfig(bands=("r",)))
    case = [
        Photometry.unmeasured(one.galaxy_id, len(one), "yY"[k % 2])
        for k, one in enumerate(measured)
    ]
    with pytest.raises(TableError, match="more than case, got y Y; name those to measure"):
        photometry_table(positions, case, CONFIG)


def test_what_an_image_lacks_is_blank_and_the_rest_as_it_was_measured():
    positions, measured = refined_galaxies()
    few = scenes.galaxy("c", SHAPE, [[30, 40]], flux=5.0, host_flux=300, bands=("i", "VIS", "r"))
    outline = galaxy_outline(few, RefineConfig())
    alone = measure(few, [[30.0, 40.0]], CONFIG, outline)
    assert alone.bands == ("r", "VIS", "i")
    table = photometry_table(positions, [*measured[:2], alone], CONFIG)
    assert table.meta["bands"] == "u,g,r,VIS,i,z"
    stems = "clump_flux clump_flux_err clump_background aperture_radius clump_flux_published"
    for stem in stems.split():
        there = np.isfinite([plain(table, f"{stem}_{b}") for b in ("u", "g", "r", "VIS", "i", "z")])
        assert there[:, 0].tolist() == [True, True, True, False, True, True]
        assert there[:, 2].tolist() == [False, False, True, True, True, False]
    assert plain(table, "clump_flux_VIS")[2] == alone.flux[0, 1]
    assert plain(table, "clump_flux_r")[:2] == pytest.approx(measured[0].flux[:, 2])
    assert plain(table, "clump_size")[2] == pytest.approx(alone.size_arcsec[0], nan_ok=True)
    assert table["flags"][2] == positions["flags"][2] | alone.flags[0]
    named = MeasureConfig(bands=("u", "r", "VIS"))
    same = measure(few, [[30.0, 40.0]], named, outline)
    assert same.bands == ("r", "VIS")
    assert same.flux == pytest.approx(alone.flux[:, :2], rel=0.01)


def test_pictures_and_empty_shards_have_tables_too():
    positions, _ = refined_galaxies()
    blank = [Photometry.unmeasured(name, n, "gr") for name, n in (("a", 2), ("b", 0), ("c", 1))]
    table = photometry_table(positions, blank, MeasureConfig(bands=("g", "r")))
    assert np.isnan(plain(table, "clump_flux_g")).all()
    assert len(photometry_table(positions_table([]), [], CONFIG)) == 0
