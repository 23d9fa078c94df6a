"""Bands of more than one letter, and images that lack some: all the way, and back from disk."""

import numpy as np
import pytest
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import ObserveConfig
from clumpscope.core.bands import band_info
from clumpscope.core.schema import plain
from clumpscope.jobs.detect import detect
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.measure import measure
from clumpscope.jobs.report import report
from clumpscope.jobs.run import run
from clumpscope.jobs.sheet import sheet
from clumpscope.jobs.show import show
from clumpscope.jobs.simulate import simulate
from clumpscope.stages.catalogue import catalogue
from clumpscope.store.formats import read_catalogue, write_formats
from clumpscope.store.images import write_galaxy
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, read_user_table, write_parquet

BANDS = ("u", "g", "r", "VIS", "i", "F814W", "z")
RECIPE = Recipe(
    seed=2,
    simulate={
        "observe": {
            "bands": ("u", "g", "r", "i", "z", "VIS", "F814W"),
            **{
                name: (*values, values[2], values[3])
                for name, values in ObserveConfig().model_dump().items()
                if name != "bands" and isinstance(values, tuple) and len(values) == 5
            },
        }
    },
)
READ = ("catalogue.parquet", "catalogue.fits", "catalogue.vot", "catalogue.ecsv")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named") / "sample"
    simulate(folder, 4, RECIPE, 1)
    hosts = Sample.open(folder).hosts
    hosts["ebv"] = 0.1 * hosts["ebv"].unit
    write_parquet(hosts, folder / "hosts.parquet")
    return folder


@pytest.fixture(scope="module")
def done(sample):
    """A run with the default model and recipe."""
    run(sample, sample.with_name("run"), RECIPE)
    return sample.with_name("run")


def test_a_sample_has_them_in_images_and_tables(sample):
    opened = Sample.open(sample)
    assert opened.bands() == BANDS
    image = opened.read(0)
    assert set(image.bands) == set(BANDS)
    assert image["F814W"].psf_fwhm_arcsec == opened.host(0, "psf_fwhm_F814W")
    truth = {band: plain(opened.truth(), f"flux_{band}") for band in ("r", "VIS", "i")}
    waves = {band: np.log(band_info(band).wavelength_nm) for band in truth}
    share = (waves["VIS"] - waves["r"]) / (waves["i"] - waves["r"])
    assert truth["VIS"] == pytest.approx(truth["r"] ** (1 - share) * truth["i"] ** share)
    assert (plain(opened.hosts, "petro_flux_F814W") > 0).all()


@pytest.mark.parametrize("name", READ)
def test_every_format_has_what_was_measured(done, name):
    written, table = read_parquet(done / READ[0]), read_catalogue(done / name)
    assert table.meta["bands"] == ",".join(BANDS)
    assert table.colnames == written.colnames
    for band in ("VIS", "F814W"):
        flux, error = (plain(table, f"clump_flux{stem}_{band}") for stem in ("", "_err"))
        np.testing.assert_array_equal(flux, plain(written, f"clump_flux_{band}"))
        assert np.isfinite(flux).sum() > 3
        between = (plain(table, "clump_flux_r") + plain(table, "clump_flux_z")) / 2
        assert np.nanmedian(np.abs(flux - between) / error) < 5
        extinct = plain(table, f"clump_ext_mag_{band}")
        assert extinct == pytest.approx(0.1 * band_info(band).extinction)
    colour = plain(table, "clump_mag_corr_r_VIS")
    of_two = plain(table, "clump_mag_corr_r") - plain(table, "clump_mag_corr_VIS")
    assert colour == pytest.approx(of_two, nan_ok=True)
    assert "clump_mag_corr_i_F814W" in table.colnames
    assert np.isfinite(plain(table, "galaxy_mag_VIS")).all()


def test_regions_report_and_pictures_are_made(done, sample):
    text = (done / "catalogue.reg").read_text()
    assert text.count("circle(") == len(read_parquet(done / READ[0]))
    page = report(done).read_text()
    assert "clump_flux_F814W" in page
    sheet(done)
    show(done, Sample.open(sample).ids[0])


