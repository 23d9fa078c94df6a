"""Cutouts on one band's pixel grid: that band cut, the others resampled onto it.

Over a cutout the way from one frame's pixels to another's is mostly affine to far less than a
thousandth of a pixel, so it is fitted once to the two WCS and applied by a cubic spline, seven
times faster than reprojecting each pixel. Other ways are `ops.resample_mapped`'s.
"""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.window import part

_POINTS = 5  # a side of the grid the affine is fitted to
MAX_RESIDUAL_PX = 0.02
_SPLINE_MARGIN = 8  # px of source kept around; a cubic spline's tail is 3e-5 there
_REACH = np.ones((5, 5), dtype=bool)  # a bad pixel spoils those within 2 px

Plane = NDArray[np.float32]


def _extended(plane: Plane, y0: int, x0: int, shape: tuple[int, int]) -> Plane:
    """Window of a plane whose rim goes on beyond it: a step there would ring in the spline."""
    ny, nx = shape
    rows = np.clip(np.arange(y0, y0 + ny), 0, plane.shape[0] - 1)
    cols = np.clip(np.arange(x0, x0 + nx), 0, plane.shape[1] - 1)
    return plane[np.ix_(rows, cols)]


def nearest_affine(
    wcs: WCS, shape: tuple[int, int], source: WCS
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Affine from pixels of a window to those of a source frame, by least squares.

    Returns
    -------
    (2, 2) matrix, (2,) offset and largest error, px, rows first: source = matrix @ (row, col) +
    offset; NaN where there is none.
    """
    ny, nx = shape
    rows, cols = np.meshgrid(np.linspace(0, ny - 1, _POINTS), np.linspace(0, nx - 1, _POINTS))
    here = np.column_stack([rows.ravel(), cols.ravel(), np.ones(rows.size)])
    there = sky_to_native(native_to_sky(here[:, 1::-1], wcs), source)[:, ::-1]
    if not np.isfinite(there).all():
        return np.full((2, 2), np.nan), np.full(2, np.nan), float("nan")
    solution, *_ = np.linalg.lstsq(here, there, rcond=None)
    residual = float(np.abs(here @ solution - there).max())
    return np.asarray(solution[:2].T, dtype=float), np.asarray(solution[2], dtype=float), residual


def resample(
    data: Plane,
    variance: Plane,
    mask: NDArray[np.uint8],
    matrix: ArrayLike,
    offset: ArrayLike,
    shape: tuple[int, int],
) -> tuple[Plane, Plane, NDArray[np.uint8]]:
    """Bring a frame's planes onto another grid.

    Data pass a cubic spline times the Jacobian, which keeps flux to 0.2 % or better.
    Variance passes linear interpolation times the Jacobian: pixel noise itself falls on
    resampling, but noise in an aperture, which is what counts, does not. Mask bits spread
    to every pixel within a bad one's reach.

    Parameters
    ----------
    data, variance, mask
        Planes of the source frame; data finite.
    matrix, offset
        Of `nearest_affine`.
    shape
        (ny, nx) of the new grid.

    Returns
    -------
    Data, variance and mask on the new grid; off the frame both are 0 and the mask NO_DATA.
    """
    turn, start = np.asarray(matrix, dtype=float), np.asarray(offset, dtype=float)
    jacobian = abs(float(np.linalg.det(turn)))
    ny, nx = shape
    corners = np.array([(0, 0), (ny - 1, 0), (0, nx - 1), (ny - 1, nx - 1)]) @ turn.T + start
    low = np.floor(corners.min(axis=0)).astype(int) - _SPLINE_MARGIN
    high = np.ceil(corners.max(axis=0)).astype(int) + _SPLINE_MARGIN + 1
    y0, x0 = int(low[0]), int(low[1])
    size = (int(high[0] - y0), int(high[1] - x0))
    move = {"matrix": turn, "offset": start - low, "output_shape": shape}

    stamp = _extended(data, y0, x0, size)
    new_data = ndimage.affine_transform(stamp, order=3, mode="nearest", **move) * jacobian
    stamp = _extended(variance, y0, x0, size)
    new_variance = ndimage.affine_transform(stamp, order=1, mode="nearest", **move) * jacobian
    flags = part(mask, y0, x0, size, float(MaskBit.NO_DATA)).astype(np.uint8)
    new_mask = np.zeros(shape, dtype=np.uint8)
    for bit in MaskBit:
        bad = (flags & bit) > 0
        if bad.any():
            spread = ndimage.binary_dilation(bad, _REACH).astype(np.uint8)
            moved = ndimage.affine_transform(spread, order=0, mode="nearest", **move)
            new_mask |= (moved * np.uint8(bit)).astype(np.uint8)
    lost = (new_mask & MaskBit.NO_DATA) > 0
    new_data[lost] = 0
    new_variance[lost] = 0
    return new_data.astype(np.float32), new_variance.astype(np.float32), new_mask
