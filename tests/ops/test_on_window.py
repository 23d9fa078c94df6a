"""Bands of one field on any grid: flux, place, PSF and noise as of one camera."""

from pathlib import Path

import numpy as np
import pytest
from astropy.stats import gaussian_sigma_to_fwhm
from scipy.special import erf

from builders import tan_wcs
from clumpscope.core.field import Band, Frame, LocalPsf
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.errors import FrameError
from clumpscope.ops.on_window import on_window, pixel_side
from clumpscope.ops.psf import adaptive_moments
from clumpscope.ops.window import Window
from distorted import sip_wcs, tpv_wcs

FLUX = 37.0


class Steady:
    def __init__(self, local):
        self.local = local

    def at(self, row, col):
        return self.local


def gaussian(shape, x, y, sigma):
    rows, cols = np.indices(shape)
    return np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)


def band(wcs, shape, sky, sigma):
    x, y = sky_to_native(sky, wcs)[0]
    data = (FLUX * gaussian(shape, x, y, sigma)).astype(np.float32)
    image = gaussian((61, 61), 30, 30, sigma)
    psf = LocalPsf(image.astype(np.float32), sigma * gaussian_sigma_to_fwhm, assumed=False)
    frame = Frame(Path("a.fits"), "r", data, np.full(shape, 0.01, dtype=np.float32), wcs)
    return Band(frame, np.zeros(shape, dtype=np.uint8), Steady(psf))


@pytest.mark.parametrize(
    ("wcs", "sigma"),
    [
        (sip_wcs((200, 200), 0.4, 70.0), 1.6),
        (sip_wcs((200, 200), 0.17, 10.0, flip=True), 3.5),
        (tpv_wcs(), 1.5),
        (tan_wcs((200, 200), 0.4, 180.0), 1.5),
        (tan_wcs((200, 200), 0.8, 5.0, flip=True), 1.5),
        (tan_wcs((500, 500), 0.06, 200.0), 8.0),
    ],
)
def test_a_point_is_the_carried_psf_times_its_flux(wcs, sigma):
    window = Window.centred(tan_wcs((300, 300), 0.4, 20.0), 150.0, 150.0, 45)
    sky = native_to_sky([[22.0, 22.0]], window.wcs)
    side = 500 if wcs.wcs.crpix[0] > 200 else 200
    plane = on_window(band(wcs, (side, side), sky, sigma), window, own=False)
    assert plane.data.sum() == pytest.approx(FLUX, rel=3e-3)
    fwhm, x, y, _ = adaptive_moments(plane.data)
    assert np.hypot(x - 22, y - 22) < 0.02
    assert plane.psf_fwhm_arcsec == pytest.approx(fwhm * 0.4, rel=0.01)
    half = (plane.psf.shape[0] - 1) // 2
    reach = min(half, 10)
    middle = plane.psf[half - reach : half + reach + 1, half - reach : half + reach + 1]
    seen = plane.data[22 - reach : 23 + reach, 22 - reach : 23 + reach] / FLUX
    np.testing.assert_allclose(middle, seen, atol=0.025 * seen.max())
    assert not plane.mask.any()


def test_a_band_s_own_window_is_cut_with_its_distortion_and_local_pixels():
    wcs = sip_wcs((200, 200), 0.4)
    sky = native_to_sky([[180.0, 20.0]], wcs)
    own = band(wcs, (200, 200), sky, 1.5)
    window = Window.centred(wcs, 180.0, 20.0, 31)
    plane = on_window(own, window, own=True)
    np.testing.assert_array_equal(plane.data, own.frame.data[5:36, 165:196])
    np.testing.assert_allclose(sky_to_native(sky, plane.wcs), [[15.0, 15.0]], atol=1e-5)
    corner = pixel_side(own, 180.0, 20.0)
    assert abs(corner / 0.4 - 1) > 0.001
    assert plane.psf_fwhm_arcsec == pytest.approx(1.5 * gaussian_sigma_to_fwhm * corner)
    assert pixel_side(own) == pytest.approx(0.4)


def test_a_frame_on_the_other_side_of_the_sky():
    wcs = tan_wcs((50, 50), 0.4, ra=49.5, dec=-42.7)
    far = band(wcs, (50, 50), native_to_sky([[25.0, 25.0]], wcs), 1.5)
    with pytest.raises(FrameError, match=r"a.fits WCS: expected a pixel for the window, got none"):
        on_window(far, Window.centred(tan_wcs(), 20.0, 20.0, 21), own=False)


def test_pixels_that_lie_on_one_another_are_cut_not_smeared():
    """A frame of the same grid, some whole pixels off: the same numbers, and masks no wider."""
    grid = tan_wcs((90, 90), 0.4, 33.0)
    moved = grid.deepcopy()
    moved.wcs.crpix = moved.wcs.crpix + [7, -4]
    window = Window.centred(grid, 44.0, 45.0, 31)
    sky = native_to_sky([[44.0, 45.0]], grid)
    other = band(moved, (90, 90), sky, 1.6)
    other.frame.data[:] += np.random.default_rng(0).normal(0, 1, (90, 90)).astype(np.float32)
    other.mask[45 - 4, 44 + 7] = 1
    plane = on_window(other, window, own=False)
    start = window.y0 - 4, window.x0 + 7
    same = np.s_[start[0] : start[0] + 31, start[1] : start[1] + 31]
    assert np.array_equal(plane.data, other.frame.data[same])
    assert np.argwhere(plane.mask).tolist() == [[45 - window.y0, 44 - window.x0]]


def test_a_psf_narrower_than_the_window_s_pixels_is_carried_all_the_same():
    wcs = tan_wcs((200, 200), 0.1)
    sky = native_to_sky([[100.0, 100.0]], wcs)
    fine = band(wcs, (200, 200), sky, 1.2)
    coarse = tan_wcs((60, 60), 0.5)
    x, y = sky_to_native(sky, coarse)[0]
    window = Window.centred(coarse, x, y, 21)
    plane = on_window(fine, window, own=False)
    side = plane.psf.shape[0] // 2
    pixel = plane.psf[side, side]
    # A Gaussian of 0.12 arcsec over a pixel of 0.5 arcsec.
    assert pixel == pytest.approx(erf(0.25 / 0.12 / np.sqrt(2)) ** 2, abs=0.02)
    assert plane.psf_fwhm_arcsec == pytest.approx(0.5, rel=0.1)


def test_a_psf_without_a_width_is_refused():
    own = band(tan_wcs((50, 50), 0.4), (50, 50), [[10.0, 2.0]], 1.5)
    own.psf.local = LocalPsf(own.psf.local.image, np.nan, assumed=False)
    window = Window.centred(own.frame.wcs, 25.0, 25.0, 21)
    with pytest.raises(FrameError, match=r"a\.fits PSF: expected a width, got nan"):
        on_window(own, window, own=True)