def test_evaluation_and_measuring_anew_know_them(done, sample, tmp_path):
    found = evaluate([done], sample / "truth.parquet", RECIPE, baselines=(), bootstraps=0)
    assert list(found) == ["run"]
    truth = Sample.open(sample).truth()
    QTable({name: truth[name] for name in ("galaxy_id", "x", "y")}).write(tmp_path / "xy.ecsv")
    measure(sample, tmp_path / "xy.ecsv", tmp_path / "out.fits", RECIPE)
    table = read_user_table(tmp_path / "out.fits")
    assert table.meta["BANDS"] == ",".join(BANDS)
    assert np.isfinite(table["clump_flux_VIS"]).all()


@pytest.fixture(scope="module")
def parts(sample):
    """Clumpy ones of the galaxies: with g r i, with g and VIS, and with VIS alone."""
    folder, opened = sample.with_name("parts"), Sample.open(sample).part([2, 3, 1])
    for k, bands in enumerate((("g", "r", "i"), ("g", "VIS"), ("VIS",))):
        image = opened.read(k)
        kept = {band: image[band] for band in bands}
        write_galaxy(
            folder / "images" / f"{image.galaxy_id}.fits",
            type(image)(image.galaxy_id, kept, image.ra, image.dec),
        )
    write_parquet(opened.hosts, folder / "hosts.parquet")
    return folder


def errors(out):
    failures = Run(out).read("failures")
    return dict(zip(failures["galaxy_id"], failures["error"], strict=True))


def test_what_an_image_has_is_measured_and_the_rest_is_blank(parts, tmp_path):
    done = run(parts, tmp_path / "run", RECIPE, model="clumpscope-psf")
    assert (done.failed, done.undrawn) == (1, "")
    ids, table = Sample.open(parts).ids, read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert table.meta["bands"] == "g,r,VIS,i"
    for name, bands in ((ids[0], "gri"), (ids[1], ("g", "VIS"))):
        mine = table[np.asarray(table["galaxy_id"]) == name]
        assert len(mine) > 0
        there = {
            band for band in ("g", "r", "VIS", "i") if np.isfinite(mine[f"clump_flux_{band}"]).any()
        }
        assert there == set(bands)
        assert np.isfinite(mine["FWHM_r_arcsec"]).all()
        assert np.isnan(mine["clump_flux_ratio"]).all()
    message = "for model clumpscope-psf: expected one of bands u g r i z, got VIS; no packaged"
    assert message in errors(tmp_path / "run")[ids[2]]
    assert "clump_flux_VIS" in report(tmp_path / "run").read_text()
    show(tmp_path / "run", ids[1])


def test_the_default_model_says_which_would_take_the_image(parts, tmp_path):
    detect(parts, tmp_path / "run", RECIPE)
    ids, found = Sample.open(parts).ids, errors(tmp_path / "run")
    assert list(found) == ids[1:]
    assert found[ids[1]].endswith(
        "all of bands i r g, got g VIS; --model clumpscope-psf takes the image as it is"
    )


def test_one_band_alone_is_measured_and_catalogued_in_every_format(parts, tmp_path):
    opened, truth = Sample.open(parts), Sample.open(parts.with_name("sample")).truth()
    mine = truth[np.asarray(truth["galaxy_id"]) == opened.ids[2]]
    QTable({name: mine[name] for name in ("galaxy_id", "x", "y")}).write(tmp_path / "xy.ecsv")
    measure(parts, tmp_path / "xy.ecsv", tmp_path / "out.parquet", RECIPE)
    photometry = read_parquet(tmp_path / "out.parquet")
    assert photometry.meta["bands"] == "VIS,"
    table = catalogue(photometry, opened.hosts, RECIPE.catalogue)
    write_parquet(table, tmp_path / "catalogue.parquet")
    write_formats(table, tmp_path, "catalogue", RECIPE.catalogue.formats)
    for name in READ:
        back = read_catalogue(tmp_path / name)
        assert (back.meta["bands"], back.colnames) == ("VIS,", table.colnames)
        np.testing.assert_array_equal(back["clump_flux_VIS"], table["clump_flux_VIS"])
    measure(parts.with_name("sample"), tmp_path / "xy.ecsv", tmp_path / "all.parquet", RECIPE)
    beside = plain(read_parquet(tmp_path / "all.parquet"), "clump_flux_VIS")
    flux, error = (plain(photometry, f"clump_flux{stem}_VIS") for stem in ("", "_err"))
    assert np.max(np.abs(flux - beside) / error) < 1
