"""What an image takes from the host table and the recipe, and what neither may be."""

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from builders import galaxy_image
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.run import SampleConfig
from clumpscope.core.galaxy import require_galaxy
from clumpscope.errors import ImageError
from clumpscope.store.images import write_galaxy
from clumpscope.store.sample import Sample
from samples import hosts, picture

CONFIG = SampleConfig()


def test_a_picture_takes_its_scale_from_the_hosts_or_the_recipe(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.png")
    hosts(tmp_path, galaxy_id=["a", "b"], pixscale_arcsec=[0.2, np.nan], psf_fwhm_r=[0.9, 0.0])
    sample = Sample.open(tmp_path)
    known, unknown = sample.read(0, CONFIG), sample.read(1, CONFIG)
    assert (known.pixscale_arcsec, known.psf_fwhm_arcsec, known.psf_assumed) == (0.2, 0.9, False)
    assert unknown.pixscale_arcsec == CONFIG.pixscale_arcsec
    assert unknown.psf_fwhm_arcsec == CONFIG.psf_fwhm_arcsec
    assert unknown.psf_assumed
    assert [one.pixscale_assumed for one in (known, unknown)] == [False, True]
    with pytest.raises(ImageError, match="a: expected calibrated bands to measure"):
        require_galaxy(known)


def no_widths(path, bands, **primary):
    """Write a galaxy whose file does not tell its PSF."""
    write_galaxy(path, galaxy_image(path.stem, bands))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update(primary)
        for band in bands:
            for key in ("PSFFWHM", "PSFASSUM"):
                del hdus[band].header[key]


def test_each_band_takes_its_own_width_from_the_hosts(tmp_path):
    no_widths(tmp_path / "images" / "a.fits", "gri")
    hosts(tmp_path, galaxy_id=["a"], psf_fwhm_g=[1.5], psf_fwhm_r=[1.1], psf_fwhm_i=[0.0])
    image = Sample.open(tmp_path).read(0, CONFIG)
    found = {band: (one.psf_fwhm_arcsec, one.psf_assumed) for band, one in image.bands.items()}
    assert found == {
        "g": (1.5, False),
        "r": (1.1, False),
        "i": (CONFIG.psf_fwhm_arcsec, True),
    }


def test_a_picture_needs_both_scale_and_width_to_be_known(tmp_path):
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png")
    hosts(
        tmp_path,
        galaxy_id=list("abc"),
        psf_fwhm_r=[0.9, 0.9, np.nan],
        field_arcsec=[np.nan, 8.0, 8.0],
    )
    sample = Sample.open(tmp_path)
    found = [sample.read(index, CONFIG) for index in range(3)]
    assert [one.psf_assumed for one in found] == [True, False, True]
    default = CONFIG.pixscale_arcsec
    assert [one.pixscale_arcsec for one in found] == [default, 0.4, 0.4]


def test_the_host_table_s_position_goes_before_the_header_s(tmp_path):
    for name in "ab":
        no_widths(tmp_path / "images" / f"{name}.fits", "r", RA=10.0, DEC=20.0)
    hosts(tmp_path, galaxy_id=["a", "b"], ra=[10.1, 10.1], dec=[20.1, np.nan])
    sample = Sample.open(tmp_path)
    found = [sample.read(index, CONFIG) for index in range(2)]
    assert [(one.ra, one.dec) for one in found] == [(10.1, 20.1), (10.0, 20.0)]


@pytest.mark.parametrize(
    ("known", "fwhm_px"),
    [
        ({}, 1.3 / 0.396),
        ({"psf_fwhm_r": [2.0]}, 2.0 / 0.396),
        ({"pixscale_arcsec": [0.5]}, 1.3 / 0.5),
        ({"field_arcsec": [12.0]}, 1.3 / (12 / 30)),  # of the longer side
    ],
)
def test_the_grid_of_a_picture_has_the_scales_of_the_picture(tmp_path, known, fwhm_px):
    Image.fromarray(np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)).save(
        tmp_path / "g1.png"
    )
    hosts(tmp_path, galaxy_id=["g1"], **known)
    sample = Sample.open(tmp_path)
    grid, picture = sample.grid(0, SampleConfig()), sample.read(0, SampleConfig())
    assert grid.shape == picture.shape == (20, 30)
    assert grid.wcs is None
    assert grid.psf_fwhm_px == pytest.approx(fwhm_px)
    assert picture.psf_fwhm_arcsec / picture.pixscale_arcsec == pytest.approx(fwhm_px)


def test_the_grid_of_an_image_takes_its_width_from_the_hosts(tmp_path):
    no_widths(tmp_path / "g1.fits", "gr")
    hosts(tmp_path, galaxy_id=["g1"], psf_fwhm_r=[2.5])
    sample = Sample.open(tmp_path)
    image = sample.read(0, SampleConfig())
    assert sample.grid(0, SampleConfig()).psf_fwhm_px == pytest.approx(2.5 / image.pixscale_arcsec)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"dec": [95.0]}, r"hosts\.parquet dec: expected -90 to 90 degrees, got 95\.0"),
        ({"dec": [-np.inf]}, r"hosts\.parquet dec: expected -90 to 90 degrees, got -inf"),
        ({"ra": [np.inf]}, r"hosts\.parquet ra: expected -180 to 360 degrees, got inf"),
        ({"ra": [1e9]}, r"hosts\.parquet ra: expected -180 to 360 degrees, got 1000000000\.0"),
    ],
)
def test_a_host_that_is_nowhere_on_the_sky(tmp_path, place, message):
    write_galaxy(tmp_path / "images" / "a.fits", galaxy_image("a", "gri"))
    hosts(tmp_path, galaxy_id=["a"], **{"ra": [10.0], "dec": [20.0], **place})
    sample = Sample.open(tmp_path)
    with pytest.raises(ImageError, match=message):
        sample.read(0)


def test_widths_of_the_host_table_have_limits_too(tmp_path):
    picture(tmp_path / "images" / "p.png")
    hosts(tmp_path, galaxy_id=["p"], psf_fwhm_r=[3000.0], pixscale_arcsec=[0.4])
    sample = Sample.open(tmp_path)
    for read in (sample.read, sample.grid):
        with pytest.raises(ImageError, match=r"p\.png PSF-FWHM: .*\[limits\] psf_px\), got .* px"):
            read(0, CONFIG)
    hosts(tmp_path, galaxy_id=["p"], psf_fwhm_r=[1.3], pixscale_arcsec=[1e-6])
    with pytest.raises(
        ImageError, match=r"psf_px\), got .* for 1\.3 arcsec at 1e-06 arcsec a pixel"
    ):
        Sample.open(tmp_path).read(0)


def test_the_limits_of_a_recipe(tmp_path):
    picture(tmp_path / "a.png")
    write_galaxy(tmp_path / "b.fits", galaxy_image("b", "gri"))
    sample, limits = Sample.open(tmp_path), LimitsConfig(cutout_px=399)
    for row in (0, 1):
        for read in (sample.read, sample.grid):
            with pytest.raises(ImageError, match=r"at most 399 px \(\[limits\] cutout_px\)"):
                read(row, CONFIG, limits)
    assert sample.read(0, CONFIG, LimitsConfig(cutout_px=400)).shape == (20, 20)
