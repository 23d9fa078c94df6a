"""Resampling onto a window whose way to the frame is no affine, or whose pixels are larger.

A window pixel is the integral of the frame's cubic spline over its area: at its centre where it
is no larger than a frame pixel, else summed at points half a frame pixel apart, or one where
there are many, so that nothing falls between them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.pixel_map import PixelMap
from clumpscope.ops.window import part

Plane = NDArray[np.float32]

POINT_SCALE = 1.05  # frame pixels a side, up to which a window pixel is sampled at its centre
_STEP = 0.5  # frame pixels between sampled points; up to 1 where a side has so many:
_MANY = 8
_MARGIN = 8  # px of source kept around; a cubic spline's tail is 3e-5 there
_REACH = np.ones((5, 5), dtype=bool)  # a bad pixel spoils those within 2 px
_AT_ONCE = 2_000_000  # points


def resample_mapped(
    data: Plane, variance: Plane, mask: NDArray[np.uint8], pixels: PixelMap
) -> tuple[Plane, Plane, NDArray[np.uint8]]:
    """Bring a frame's planes onto a window; the mask's bits reach as in `ops.resample`.

    Parameters
    ----------
    data, variance, mask
        Planes of the frame; data finite.
    pixels
        Where the window's pixels lie on it.

    Returns
    -------
    Data, variance and mask on the window; off the frame both are 0 and the mask NO_DATA.
    """
    found: NDArray[np.bool_] = np.asarray(np.isfinite(pixels.places).all(axis=0))
    box = _box(pixels.places, found, data.shape, int(np.ceil(pixels.scale)))
    if box is None:
        blank = np.zeros(found.shape, dtype=np.float32)
        return blank, blank.copy(), np.full(found.shape, MaskBit.NO_DATA, dtype=np.uint8)
    y0, x0, size = box
    rows, cols = (
        np.clip(np.arange(start, start + count), 0, length - 1)
        for start, count, length in zip((y0, x0), size, data.shape, strict=True)
    )
    spline = ndimage.spline_filter(data[np.ix_(rows, cols)].astype(float), order=3, mode="nearest")
    noise = variance[np.ix_(rows, cols)].astype(float)
    flags = part(mask, y0, x0, size, float(MaskBit.NO_DATA)).astype(np.uint8)
    spread = np.zeros(flags.shape, dtype=np.uint8)
    for bit in MaskBit:
        bad = (flags & bit) > 0
        if bad.any():
            spread |= ndimage.binary_dilation(bad, _REACH).astype(np.uint8) * np.uint8(bit)
    new_data, new_variance = np.zeros((2, *found.shape))
    new_mask = np.zeros(found.shape, dtype=np.uint8)
    jacobian, each = np.nan_to_num(pixels.jacobian), _points(pixels.scale)
    for chunk in _chunks(found.shape):
        places = np.nan_to_num(pixels.places[:, chunk])
        steps = np.nan_to_num(pixels.steps[:, :, chunk])
        share = jacobian[chunk] / each**2
        for down, right in _within(each):
            at = places + down * steps[:, 0] + right * steps[:, 1]
            at -= np.array([y0, x0])[:, None, None]
            new_data[chunk] += share * ndimage.map_coordinates(
                spline, at, order=3, mode="nearest", prefilter=False
            )
            new_variance[chunk] += share * ndimage.map_coordinates(
                noise, at, order=1, mode="nearest"
            )
            near = np.rint(at).astype(np.intp)
            off = (near < 0) | (near >= np.array(size)[:, None, None])
            near = np.clip(near, 0, np.array(size)[:, None, None] - 1)
            hit = spread[near[0], near[1]]
            hit[off.any(axis=0)] |= np.uint8(MaskBit.NO_DATA)
            new_mask[chunk] |= hit
    new_mask[~found] = MaskBit.NO_DATA
    lost = (new_mask & MaskBit.NO_DATA) > 0
    new_data[lost] = 0
    new_variance[lost] = 0
    return new_data.astype(np.float32), new_variance.astype(np.float32), new_mask


def _box(
    places: NDArray[np.float64], found: NDArray[np.bool_], shape: tuple[int, ...], reach: int
) -> tuple[int, int, tuple[int, int]] | None:
    """First row, first column and size of the frame's part that a window needs, with a margin."""
    margin = reach + _MARGIN
    starts, sizes = [], []
    for plane, length in zip(places, shape, strict=True):
        inside = plane[found]
        if not inside.size:
            return None
        low = max(int(np.floor(inside.min())), 0) - margin
        high = min(int(np.ceil(inside.max())), length - 1) + margin + 1
        if high - low <= margin:
            return None
        starts.append(low)
        sizes.append(high - low)
    return starts[0], starts[1], (sizes[0], sizes[1])


def _points(scale: float) -> int:
    """Points a side at which a window pixel is sampled."""
    if scale <= POINT_SCALE:
        return 1
    return min(int(np.ceil(scale / _STEP)), max(_MANY, int(np.ceil(scale))))


def _within(each: int) -> Iterator[tuple[float, float]]:
    """Where in a pixel it is sampled, from its centre, pixels."""
    steps = (np.arange(each) + 0.5) / each - 0.5
    for down in steps:
        for right in steps:
            yield float(down), float(right)


def _chunks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Rows of a window, so many that memory stays small."""
    rows = max(1, _AT_ONCE // max(1, shape[1]))
    for start in range(0, shape[0], rows):
        yield slice(start, start + rows)
