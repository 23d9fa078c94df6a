import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
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


def test_pictures_and_empty_shards_have_tables_too():
    positions, _ = refined_galaxies()
    blank = [Photometry.unmeasured(name, n, "gr") for name, n in (("a", 2), ("b", 0), ("c", 1))]
    table = photometry_table(positions, blank, MeasureConfig(bands=("g", "r")))
    assert np.isnan(plain(table, "clump_flux_g")).all()
    assert len(photometry_table(positions_table([]), [], CONFIG)) == 0
