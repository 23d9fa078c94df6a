import numpy as np
import pytest
from astropy.stats import gaussian_sigma_to_fwhm
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.field import LocalPsf
from clumpscope.ops.carried_psf import carried_psf
from clumpscope.ops.psf import adaptive_covariance, adaptive_fwhm_px


def oblong(xx=4.0, yy=2.2, xy=0.7, side=41):
    """A Gaussian of second moments xx, yy, xy, px squared."""
    half = side // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    a, b, c = np.linalg.inv([[xx, xy], [xy, yy]])[[0, 1, 0], [0, 1, 1]]
    image = np.exp(-(a * x**2 + b * y**2 + 2 * c * x * y) / 2)
    image = (image / image.sum()).astype(np.float32)
    return LocalPsf(image, adaptive_fwhm_px(image), assumed=True)


@given(scale=st.floats(0.12, 1.04), turn=st.floats(0, 360), flip=st.booleans())
@settings(max_examples=25, deadline=None)
def test_moments_turn_and_grow_with_the_grid(scale, turn, flip):
    psf = oblong()
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    steps = scale * np.array([[c, -s], [s, c]]) @ np.diag([1, -1 if flip else 1])
    found = carried_psf(psf, steps)
    assert found.assumed
    assert found.image.shape[0] % 2 == 1
    assert found.image.sum() == pytest.approx(1, abs=1e-5)
    # Moments (row, column) of the new grid: M^-1 C M^-T.
    xx, yy, xy = adaptive_covariance(psf.image)
    back = np.linalg.inv(steps)
    expected = back @ np.array([[yy, xy], [xy, xx]]) @ back.T
    xx, yy, xy = adaptive_covariance(found.image)
    np.testing.assert_allclose([[yy, xy], [xy, xx]], expected, atol=0.01 * expected.max())
    assert found.fwhm_px == pytest.approx(psf.fwhm_px / scale, rel=0.005)
    rows, cols = np.indices(found.image.shape)
    middle = (found.image.shape[0] - 1) / 2
    for axis in (rows, cols):
        assert (found.image * axis).sum() == pytest.approx(middle, abs=0.01)


@pytest.mark.parametrize("scale", [1.5, 3.0, 13.0])
def test_larger_pixels_widen_it_by_their_own_size(scale):
    psf = oblong((2 * scale) ** 2, (2 * scale) ** 2, 0, side=int(24 * scale) | 1)
    found = carried_psf(psf, np.eye(2) * scale)
    # The box of a window pixel adds a twelfth of its area to the variance.
    expected = gaussian_sigma_to_fwhm * np.sqrt(4 + 1 / 12)
    assert found.fwhm_px == pytest.approx(expected, rel=0.004)
    assert found.image.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("steps", [np.eye(2), [[1.0009, -1.7e-3], [1.7e-3, 1.0009]]])
def test_on_a_grid_alike_it_is_the_very_same(steps):
    psf = oblong()
    assert carried_psf(psf, steps) is psf


@pytest.mark.parametrize("steps", [-np.eye(2), np.diag([1.0, -1.0]), [[0, 1], [1, 0]]])
def test_turned_by_right_angles_pixels_change_places_only(steps):
    psf = oblong()
    image = carried_psf(psf, steps).image
    inset = (image.shape[0] - 41) // 2
    middle = image[inset : inset + 41, inset : inset + 41]
    y, x = np.mgrid[-20:21, -20:21]
    rows, cols = np.einsum("ij,jkl->ikl", np.asarray(steps, dtype=int), np.stack([y, x]))
    np.testing.assert_allclose(middle, psf.image[rows + 20, cols + 20], atol=1e-6)


def test_pixels_too_large_for_its_width():
    found = carried_psf(oblong(1.0, 1.0, 0.0), np.eye(2) * 30)
    assert found.image.sum() == pytest.approx(1)
    assert found.image.max() > 0.9
