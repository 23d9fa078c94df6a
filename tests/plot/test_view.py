"""North is up and east left, and windows show what they should: against the WCS itself."""

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

import scenes
from clumpscope.plot.view import View, north_up

SHAPE = (41, 61)  # not square, so that swapped axes are seen


@pytest.mark.parametrize("rotation", [0, 37, 145, 260])
@pytest.mark.parametrize("flip", [False, True])
def test_north_is_up_and_east_left(rotation, flip):
    wcs = scenes.make_wcs(SHAPE, rotation_deg=rotation, flip=flip)
    centre = wcs.pixel_to_world(30, 20)
    turn = north_up(wcs, SHAPE)
    for angle, direction in ((0, [0, 1]), (90, [-1, 0])):
        there = centre.directional_offset_by(angle * u.deg, 3 * u.arcsec)
        offset = turn @ (np.array(wcs.world_to_pixel(there)) - [30, 20])
        assert offset == pytest.approx(3 / scenes.PIXSCALE * np.array(direction), abs=0.01)


@pytest.mark.parametrize("radec", [(359.99999, 20.0), (40.0, -85.0), (10.0, 88.0)])
def test_north_is_that_of_the_cutout_not_of_the_frame(radec):
    """A cutout far from the frame's reference point, where meridians run askew."""
    wcs = scenes.make_wcs(SHAPE, rotation_deg=10, radec=radec)
    wcs.wcs.crpix += 3000
    here = wcs.pixel_to_world(30, 20)
    north = here.directional_offset_by(0 * u.deg, 1 * u.arcsec)
    offset = north_up(wcs, SHAPE) @ (np.array(wcs.world_to_pixel(north)) - [30, 20])
    assert offset / np.linalg.norm(offset) == pytest.approx([0, 1], abs=1e-4)


def test_without_wcs_rows_stay_as_stored_or_run_down():
    assert north_up(None, SHAPE).tolist() == [[1, 0], [0, 1]]
    up, down = (View.central(SHAPE, None, 1.0, downward=downward) for downward in (False, True))
    assert up.display([30, 0]).tolist() == [0, -20]
    assert down.display([30, 0]).tolist() == [0, 20]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [False, True])
def test_a_cut_shows_northern_pixels_above_and_eastern_ones_left(rotation, flip):
    """By quarter turns every native pixel is a cell, whose place the sky tells."""
    wcs = scenes.make_wcs(SHAPE, rotation_deg=rotation, flip=flip)
    plane = np.arange(41 * 61, dtype=float).reshape(SHAPE)
    cells = View.central(SHAPE, wcs, 1.0).cut(plane, 61, blank=-1)
    centre = wcs.pixel_to_world(30, 20)
    for x, y in ((30, 20), (31, 20), (30, 21), (12, 33), (55, 2)):
        offsets = centre.spherical_offsets_to(wcs.pixel_to_world(x, y))
        east, north = (round(offset.arcsec / scenes.PIXSCALE) for offset in offsets)
        assert cells[30 + north, 30 - east] == plane[y, x]
    assert (cells == -1).sum() == 61 * 20


@given(st.floats(-180, 180), st.floats(0, 60), st.floats(0, 40))
def test_what_is_cut_lies_where_it_is_displayed(rotation, x, y):
    wcs = scenes.make_wcs(SHAPE, rotation_deg=rotation)
    view = View.central(SHAPE, wcs, 1.6)
    col, row = round(x), round(y)
    plane = np.zeros(SHAPE)
    plane[row, col] = 1
    cells = 400
    lit = np.argwhere(view.cut(plane, cells))
    left, right, bottom, _ = view.extent
    centre = np.array([left, bottom]) + (lit.mean(axis=0)[::-1] + 0.5) * (right - left) / cells
    assert centre == pytest.approx(view.display([col, row]), abs=0.15)


def test_a_window_around_points_holds_them_and_a_margin():
    view = View.central(SHAPE, scenes.make_wcs(SHAPE, rotation_deg=30), 0.5)
    xy = np.array([[3.0, 5.0], [40.0, 30.0], [20.0, 38.0]])
    around = view.around(xy, margin=2.0)
    left, right, bottom, top = around.extent
    points = around.display(xy)
    gaps = np.array(
        [points[:, 0] - left, right - points[:, 0], points[:, 1] - bottom, top - points[:, 1]]
    )
    assert gaps.min() == pytest.approx(2.0)
    assert right - left == pytest.approx(top - bottom)


@pytest.mark.parametrize("rotation", [0, 37, 260])
@pytest.mark.parametrize("flip", [False, True])
def test_the_compass_points_up_and_left(rotation, flip):
    wcs = scenes.make_wcs(SHAPE, rotation_deg=rotation, flip=flip, radec=(150.0, -60.0))
    north, east = View.central(SHAPE, wcs, 1.0).compass(wcs)
    assert north == pytest.approx([0, 1], abs=1e-4)
    assert east == pytest.approx([-1, 0], abs=1e-4)


def test_the_compass_tells_how_an_unturned_view_lies():
    """It follows the WCS, not the turn of the view."""
    wcs = scenes.make_wcs(SHAPE, rotation_deg=30)
    still = View(SHAPE, np.eye(2), np.zeros(2), 30.0)
    centre = wcs.pixel_to_world(30, 20)
    for arrow, angle in zip(still.compass(wcs), (0, 90), strict=True):
        there = centre.directional_offset_by(angle * u.deg, 1 * u.arcsec)
        offset = np.array(wcs.world_to_pixel(there)) - [30, 20]
        assert arrow == pytest.approx(offset / np.linalg.norm(offset), abs=1e-3)
