"""One place from two kinds of coordinates, row by row."""

import numpy as np
import pytest

import scenes
from clumpscope.core.frames import native_to_sky
from clumpscope.errors import ImageError
from clumpscope.ops.places import places

SHAPE = (48, 72)
WCS = scenes.make_wcs(SHAPE, rotation_deg=20)
XY = np.array([[60.0, 20.0], [11.5, 40.25], [30.0, 5.0]])
SKY = native_to_sky(XY, WCS)
GONE = np.full_like(XY, np.nan)


def test_rows_take_what_they_have_and_pixels_first():
    xy, sky = XY.copy(), SKY.copy()
    xy[1], sky[2] = np.nan, np.nan
    found, apart = places(xy, sky, WCS)
    assert found == pytest.approx(XY, abs=1e-6)
    assert (found[[0, 2]] == XY[[0, 2]]).all()
    assert apart == pytest.approx([0, 0, 0], abs=1e-6)


def test_how_far_both_are_apart():
    moved = XY + [[0.3, 0.4], [0, 0], [0, -2]]
    found, apart = places(moved, SKY, WCS)
    assert (found == moved).all()
    assert apart == pytest.approx([0.5, 0, 2], abs=1e-6)
    for coords, expected in (("pixel", moved), ("sky", XY)):
        found, apart = places(moved, SKY, WCS, coords)
        assert found == pytest.approx(expected, abs=1e-6)
        assert not apart.any()


def test_what_is_not_there_is_nan_and_needs_no_wcs():
    found, apart = places(XY, SKY, None)
    assert (found == XY).all()
    assert not apart.any()
    assert np.isnan(places(GONE, GONE, None)[0]).all()
    assert np.isnan(places(XY, GONE, WCS, "sky")[0]).all()
    assert np.isnan(places(GONE, SKY, None, "pixel")[0]).all()
    with pytest.raises(ImageError, match="WCS"):
        places(GONE, SKY, None)
