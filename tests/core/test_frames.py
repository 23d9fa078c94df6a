import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from builders import tan_wcs
from clumpscope.core import frames
from clumpscope.core.frames import PixelFrame, native_to_sky, sky_to_native
from clumpscope.errors import ImageError
from distorted import sip_wcs

sides = st.integers(2, 600)
shapes = st.tuples(sides, sides)
points = hnp.arrays(float, st.tuples(st.integers(0, 6), st.just(2)), elements=st.floats(-50, 650))


@st.composite
def pixel_frames(draw):
    enlarged = draw(st.integers(16, 800))
    return PixelFrame.centred(draw(shapes), enlarged, draw(st.integers(16, 800)))


@st.composite
def boxes(draw):
    corners = draw(points)
    sizes = draw(hnp.arrays(float, corners.shape, elements=st.floats(0, 100)))
    return np.hstack([corners, corners + sizes])


@given(points, shapes)
def test_native_to_fraction_and_back(xy, shape):
    there = frames.native_to_fraction(xy, shape)
    np.testing.assert_allclose(frames.fraction_to_native(there, shape), xy, atol=1e-9)


@given(shapes)
def test_fractions_0_and_1_are_the_outer_edges(shape):
    ny, nx = shape
    corners = frames.fraction_to_native([[0, 0], [1, 1]], shape)
    np.testing.assert_allclose(corners, [[-0.5, -0.5], [nx - 0.5, ny - 0.5]])


def test_columns_come_first():
    np.testing.assert_allclose(frames.native_to_fraction([9.5, 4.5], (10, 40)), [[0.25, 0.5]])


@given(boxes(), shapes)
def test_boxes_to_fraction_and_back(xyxy, shape):
    there = frames.boxes_native_to_fraction(xyxy, shape)
    assert there.shape == xyxy.shape
    np.testing.assert_allclose(frames.boxes_fraction_to_native(there, shape), xyxy, atol=1e-9)


@given(points, pixel_frames())
def test_native_to_composite_and_back(xy, frame):
    there = frame.native_to_composite(xy)
    np.testing.assert_allclose(frame.composite_to_native(there), xy, atol=1e-7)


@given(boxes(), pixel_frames())
def test_composite_boxes_to_fraction_and_back(xyxy, frame):
    there = frame.boxes_composite_to_fraction(xyxy)
    np.testing.assert_allclose(frame.boxes_fraction_to_composite(there), xyxy, atol=1e-7)


@given(pixel_frames())
def test_the_image_centre_is_the_composite_centre(frame):
    ny, nx = frame.shape
    centre = frame.native_to_composite([[(nx - 1) / 2, (ny - 1) / 2]])
    np.testing.assert_allclose(centre, [[frame.size / 2, frame.size / 2]], atol=1e-9)


@given(points, pixel_frames())
def test_flipping_the_image_flips_the_composite(xy, frame):
    ny, nx = frame.shape
    flipped = np.array([nx - 1, ny - 1]) - xy
    np.testing.assert_allclose(
        frame.native_to_composite(flipped),
        frame.size - frame.native_to_composite(xy),
        atol=1e-7,
    )


@given(pixel_frames())
def test_the_sampled_pixel_holds_the_composite_pixels_centre(frame):
    rows, cols = frame.sample_indices()
    centres = np.column_stack([np.arange(frame.size) + 0.5] * 2)
    native = frame.composite_to_native(centres)
    for found, position, n in (
        (cols, native[:, 0], frame.shape[1]),
        (rows, native[:, 1], frame.shape[0]),
    ):
        inside = found >= 0
        assert (np.abs(found[inside] - position[inside]) <= 0.5 + 1e-6).all()
        outside = position[~inside]
        assert ((outside <= -0.5 + 1e-6) | (outside >= n - 0.5 - 1e-6)).all()


@given(st.integers(1, 8), st.integers(2, 50))
def test_a_whole_scale_repeats_every_pixel(scale, n):
    rows, cols = PixelFrame.centred((n, n), n * scale, n * scale).sample_indices()
    np.testing.assert_array_equal(rows, np.repeat(np.arange(n), scale))
    np.testing.assert_array_equal(cols, rows)


