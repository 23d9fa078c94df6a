from pathlib import Path

import numpy as np
import pytest

from builders import tan_wcs
from clumpscope.core.field import Frame
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.errors import FrameError
from clumpscope.ops.common_grid import common_window, grid_band, share_sky
from distorted import sip_wcs


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


@pytest.mark.parametrize(
    "other",
    [
        frame(0.3, (80, 90), rotation_deg=30.0),
        frame(1.1, (40, 60), flip=True),
        frame(wcs=sip_wcs((100, 120), 0.4, 200.0)),
    ],
)
def test_the_window_holds_what_both_have_seen_and_little_more(other):
    own = frame(0.2, (300, 400))
    window = common_window({"r": own, "g": other}, "r")
    rows, cols = np.indices((300, 400))
    xy = np.column_stack([cols.ravel(), rows.ravel()])
    there = sky_to_native(native_to_sky(xy, own.wcs), other.wcs)
    ny, nx = other.data.shape
    seen = ((there >= -0.5) & (there <= [nx - 0.5, ny - 0.5])).all(axis=1).reshape(rows.shape)
    for axis, start, size, whole in (
        (1, window.y0, window.shape[0], 300),
        (0, window.x0, window.shape[1], 400),
    ):
        found = np.flatnonzero(seen.any(axis=axis))
        assert start <= found[0] <= start + 3 * whole / 64 + 1
        assert start + size - 1 >= found[-1] >= start + size - 2 - 3 * whole / 64
        assert start >= 0
        assert start + size <= whole
    here = native_to_sky([[5.0, 6.0]], window.wcs)
    np.testing.assert_allclose(
        sky_to_native(here, own.wcs), [[5.0 + window.x0, 6.0 + window.y0]], atol=1e-6
    )


def test_bands_alone_and_alike():
    own = frame(0.2, (30, 40))
    for frames in ({"r": own}, {"r": own, "g": own}):
        window = common_window(frames, "r")
        assert (window.x0, window.y0, window.shape) == (0, 0, (30, 40))


def test_bands_of_other_sky_have_nothing_in_common():
    with pytest.raises(FrameError, match=r"x.fits \(band g\): expected sky that x.fits shows too"):
        common_window({"r": frame(), "g": frame(dec=3.0)}, "r")


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_frames_share_sky_where_any_of_it_is_in_both(turn):
    wide = Frame(Path("w"), "w", np.zeros((3000, 3000)), np.ones(()), tan_wcs((3000, 3000), 1.0))
    for east, seen in ((0.0, True), (0.3, True), (0.7, False), (1.0, False), (180.0, False)):
        wcs = tan_wcs((9, 9), 0.1, turn)
        wcs.wcs.crval = wcs.wcs.crval + np.array([east, 0.0])
        small = Frame(Path("s"), "s", np.zeros((9, 9)), np.ones(()), wcs)
        assert share_sky(wide, small) is seen
        assert share_sky(small, wide) is seen
