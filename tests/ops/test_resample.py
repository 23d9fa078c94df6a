import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import tan_wcs
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.resample import MAX_RESIDUAL_PX, nearest_affine, resample
from clumpscope.ops.window import Window, cut

SIGMA = 1.35  # px: FWHM 1.26", SDSS at its sharpest


def gaussian(shape, x, y, sigma=SIGMA):
    rows, cols = np.indices(shape)
    return np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)


def planes(data, variance=1.0):
    return (
        data.astype(np.float32),
        np.full(data.shape, variance, dtype=np.float32),
        np.zeros(data.shape, dtype=np.uint8),
    )


def turned(degrees, scale=1.0, flip=False):
    c, s = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    return np.array([[c, -s], [s, c]]) @ np.diag([1.0, -1.0 if flip else 1.0])


affine = {
    "dx": st.floats(-0.5, 0.5),
    "dy": st.floats(-0.5, 0.5),
    "degrees": st.floats(-180, 180),
    "scale": st.floats(0.98, 1.02),
    "flip": st.booleans(),
}


@given(**affine)
@settings(max_examples=60)
def test_a_gaussian_keeps_its_flux_place_and_shape(dx, dy, degrees, scale, flip):
    matrix = turned(degrees, scale, flip)
    # The new grid's pixel (30, 30) is the source's (41 + dy, 38 + dx).
    offset = np.array([41 + dy, 38 + dx]) - matrix @ [30, 30]
    data, _, mask = resample(
        *planes(gaussian((80, 80), 38 + dx, 41 + dy)), matrix, offset, (61, 61)
    )
    assert not mask[15:46, 15:46].any()
    assert data[15:46, 15:46].sum() == pytest.approx(1, abs=2e-3)
    # A Gaussian on a grid finer by the scale: closed form.
    expected = gaussian((61, 61), 30, 30, SIGMA / scale)
    np.testing.assert_allclose(
        data[18:43, 18:43], expected[18:43, 18:43], atol=0.012 * expected.max()
    )
    for radius in (2.8, 4.5):  # apertures of photometry
        rows, cols = np.indices(data.shape)
        inside = np.hypot(rows - 30, cols - 30) < radius
        assert data[inside].sum() == pytest.approx(expected[inside].sum(), abs=2e-3)


@given(**affine)
@settings(max_examples=20)
def test_flat_light_keeps_its_surface_brightness_and_an_aperture_its_noise(
    dx, dy, degrees, scale, flip
):
    matrix = turned(degrees, scale, flip)
    offset = np.array([60 + dy, 60 + dx]) - matrix @ [25, 25]
    data, variance, mask = resample(
        *planes(np.full((121, 121), 5.0), 2.0), matrix, offset, (51, 51)
    )
    assert not mask.any()
    # A new pixel covers scale^2 old ones, of light as of variance.
    np.testing.assert_allclose(data, 5 * scale**2, rtol=1e-5)
    np.testing.assert_allclose(variance, 2 * scale**2, rtol=1e-5)


def test_the_variance_plane_tells_the_scatter_of_apertures_on_resampled_noise():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 1, (700, 700)).astype(np.float32)
    data, variance, _ = resample(*planes(noise), np.eye(2), [10.5, 10.5], (660, 660))
    assert data.std() < 0.85  # pixels themselves are smoothed
    sums = data.reshape(66, 10, 66, 10).sum(axis=(1, 3))
    predicted = np.sqrt(variance.reshape(66, 10, 66, 10).sum(axis=(1, 3)).mean())
    assert sums.std() == pytest.approx(predicted, rel=0.06)


