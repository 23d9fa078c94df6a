import galsim
import numpy as np
import pytest
from astropy.stats import gaussian_sigma_to_fwhm
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.ops.psf import (
    adaptive_fwhm_px,
    adaptive_moments,
    gaussian_psf,
    sampled_gaussian,
)


def gaussian(shape, x, y, sigma_x, sigma_y=None, flux=1.0):
    """Sampled at pixel centres, not integrated."""
    rows, cols = np.indices(shape)
    sigma_y = sigma_x if sigma_y is None else sigma_y
    exponent = ((cols - x) / sigma_x) ** 2 + ((rows - y) / sigma_y) ** 2
    return flux * np.exp(-exponent / 2) / (2 * np.pi * sigma_x * sigma_y)


@pytest.mark.parametrize("fwhm", [2.6, 3.3, 5.0])
def test_gaussian_psf_is_centred_of_sum_one_and_as_wide_as_its_pixels_make_it(fwhm):
    psf = gaussian_psf(fwhm)
    assert psf.dtype == np.float32
    assert psf.shape[0] == psf.shape[1]
    assert psf.shape[0] % 2 == 1
    assert psf.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(psf, psf[::-1, ::-1], atol=1e-7)
    # A pixel adds 1/12 to the variance of what it integrates.
    expected = np.sqrt(fwhm**2 + gaussian_sigma_to_fwhm**2 / 12)
    assert adaptive_fwhm_px(psf) == pytest.approx(expected, rel=3e-3)


@pytest.mark.parametrize("fwhm", [2.5, 3.3])
def test_a_sampled_gaussian_has_the_adaptive_width_asked_for(fwhm):
    psf = sampled_gaussian(fwhm)
    assert adaptive_fwhm_px(psf) == pytest.approx(fwhm, rel=1e-3)
    assert psf.sum() == pytest.approx(1)


def test_the_side_of_a_gaussian_psf_can_be_chosen():
    assert gaussian_psf(3.0, side=25).shape == (25, 25)


@pytest.mark.parametrize("fwhm", [0.0, -1.0, np.nan])
def test_a_width_that_is_none_is_refused(fwhm):
    with pytest.raises(ImageError, match="fwhm_px"):
        gaussian_psf(fwhm)


def test_an_even_side_is_refused():
    with pytest.raises(ImageError, match="odd"):
        gaussian_psf(3.0, side=24)


@settings(deadline=None)
@given(
    sigma_x=st.floats(1.5, 3.0),
    ratio=st.floats(0.8, 1.25),
    x=st.floats(14.0, 17.0),
    y=st.floats(14.0, 17.0),
)
def test_moments_of_an_elliptical_gaussian(sigma_x, ratio, x, y):
    image = gaussian((33, 33), x, y, sigma_x, sigma_x * ratio, flux=40)
    fwhm, at_x, at_y, flux = adaptive_moments(image)
    assert fwhm == pytest.approx(gaussian_sigma_to_fwhm * sigma_x * np.sqrt(ratio), rel=2e-3)
    assert (at_x, at_y) == (pytest.approx(x, abs=0.01), pytest.approx(y, abs=0.01))
    assert flux == pytest.approx(40, rel=0.01)


@settings(deadline=None)
@given(quarter=st.integers(0, 3), flip=st.booleans())
def test_width_does_not_depend_on_the_image_s_turn_or_parity(quarter, flip):
    image = gaussian((31, 31), 16.3, 14.6, 1.5, 1.9)
    turned = np.rot90(image[::-1] if flip else image, quarter)
    assert adaptive_fwhm_px(turned) == pytest.approx(adaptive_fwhm_px(image), rel=1e-4)


def test_the_fwhm_is_not_that_at_half_maximum():
    # Definitions differ: a Moffat's adaptive width exceeds that at half maximum.
    star = galsim.Moffat(beta=2.5, fwhm=3.2).drawImage(nx=41, ny=41, scale=1).array
    assert adaptive_fwhm_px(star) > 1.03 * 3.2


@pytest.mark.parametrize("image", [np.zeros((21, 21)), np.full((21, 21), -1.0)])
def test_nothing_has_no_width(image):
    assert np.isnan(adaptive_fwhm_px(image))