def test_a_long_image_is_padded_evenly():
    rows, cols = PixelFrame.centred((10, 20), 40, 40).sample_indices()
    np.testing.assert_array_equal(cols, np.repeat(np.arange(20), 2))
    expected = np.concatenate([np.full(10, -1), np.repeat(np.arange(10), 2), np.full(10, -1)])
    np.testing.assert_array_equal(rows, expected)


wcs_cases = st.builds(
    tan_wcs,
    pixscale_arcsec=st.floats(0.1, 1.0),
    rotation_deg=st.floats(0, 360),
    flip=st.booleans(),
    ra=st.floats(0, 359.99),
    dec=st.floats(-85, 85),
)


@given(points, wcs_cases)
def test_pixel_to_sky_and_back(xy, wcs):
    sky = frames.native_to_sky(xy, wcs)
    np.testing.assert_allclose(frames.sky_to_native(sky, wcs), xy, atol=1e-6)


@given(points, wcs_cases)
def test_sky_agrees_with_the_gnomonic_projection(xy, wcs):
    """Calabretta & Greisen 2002, written out here."""
    assume(len(xy))
    x, y = wcs.wcs.cd @ (xy + 1 - wcs.wcs.crpix).T
    xi, eta = np.deg2rad([x, y])
    ra0, dec0 = np.deg2rad(wcs.wcs.crval)
    below = np.cos(dec0) - eta * np.sin(dec0)
    ra = ra0 + np.arctan2(xi, below)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, below))
    sky = frames.native_to_sky(xy, wcs)
    away = (sky[:, 0] - np.rad2deg(ra) + 180) % 360 - 180
    np.testing.assert_allclose(away * np.cos(dec), 0, atol=1e-9)
    np.testing.assert_allclose(sky[:, 1], np.rad2deg(dec), atol=1e-9)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 37, 180])
def test_a_flipped_array_with_its_wcs_keeps_the_sky(rotation_deg, flip):
    ny, nx = 30, 50
    wcs = tan_wcs((ny, nx), rotation_deg=rotation_deg, flip=flip)
    mirrored = wcs.deepcopy()
    mirrored.wcs.crpix = [nx + 1 - wcs.wcs.crpix[0], wcs.wcs.crpix[1]]
    mirrored.wcs.cd = wcs.wcs.cd @ np.diag([-1, 1])
    xy = np.array([[3.25, 7.5], [40.0, 29.0]])
    there = frames.native_to_sky([[nx - 1, 0]] + xy * [-1, 1], mirrored)
    np.testing.assert_allclose(there, frames.native_to_sky(xy, wcs), atol=1e-10)


def test_no_wcs():
    assert np.isnan(frames.native_to_sky([[1.0, 2.0]], None)).all()
    with pytest.raises(ImageError, match="expected an image with a WCS, got no WCS; give x and y"):
        frames.sky_to_native([[1.0, 2.0]], None)


@pytest.mark.parametrize(
    "convert",
    [
        lambda none: frames.native_to_sky(none, tan_wcs()),
        lambda none: frames.sky_to_native(none, tan_wcs()),
        lambda none: frames.native_to_fraction(none, (4, 4)),
        PixelFrame.centred((4, 4), 16, 16).composite_to_native,
    ],
)
def test_no_points_give_no_points(convert):
    assert convert([]).shape == (0, 2)


def test_no_boxes_give_no_boxes():
    assert PixelFrame.centred((4, 4), 16, 16).boxes_composite_to_fraction([]).shape == (0, 4)


def test_a_place_that_a_distortion_has_no_pixel_for():
    wcs = sip_wcs()
    inside = [[20.0, 30.0]]
    sky = np.vstack([native_to_sky(inside, wcs), [[wcs.wcs.crval[0] + 3, wcs.wcs.crval[1] + 3]]])
    found = sky_to_native(sky, wcs)
    np.testing.assert_allclose(found[:1], inside, atol=1e-5)
    assert np.isnan(found[1]).all()
