"""A band is a row of the table and a recipe: with them it goes all the way to the catalogue."""

import numpy as np
import pytest
from astropy import units as u

from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import ObserveConfig
from clumpscope.core import bands
from clumpscope.core.bands import BANDS, SDSS_BANDS, BandInfo
from clumpscope.core.schema import plain
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

W = BandInfo("w", 690.0, "em.opt.R", 2.0, 9)  # between r and i
SHARE = np.log(690.0 / 616.6) / np.log(748.0 / 616.6)
EBV = 0.1
MEASURED = ("u", "g", "r", "i", "z", "w")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sample with a sixth band, and its run."""
    folder = tmp_path_factory.mktemp("w")
    as_in_r = {
        name: (*values, values[2])
        for name, values in ObserveConfig().model_dump().items()
        if name != "bands" and isinstance(values, tuple) and len(values) == 5
    }
    recipe = Recipe(
        seed=2,
        measure={"bands": MEASURED},
        simulate={"observe": {"bands": (*SDSS_BANDS, "w"), **as_in_r}},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "BANDS", (*BANDS, W))
        simulate(folder / "sample", 4, recipe, 1)
        hosts = Sample.open(folder / "sample").hosts
        hosts["ebv"] = EBV * u.mag
        write_parquet(hosts, folder / "sample" / "hosts.parquet")
        run(folder / "sample", folder / "run", recipe)
        yield folder / "sample", folder / "run", recipe


def bright(out):
    """The catalogue's clumps of which r, i and w all show something."""
    table = read_parquet(out / "catalogue.parquet")
    return table[np.all([plain(table, f"clump_flux_{band}") > 0 for band in "riw"], axis=0)]


def test_images_and_tables_of_the_sample_have_it(made):
    folder, _, recipe = made
    sample = Sample.open(folder)
    image = sample.read(0, recipe.sample)
    assert list(image.bands) == [*SDSS_BANDS, "w"]
    assert image["w"].psf_fwhm_arcsec == sample.host(0, "psf_fwhm_w")
    truth = {band: plain(sample.truth(), f"flux_{band}") for band in "riw"}
    between = truth["r"] ** (1 - SHARE) * truth["i"] ** SHARE
    assert truth["w"] == pytest.approx(between)


def test_it_is_measured_and_catalogued_with_units_and_ucds(made):
    folder, out, _ = made
    table = bright(out)
    assert len(table) > 4
    assert table.meta["bands"] == "".join(MEASURED)
    flux = {band: plain(table, f"clump_flux_{band}") for band in "riw"}
    error = plain(table, "clump_flux_err_w")
    between = flux["r"] ** (1 - SHARE) * flux["i"] ** SHARE
    assert np.median(np.abs(flux["w"] - between) / error) < 3
    assert plain(table, "clump_mag_w") == pytest.approx(8.90 - 2.5 * np.log10(flux["w"]))
    extinct = plain(table, "clump_ext_mag_w")
    assert extinct == pytest.approx(EBV * W.extinction)
    assert plain(table, "clump_mag_corr_w") == pytest.approx(plain(table, "clump_mag_w") - extinct)
    host = Sample.open(folder).hosts["petro_flux_w"].value[0]
    first = np.asarray(table["galaxy_id"]) == "sim000001"
    assert plain(table, "galaxy_mag_w")[first] == pytest.approx(
        22.5 - 2.5 * np.log10(host), abs=1e-3
    )
    assert (table["clump_flux_w"].unit, table["clump_mag_w"].unit) == (u.Jy, u.mag)
    assert table["clump_flux_w"].info.meta["ucd"] == "phot.flux;em.opt.R"
    assert table["clump_mag_w"].info.description == "AB magnitude in w; NaN for a non-positive flux"


def test_its_colours_are_those_with_its_neighbours(made):
    table = bright(made[1])
    pairs = [
        name.removeprefix("clump_mag_corr_")
        for name in table.colnames
        if name.startswith("clump_mag_corr_") and "err" not in name and name.count("_") == 4
    ]
    assert pairs == ["u_g", "g_r", "r_w", "w_i", "i_z"]
    mags = {band: plain(table, f"clump_mag_corr_{band}") for band in "rw"}
    assert plain(table, "clump_mag_corr_r_w") == pytest.approx(mags["r"] - mags["w"])
    errors = [plain(table, f"clump_mag_err_{band}") for band in "rw"]
    assert plain(table, "clump_mag_corr_err_r_w") == pytest.approx(np.hypot(*errors))


def test_the_run_s_galaxies_have_its_psf(made):
    galaxies = read_parquet(made[1] / "galaxies.parquet")
    assert [n for n in galaxies.colnames if n.startswith("psf_fwhm")] == [
        f"psf_fwhm_{band}" for band in "ugrwiz"
    ]
    assert np.isfinite(plain(galaxies, "psf_fwhm_w")).all()
