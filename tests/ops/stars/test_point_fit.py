"""Point sources fitted to stamps: fluxes, widths and what they lie on, drawn by galsim."""

import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.profiles import Profile
from clumpscope.ops.stars.point_fit import _solve, fit_point
from scenes import moffat_psf

FWHM = 3.2
SIDE = 41
PSF = moffat_psf(FWHM, 3.0, 61)
NOISE = 0.02


def drawn(x, y, flux=50.0, width=0.0):
    source = galsim.InterpolatedImage(galsim.Image(PSF.astype(float), scale=1.0))
    if width:
        source = galsim.Convolve(source, galsim.Gaussian(sigma=width))
    middle = (SIDE - 1) / 2
    image = source.withFlux(flux).drawImage(
        nx=SIDE, ny=SIDE, scale=1.0, method="no_pixel", offset=(x - middle, y - middle)
    )
    return image.array.astype(float)


def fit(data, xy=(20.0, 20.0), mask=None):
    mask = np.zeros(data.shape, np.uint8) if mask is None else mask
    variance = np.full(data.shape, NOISE**2)
    return fit_point(data, variance, mask, xy, Profile.of(PSF, FWHM), FWHM)


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(-0.1, 0.3), st.floats(-0.01, 0.01))
def test_a_point_on_a_plane_gives_its_flux_no_width_and_the_plane(x, y, level, slope):
    plane = level + slope * (np.arange(SIDE) - 20 - x)
    found = fit(drawn(20 + x, 20 + y) + plane, (20 + x, 20 + y))
    assert found is not None
    assert found.flux == pytest.approx(50, rel=0.004)
    assert found.width == pytest.approx(0, abs=0.02)
    assert found.level == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_wider_source_shows_its_width(share):
    # A Gaussian of this share of the PSF's sigma^2; to second order in it.
    sigma = np.sqrt(share) * FWHM / 2.3548
    found = fit(drawn(20.2, 19.7, width=sigma), (20.2, 19.7))
    assert found is not None
    assert 0.6 * share < found.width < 1.3 * share


def test_noise_scatters_the_width_by_its_error():
    rng = np.random.default_rng(2)
    point = drawn(20, 20, flux=15)
    fits = [fit(point + rng.normal(0, NOISE, point.shape)) for _ in range(200)]
    pulls = [found.width / found.width_err for found in fits if found]
    assert len(pulls) == 200
    assert np.std(pulls) == pytest.approx(1, abs=0.2)


def test_a_neighbour_in_the_window_does_not_count():
    found = fit(drawn(20, 20) + drawn(25.5, 20, flux=12))
    assert found is not None
    assert found.flux == pytest.approx(50, rel=0.06)


def test_a_masked_core_or_a_stamp_over_the_edge_is_not_fitted():
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[20, 21] = MaskBit.SATURATED
    assert fit(drawn(20, 20), mask=mask) is None
    assert fit(drawn(3, 20), (3.0, 20.0)) is None
    mask[20, 21] = MaskBit.STAR  # a star's own mask
    assert fit(drawn(20, 20), mask=mask) is not None


@pytest.mark.parametrize("seed", range(20))
def test_terms_that_are_alike_have_no_solution(seed):
    """To rounding: their covariance would have negative squares."""
    rng = np.random.default_rng(seed)
    terms = rng.normal(size=(4, 30))
    terms[3] = terms[2] * (1 + 1e-9 * rng.normal(size=30))
    try:
        _, covariance = _solve(terms, rng.normal(size=30), np.ones(30))
    except np.linalg.LinAlgError:
        return
    assert (np.diag(covariance) >= 0).all()
