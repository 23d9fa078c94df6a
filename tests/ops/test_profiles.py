import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.ops.profiles import Profile, drawn
from clumpscope.ops.psf import sampled_gaussian
from scenes import moffat_psf

OFFSETS = np.mgrid[-9:10, -9:10].astype(float)
EVERYWHERE = np.ones(OFFSETS[0].shape, dtype=bool)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(3.0, 4.0))
def test_a_shifted_gaussian_is_the_closed_form(x, y, fwhm):
    dy, dx = OFFSETS
    values = Profile.of(sampled_gaussian(fwhm), fwhm).at(dx - x, dy - y, EVERYWHERE)
    exact = scenes.point_sources((19, 19), [[9 + x, 9 + y]], 1.0, fwhm)
    # The closed form is not cut at 4.5 sigma, nor a spline.
    assert np.abs(values - exact).max() < 0.01 * exact.max()
    assert values.sum() == pytest.approx(1, abs=2e-3)


def test_without_an_image_the_width_makes_a_gaussian():
    dy, dx = OFFSETS
    named = Profile.of(None, 3.3).at(dx, dy, EVERYWHERE)
    sampled = Profile.of(sampled_gaussian(3.3), 3.3)
    assert named == pytest.approx(sampled.at(dx, dy, EVERYWHERE))


def test_it_is_zero_where_not_asked_and_beyond_the_image():
    profile = Profile.of(moffat_psf(3.0, 2.5, side=11), 3.0)
    dy, dx = OFFSETS
    where = dx > 0
    values = profile.at(dx, dy, where)
    assert not values[~where].any()
    assert not values[np.maximum(np.abs(dx), np.abs(dy)) > 6].any()


def test_the_laplacian_widens_by_its_moment():
    """P + s^2/2 lap P has the flux of P and a second moment larger by s^2 on each axis."""
    grid = np.mgrid[-20:21, -20:21].astype(float)
    where = np.ones(grid[0].shape, dtype=bool)
    profile = Profile.of(sampled_gaussian(3.0), 3.0)
    curl = profile.laplacian(grid[1], grid[0], where)
    assert curl.sum() == pytest.approx(0, abs=1e-4)
    for axis in grid:
        assert (curl * axis**2).sum() == pytest.approx(2.0, rel=5e-3)


@pytest.mark.parametrize("side", [9, 25])
def test_squares_are_drawn_as_single_offsets_are(side):
    """Also where they reach beyond the PSF's image, and where images are of several sizes."""
    profiles = [Profile.of(moffat_psf(3.0, 2.5, side=k), 3.0) for k in (side, 11, side)]
    off = np.array([[0.0, 0.0], [0.5, -0.5], [-0.31, 0.17]])
    dy, dx = OFFSETS
    for name, method in (("coefficients", "at"), ("curl", "laplacian")):
        squares = drawn([getattr(one, name) for one in profiles], off, 9)
        for b, profile in enumerate(profiles):
            for k, (x, y) in enumerate(off):
                alone = getattr(profile, method)(dx - x, dy - y, EVERYWHERE)
                np.testing.assert_allclose(squares[b, k], alone, rtol=0, atol=1e-12)
