from pathlib import Path

import numpy as np
import pytest

from builders import tan_wcs
from clumpscope.core.field import Frame
from clumpscope.errors import FrameError
from clumpscope.ops.common_grid import grid_band, share_sky


def frame(side=0.4, shape=(100, 120), wcs=None, **where):
    blank = np.zeros(shape, dtype=np.float32)
    return Frame(Path("x.fits"), "r", blank, blank, wcs or tan_wcs(shape, side, **where))


@pytest.mark.parametrize(
    ("sides", "band"),
    [
        ({"g": 0.4, "r": 0.4, "i": 0.4}, "r"),
        ({"g": 0.3, "r": 0.44}, "r"),
        ({"g": 0.2, "r": 0.4}, "g"),
        ({"g": 0.2, "r": 0.4, "i": 0.2001, "z": 0.25}, "i"),
        ({"g": 0.2, "z": 0.2}, "z"),
        ({"VIS": 0.1, "H": 0.3}, "VIS"),
    ],
)
def test_the_reference_band_s_pixels_are_kept_unless_much_coarser(sides, band):
    assert grid_band({name: frame(side) for name, side in sides.items()}) == band


def test_the_band_named_is_taken_or_missed():
    frames = {"g": frame(0.2), "r": frame(0.4)}
    assert grid_band(frames, "r") == "r"
    with pytest.raises(FrameError, match="grid band: expected g r, got i"):
        grid_band(frames, "i")


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_frames_share_sky_where_any_of_it_is_in_both(turn):
    wide = Frame(Path("w"), "w", np.zeros((3000, 3000)), np.ones(()), tan_wcs((3000, 3000), 1.0))
    for east, seen in ((0.0, True), (0.3, True), (0.7, False), (1.0, False), (180.0, False)):
        wcs = tan_wcs((9, 9), 0.1, turn)
        wcs.wcs.crval = wcs.wcs.crval + np.array([east, 0.0])
        small = Frame(Path("s"), "s", np.zeros((9, 9)), np.ones(()), wcs)
        assert share_sky(wide, small) is seen
        assert share_sky(small, wide) is seen
