import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.ops.psf import adaptive_covariance, gaussian_psf, sampled_gaussian
from clumpscope.ops.stars.star_psf import MomentsOfFrame, StarPsf

SHAPE = (1489, 2048)


def truth(rows, cols):
    v, u = rows / SHAPE[0] - 0.5, cols / SHAPE[1] - 0.5
    return np.stack([2 + 0.5 * u + 0.2 * v * v, 1.7 - 0.3 * v + 0.1 * u * v, 0.3 * u], axis=-1)


def places(number, seed=1):
    return np.random.default_rng(seed).uniform((0, 0), SHAPE, (number, 2)).T


def test_moments_follow_the_stars_and_not_the_outliers():
    rows, cols = places(120)
    moments = truth(rows, cols)
    moments += np.random.default_rng(2).normal(0, 0.02, moments.shape)
    moments[::9] *= 2
    moments[5] = np.nan
    fitted = MomentsOfFrame.fit(rows, cols, moments, SHAPE)
    for row, col in ((200, 300), (1300, 1900), (700, 1000)):
        np.testing.assert_allclose(fitted.at(row, col), truth(row, col), atol=0.03)


@pytest.mark.parametrize(("number", "terms"), [(3, 1), (14, 1), (15, 3), (39, 3), (40, 6)])
def test_few_stars_tell_fewer_terms(number, terms):
    rows, cols = places(number)
    fitted = MomentsOfFrame.fit(rows, cols, truth(rows, cols), SHAPE)
    assert fitted.coefficients.shape == (terms, 3)


def test_beyond_the_stars_moments_are_held():
    rows, cols = places(60)
    cols = cols / 4  # the left quarter only
    moments = truth(rows, cols)
    far = MomentsOfFrame.fit(rows, cols, moments, SHAPE).at(700, 2000)
    assert (far >= moments.min(axis=0) - 1e-6).all()
    assert (far <= moments.max(axis=0) + 1e-6).all()


@given(row=st.floats(0, SHAPE[0]), col=st.floats(0, SHAPE[1]))
@settings(max_examples=25)
def test_the_psf_at_a_place_has_the_moments_there(row, col):
    rows, cols = places(60)
    moments = MomentsOfFrame.fit(rows, cols, truth(rows, cols), SHAPE)
    psf = StarPsf(gaussian_psf(3.1, side=41), moments, 60)
    local = psf.at(row, col)
    assert local.assumed
    assert local.image.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(adaptive_covariance(local.image), moments.at(row, col), atol=0.02)
    expected = np.linalg.det(_matrix(moments.at(row, col))) ** 0.25 * 2.35482
    assert local.fwhm_px == pytest.approx(expected, rel=0.005)


def _matrix(moments):
    xx, yy, xy = moments
    return np.array([[xx, xy], [xy, yy]])


def test_covariance_of_a_sheared_gaussian():
    image = sampled_gaussian(4.0)
    side = (4.0 / 2.35482) ** 2
    np.testing.assert_allclose(adaptive_covariance(image), (side, side, 0), atol=1e-3)
    rows, cols = np.mgrid[-20:21, -20:21]
    inverse = np.linalg.inv(_matrix((3.0, 2.0, 0.6)))
    form = inverse[0, 0] * cols**2 + 2 * inverse[0, 1] * cols * rows + inverse[1, 1] * rows**2
    np.testing.assert_allclose(adaptive_covariance(np.exp(-form / 2)), (3.0, 2.0, 0.6), rtol=2e-3)
    assert np.isnan(adaptive_covariance(np.zeros((9, 9)))).all()
