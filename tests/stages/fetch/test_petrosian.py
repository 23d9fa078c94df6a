from dataclasses import astuple

import numpy as np
import pytest
import sep
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from clumpscope.stages.fetch import petrosian as module
from clumpscope.stages.fetch.petrosian import (
    NO_PETROSIAN,
    aperture_flux,
    growth_curve,
    petrosian,
    two_apertures,
)

SHAPE = (301, 301)
X, Y = 150.3, 149.6


def numerical(profile):
    """R_P, R50, R90 and flux of a circular profile of surface brightness, by quadrature."""

    def within(r):
        return quad(lambda s: 2 * np.pi * s * profile(s), 0, r, limit=200)[0]

    def ratio(r):
        ring = (within(1.25 * r) - within(0.8 * r)) / (1.25**2 - 0.8**2)
        return ring / within(r) - 0.2

    radius = brentq(ratio, 1, 100)
    flux = within(2 * radius)
    half, most = (
        brentq(lambda r, part=part: within(r) - part * flux, 0.01, 2 * radius)
        for part in (0.5, 0.9)
    )
    return radius, half, most, flux


def drawn(profile):
    """Sampled on a fivefold finer grid and binned: pixels integrate light."""
    fine = (np.arange(SHAPE[0] * 5) + 0.5) / 5 - 0.5
    radius = np.hypot(fine[:, None] - Y, fine[None, :] - X)
    return profile(radius).reshape(SHAPE[0], 5, SHAPE[1], 5).mean(axis=(1, 3))


def everything(image):
    return np.ones(image.shape, dtype=bool)


@pytest.mark.parametrize("scale", [3.0, 6.0, 10.0])
def test_radii_of_an_exponential_disk_are_those_of_the_integral(scale):
    def profile(r):
        return np.exp(-r / scale)

    found = petrosian(drawn(profile), everything(np.zeros(SHAPE)), X, Y, 140)
    radius, half, most, flux = numerical(profile)
    assert found.radius == pytest.approx(radius, rel=0.01)
    assert found.r50 == pytest.approx(half, rel=0.01)
    assert found.r90 == pytest.approx(most, rel=0.01)
    assert found.flux == pytest.approx(flux, rel=0.005)
    assert found.aperture == 2 * found.radius
    # Strauss et al. 2002: an exponential disk gives 99 % of its light and R90 / R50 = 2.3.
    assert found.flux / (2 * np.pi * scale**2) == pytest.approx(0.994, abs=0.005)
    assert found.r90 / found.r50 == pytest.approx(2.3, abs=0.06)


def test_radii_of_a_gaussian_are_those_of_the_integral():
    def profile(r):
        return np.exp(-(r**2) / 2 / 5**2)

    found = petrosian(drawn(profile), everything(np.zeros(SHAPE)), X, Y, 140)
    expected = numerical(profile)
    np.testing.assert_allclose(
        [found.radius, found.r50, found.r90, found.flux], expected, rtol=0.01
    )


def test_a_masked_neighbour_does_not_count():
    image = drawn(lambda r: np.exp(-r / 6.0))
    rows, cols = np.indices(SHAPE)
    away = np.hypot(rows - 162, cols - 168)
    dirty = image + 20 * np.exp(-(away**2) / 2 / 1.5**2)
    clean = petrosian(image, everything(image), X, Y, 140)
    masked = petrosian(dirty, away > 9, X, Y, 140)
    assert petrosian(dirty, everything(image), X, Y, 140).flux > 1.2 * clean.flux
    assert masked.flux == pytest.approx(clean.flux, rel=0.01)
    assert masked.r90 == pytest.approx(clean.r90, rel=0.01)


@given(factor=st.floats(0.1, 1000))
@settings(max_examples=10)
def test_radii_do_not_depend_on_the_unit_of_flux(factor):
    image = drawn(lambda r: np.exp(-r / 4.0))
    one = petrosian(image, everything(image), X, Y, 100)
    other = petrosian(image * factor, everything(image), X, Y, 100)
    assert other.r90 == pytest.approx(one.r90, rel=1e-6)
    assert other.flux == pytest.approx(one.flux * factor, rel=1e-6)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros(SHAPE),
        np.ones(SHAPE),
        -np.ones(SHAPE),
        np.random.default_rng(1).normal(-0.1, 1, SHAPE),
    ],
)
def test_what_has_no_petrosian_radius_is_not_a_number(image):
    found = petrosian(image, everything(image), X, Y, 140)
    assert np.isnan(found.r90) or found.radius < 140
    if not image.any() or np.ptp(image) == 0:
        assert found is NO_PETROSIAN


