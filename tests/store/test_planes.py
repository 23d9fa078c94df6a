"""Compressed images: what they cost, and what they keep."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from builders import tan_wcs
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.store.images import read_galaxy, write_galaxy
from scenes import moffat_psf

SIDE, FWHM = 121, 3.0
PSF = moffat_psf(FWHM, 3.0, 41)
STARS = [(25, 31, 60.0), (80, 90, 40.0), (95, 30, 25.0)]
NOISE = 0.02


def image(noise=NOISE):
    """A disk and point sources of signal-to-noise 90 and more, as SDSS has them."""
    rng = np.random.default_rng(5)
    rows, cols = np.indices((SIDE, SIDE)) - SIDE // 2
    light = 0.4 * np.exp(-np.hypot(rows, 1.5 * cols) / 8)
    for row, col, flux in STARS:
        light[row - 20 : row + 21, col - 20 : col + 21] += flux * PSF
    variance = noise**2 + light * 1e-3
    planes = {}
    for band in "ugriz":
        mask = np.zeros(light.shape, dtype=np.uint8)
        mask[3:9, 100:110] = 8
        planes[band] = BandImage(
            data=(light + rng.normal(0, np.sqrt(variance))).astype(np.float32),
            variance=variance.astype(np.float32),
            mask=mask,
            wcs=tan_wcs((SIDE, SIDE)),
            psf_fwhm_arcsec=FWHM * 0.396,
            psf=PSF,
        )
    return GalaxyImage("g0", planes, 150.0, 20.0)


@pytest.fixture
def written(tmp_path):
    made = image()
    for kind in ("none", "quantised"):
        write_galaxy(tmp_path / f"{kind}.fits", made, kind)
    return made, tmp_path


def psf_flux(plane, row, col):
    """Optimal flux of a point source and its error."""
    window = np.s_[row - 6 : row + 7, col - 6 : col + 7]
    profile = PSF[14:27, 14:27].astype(float)
    weight = profile / plane.variance[window]
    total = (weight * profile).sum()
    return (weight * plane.data[window]).sum() / total, total**-0.5


def test_it_is_a_third_and_keeps_fluxes_to_a_thousandth(written):
    made, folder = written
    plain, small = (folder / f"{kind}.fits" for kind in ("none", "quantised"))
    assert 3 * small.stat().st_size <= plain.stat().st_size
    kept = read_galaxy(small)
    changes = []
    for band, plane in made.bands.items():
        found = kept[band]
        host = np.s_[30:91, 30:91]
        change = found.data[host].sum(dtype=float) / plane.data[host].sum(dtype=float) - 1
        assert abs(change) < 1e-3
        for row, col, _ in STARS:
            (flux, error), (now, now_error) = (psf_flux(p, row, col) for p in (plane, found))
            assert flux > 90 * error
            assert abs(now - flux) < 0.15 * error
            assert now == pytest.approx(flux, rel=1e-3)
            assert now_error == pytest.approx(error, rel=5e-3)
            changes.append(now / flux - 1)
        off = (found.data - plane.data) / np.sqrt(plane.variance)
        assert off.std() < 0.037  # an eighth of the noise, evenly: a noise of 0.0361
        assert found.psf.sum() == pytest.approx(1, abs=3e-4)
        np.testing.assert_allclose(found.variance, plane.variance, rtol=0.011)
        np.testing.assert_array_equal(found.mask, plane.mask)
        assert found.psf_fwhm_arcsec == plane.psf_fwhm_arcsec
    assert abs(np.mean(changes)) < 3e-4


def test_names_and_cards_are_those_of_plain_files(written):
    _, folder = written
    with (
        fits.open(folder / "none.fits") as plain,
        fits.open(folder / "quantised.fits") as small,
    ):
        assert [hdu.name for hdu in plain] == [hdu.name for hdu in small]
        for a, b in zip(plain[1:], small[1:], strict=True):
            assert a.shape == b.shape
            assert isinstance(b, fits.CompImageHDU)
            own = {key: a.header[key] for key in a.header if not key.startswith("XTEN")}
            assert {key: b.header[key] for key in own} == own


def test_planes_without_noise_or_numbers_stay_as_they_are(tmp_path):
    made = image()
    bare = replace(made["g"], variance=np.zeros((SIDE, SIDE), dtype=np.float32), psf=None)
    holed = replace(made["r"], data=np.where(made["r"].mask, np.nan, made["r"].data))
    path = tmp_path / "a.fits"
    write_galaxy(path, GalaxyImage("g0", {"g": bare, "r": holed}), "quantised")
    with fits.open(path) as hdus:
        np.testing.assert_array_equal(hdus["g"].data, bare.data)
        np.testing.assert_array_equal(hdus["r"].data, holed.data)
        assert isinstance(hdus["r_VAR"], fits.CompImageHDU)