@given(dx=st.integers(-3, 3), dy=st.integers(-3, 3), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_whole_pixels_are_moved_unchanged(dx, dy, seed):
    image = np.random.default_rng(seed).normal(0, 1, (60, 60)).astype(np.float32)
    data, _, _ = resample(*planes(image), np.eye(2), [10 + dy, 12 + dx], (30, 30))
    np.testing.assert_allclose(data, image[10 + dy : 40 + dy, 12 + dx : 42 + dx], atol=1e-4)


def test_bad_pixels_spread_to_all_they_reach_and_off_the_frame_there_is_no_data():
    data, variance, mask = planes(np.ones((50, 50)))
    mask[20, 20] = MaskBit.SATURATED
    mask[40, 8] = MaskBit.COSMIC_RAY
    new, _, flags = resample(data, variance, mask, np.eye(2), [-5.5, -5.5], (61, 61))
    # Source (20, 20) lies at 25.5: the spline takes it into 24 to 27.
    assert (flags[24:28, 24:28] & MaskBit.SATURATED).all()
    assert not flags[32:40, 20:40].any()
    assert (flags[44:48, 12:16] & MaskBit.COSMIC_RAY).all()
    assert (flags[:6] == MaskBit.NO_DATA).all()
    assert (flags[:, 55:] & MaskBit.NO_DATA).all()
    assert not new[(flags & MaskBit.NO_DATA) > 0].any()
    np.testing.assert_allclose(new[flags == 0], 1, rtol=1e-5)


def test_a_window_wholly_off_the_frame_is_empty():
    data, variance, flags = resample(*planes(np.ones((50, 50))), np.eye(2), [200, 200], (20, 20))
    assert not data.any()
    assert not variance.any()
    assert (flags == MaskBit.NO_DATA).all()


@given(
    x=st.floats(0, 60),
    y=st.floats(0, 80),
    side=st.integers(1, 40),
    turn=st.floats(0, 360),
    flip=st.booleans(),
)
@settings(max_examples=40)
def test_a_grid_is_the_frame_s_own_pixels_around_the_target(x, y, side, turn, flip):
    wcs = tan_wcs((80, 60), rotation_deg=turn, flip=flip)
    grid = Window.centred(wcs, x, y, side)
    ra_dec = wcs.wcs_pix2world([[x, y]], 0)
    here = grid.wcs.wcs_world2pix(ra_dec, 0)[0]
    np.testing.assert_allclose(here, [x - grid.x0, y - grid.y0], atol=1e-6)
    assert np.abs(here - (side - 1) / 2).max() <= 0.5 + 1e-6
    image = np.arange(4800.0).reshape(80, 60)
    window = cut(image, grid, -1.0)
    for row, col in ((0, 0), (side - 1, 0), (side // 2, side - 1)):
        y0, x0 = row + grid.y0, col + grid.x0
        inside = 0 <= y0 < 80 and 0 <= x0 < 60
        assert window[row, col] == (image[y0, x0] if inside else -1)


@given(turn=st.floats(-5, 5), dx=st.floats(-20, 20), dy=st.floats(-20, 20))
@settings(max_examples=30)
def test_the_affine_is_the_way_through_the_sky(turn, dx, dy):
    here = tan_wcs((101, 101), rotation_deg=40)
    there = tan_wcs((101, 101), rotation_deg=40 + turn)
    there.wcs.crpix = there.wcs.crpix + [dx, dy]
    matrix, offset, residual = nearest_affine(here, (101, 101), there)
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (50, 2))  # row, column
    sky = here.wcs_pix2world(points[:, ::-1], 0)
    expected = there.wcs_world2pix(sky, 0)[:, ::-1]
    np.testing.assert_allclose(points @ matrix.T + offset, expected, atol=1e-3)
    assert residual < 1e-3


def test_far_apart_wcs_are_not_affine():
    wide, other = tan_wcs((2000, 2000), 30.0), tan_wcs((2000, 2000), 30.0, dec=20.0)
    assert not nearest_affine(wide, (2000, 2000), other)[2] <= MAX_RESIDUAL_PX


def test_the_inner_square_is_in_the_middle():
    grid = Window.centred(tan_wcs(), 20.0, 20.0, 31)
    assert grid.inner(11) == (slice(10, 21), slice(10, 21))