def test_an_aperture_beyond_the_stamp_is_not_measured():
    image = drawn(lambda r: np.exp(-r / 6.0))
    assert petrosian(image, everything(image), X, Y, 30) is NO_PETROSIAN


def test_growth_is_the_closed_form_of_flat_light():
    image = np.full(SHAPE, 3.0)
    radii = np.array([0.7, 2.0, 10.0, 45.5])
    good = np.random.default_rng(2).uniform(size=SHAPE) > 0.3
    np.testing.assert_allclose(
        growth_curve(image, good, X, Y, radii), 3 * np.pi * radii**2, rtol=1e-6
    )


def test_an_aperture_s_error_is_that_of_its_pixels():
    image, variance = np.full(SHAPE, 3.0), np.full(SHAPE, 0.25)
    flux, error = aperture_flux(image, variance, everything(image), X, Y, 20.0)
    assert flux == pytest.approx(3 * np.pi * 400, rel=1e-4)
    assert error == pytest.approx(0.5 * np.sqrt(np.pi * 400), rel=1e-4)
    # Half of it unseen: what is seen stands for all, and the error grows by root two.
    rows, _ = np.indices(SHAPE)
    flux, error = aperture_flux(image, variance, rows > Y, X, Y, 20.0)
    assert flux == pytest.approx(3 * np.pi * 400, rel=1e-3)
    assert error == pytest.approx(0.5 * np.sqrt(np.pi * 800), rel=0.02)


@pytest.mark.parametrize("radius", [np.nan, 0.0])
def test_no_aperture_no_flux(radius):
    image = np.ones((20, 20))
    assert np.isnan(aperture_flux(image, image, everything(image), 10, 10, radius)).all()
    assert np.isnan(aperture_flux(image, image, ~everything(image), 10, 10, 3.0)).all()


@given(
    scale=st.floats(1.5, 25.0),
    hidden=st.floats(0.0, 90.0),
    limit=st.sampled_from([60.0, 140.0]),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=25)
def test_a_look_at_a_part_of_the_growth_curve_tells_the_same(scale, hidden, limit, seed):
    rows, cols = np.indices(SHAPE)
    radius = np.hypot(rows - Y, cols - X)
    image = 50 * np.exp(-radius / scale) + np.random.default_rng(seed).normal(0, 0.05, SHAPE)
    good = (radius < hidden) | (radius > hidden + 15) | (cols > X + 4)
    good[:, :140] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FIRST_LOOK", 1.0)
        whole = petrosian(image, good, X, Y, limit)
    part = petrosian(image, good, X, Y, limit)
    assert astuple(part) == pytest.approx(astuple(whole), rel=1e-12, nan_ok=True)


def test_two_apertures_are_as_each_by_itself():
    image = drawn(lambda r: np.exp(-r / 6.0))
    good = np.random.default_rng(4).random(SHAPE) > 0.3
    variance = np.full(SHAPE, 0.01)
    flux, error, further = two_apertures(image, variance, good, X, Y, 20.0, 25.0)
    assert (flux, error) == pytest.approx(aperture_flux(image, variance, good, X, Y, 20.0))
    wider = aperture_flux(image, variance, good, X, Y, 25.0)[0]
    assert further == pytest.approx(wider, rel=1e-12)
    assert np.isnan(two_apertures(image, variance, good, X, Y, 20.0)[2])


def test_sums_of_light_and_pixels_are_those_of_two_passes():
    image = drawn(lambda r: np.exp(-r / 6.0)) - 0.01
    good = np.random.default_rng(5).random(SHAPE) > 0.2
    radii = np.array([0.5, 1.3, 7.0, 31.0, 140.0])
    light, seen = (
        np.diff(sep.sum_circle(plane, [X] * 5, [Y] * 5, radii, subpix=0)[0], prepend=0.0)
        for plane in (np.where(good, image, 0), good.astype(float))
    )
    areas = np.diff(np.pi * radii**2, prepend=0.0)
    expected = np.cumsum(light / seen * areas)
    np.testing.assert_allclose(growth_curve(image, good, X, Y, radii), expected, rtol=1e-10)
