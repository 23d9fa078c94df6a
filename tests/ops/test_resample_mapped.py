"""Any two grids: point sources keep their flux and place, apertures their noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from builders import tan_wcs
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.pixel_map import pixel_map
from clumpscope.ops.resample_mapped import resample_mapped
from distorted import sip_wcs


def source(shape, x, y, sigma):
    """A Gaussian of flux 1 integrated over pixels, which may be oblong: sigma of x and y."""
    parts = []
    for count, middle, width in ((shape[0], y, sigma[1]), (shape[1], x, sigma[0])):
        edges = (np.arange(count + 1) - 0.5 - middle) / width / np.sqrt(2)
        parts.append(np.diff(erf(edges)) / 2)
    return np.outer(*parts).astype(np.float32)


def moved(data, window, shape, frame, variance=1.0):
    return resample_mapped(
        data,
        np.full(data.shape, variance, dtype=np.float32),
        np.zeros(data.shape, dtype=np.uint8),
        pixel_map(window, shape, frame),
    )


@given(
    ratio=st.floats(0.05, 14),
    turn=st.floats(0, 360),
    flip=st.booleans(),
    dx=st.floats(-4, 4),
    dy=st.floats(-4, 4),
)
@settings(max_examples=40, deadline=None)
def test_a_point_keeps_its_flux_and_place_on_any_grid(ratio, turn, flip, dx, dy):
    # ``ratio``: sides of the frame's pixels that one of the window's is long.
    frame = sip_wcs((200, 200), 0.1)
    sigma = max(1.2, 1.1 * ratio)  # so that both grids sample it
    x, y = 120 + dx, 80 + dy
    data = source((200, 200), x, y, (sigma, sigma))
    side = int(np.clip(16 * sigma / ratio, 17, 500)) | 1
    window = tan_wcs((side, side), 0.1 * ratio, turn, flip)
    sky = native_to_sky([[120.3, 79.8]], frame)
    window.wcs.crval = sky[0]
    found, _, mask = moved(data, window, (side, side), frame)
    good = mask == 0
    lost = 1 - np.where(good, found, 0).sum(dtype=float)
    assert abs(lost) < 0.003
    rows, cols = np.indices(found.shape)
    place = np.array([(found * cols).sum(), (found * rows).sum()]) / found.sum()
    # A distortion moves a source's centre of light by half its curvature; beside that 0.02 px
    # of the coarser grid.
    expected = sky_to_native(native_to_sky([[x, y]], frame), window)[0]
    curved = 1.5e-4 * sigma**2 / ratio
    assert np.hypot(*(place - expected)) < 0.02 * max(1, 1 / ratio) + curved


@pytest.mark.parametrize("ratio", [0.4, 1.0, 2.5, 6.0])
def test_a_gaussian_is_what_it_is_in_closed_form(ratio):
    frame = tan_wcs((240, 240), 0.1)
    window = tan_wcs((41, 41), 0.1 * ratio)
    sigma = max(1.3, 1.1 * ratio)
    data = source((240, 240), 119.5, 119.5, (sigma, sigma))
    found, _, _ = moved(data, window, (41, 41), frame)
    # A window pixel holds what the source gives to all frame pixels in it; if it is smaller, a
    # share of one. The frame's own pixel has widened the source by a twelfth of its area.
    wider = max(1 - ratio**2, 0) / 12
    width = np.sqrt(sigma**2 + wider) / ratio
    expected = source((41, 41), 20, 20, (width, width))
    np.testing.assert_allclose(found, expected, atol=0.012 * expected.max())


@pytest.mark.parametrize("ratio", [0.3, 0.97, 1.6, 5.0])
def test_flat_light_keeps_its_surface_brightness(ratio):
    frame = sip_wcs((200, 200), 0.1)
    window = tan_wcs((15, 15), 0.1 * ratio, 33.0)
    data, variance, mask = moved(
        np.full((200, 200), 5.0, dtype=np.float32), window, (15, 15), frame, variance=2.0
    )
    assert not mask.any()
    # At the frame's reference pixel the distortion changes no areas.
    assert data[7, 7] == pytest.approx(5 * ratio**2, rel=2e-3)
    assert variance[7, 7] == pytest.approx(2 * ratio**2, rel=2e-3)
    area = pixel_map(window, (15, 15), frame).jacobian
    np.testing.assert_allclose(data, 5 * area, rtol=1e-4)
    np.testing.assert_allclose(variance, 2 * area, rtol=1e-4)


@pytest.mark.parametrize(("ratio", "cells"), [(0.5, 20), (1.0, 10), (2.2, 5), (6.0, 2)])
def test_the_variance_tells_the_scatter_of_apertures(ratio, cells):
    rng = np.random.default_rng(7)
    side = int(600 / ratio) // cells * cells
    frame = sip_wcs((700, 700), 0.1, strength=0.03)
    noise = rng.normal(0, 1, (700, 700)).astype(np.float32)
    window = tan_wcs((side, side), 0.1 * ratio, 20.0)
    data, variance, mask = moved(noise, window, (side, side), frame)
    blocks = [
        plane.reshape(side // cells, cells, side // cells, cells).sum(axis=(1, 3))
        for plane in (data, variance, mask > 0)
    ]
    whole = blocks[2] == 0
    assert whole.sum() > 1000
    pulls = blocks[0][whole] / np.sqrt(blocks[1][whole])
    assert pulls.std() == pytest.approx(1, abs=0.06)


def test_bad_pixels_reach_and_off_the_frame_there_is_no_data():
    frame, window = tan_wcs((60, 60), 0.1), tan_wcs((40, 40), 0.2)
    data = np.ones((60, 60), dtype=np.float32)
    mask = np.zeros((60, 60), dtype=np.uint8)
    mask[30, 20] = MaskBit.SATURATED
    pixels = pixel_map(window, (40, 40), frame)
    found, variance, flags = resample_mapped(data, data, mask, pixels)
    hit = (flags & MaskBit.SATURATED) > 0
    rows, cols = pixels.places
    near = (abs(rows - 30) < 2) & (abs(cols - 20) < 2)
    far = (abs(rows - 30) > 3.6) | (abs(cols - 20) > 3.6)
    assert hit[near].all()
    assert not hit[far].any()
    empty = (flags & MaskBit.NO_DATA) > 0
    off = (rows < -0.5) | (rows > 59.5) | (cols < -0.5) | (cols > 59.5)
    assert empty[off].all()
    assert not empty[(abs(rows - 29.5) < 26) & (abs(cols - 29.5) < 26)].any()
    assert not found[empty].any()
    assert not variance[empty].any()
    np.testing.assert_allclose(found[flags == 0], 4, rtol=1e-4)


@pytest.mark.parametrize("ra", [230.0, 49.5])
def test_a_window_wholly_off_the_frame_is_empty(ra):
    window = tan_wcs((20, 20), 0.1, ra=ra)
    data, variance, flags = moved(
        np.ones((50, 50), np.float32), window, (20, 20), sip_wcs((50, 50))
    )
    assert not data.any()
    assert not variance.any()
    assert (flags == MaskBit.NO_DATA).all()
