"""The only conversions between native pixels, composite pixels, fractions and sky.

Four frames meet here:

* **native**: pixels of the stored image; (0, 0) is the *centre* of the first pixel, an
  image of n pixels spans [-0.5, n - 0.5] (astropy, photutils, ``origin=0``).
* **composite**: what a detector sees, a composite or a stack of bands, in torch's edge
  convention: pixel i spans [i, i + 1].
* **fraction**: of the stored array's columns and rows, edge convention: 0 is the outer edge
  of the first pixel, 1 that of the last.
* **sky**: ICRS right ascension and declination, degrees.

Points are arrays of shape (N, 2), columns first (x, y); boxes are (N, 4) as x1, y1, x2, y2.
"""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS, NoConvergence
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.sip import has_tables
from clumpscope.errors import ImageError, expected_got

Points = NDArray[np.float64]

_CLOSE_PX = 1e-6  # to which a distortion is inverted


def _points(xy: ArrayLike) -> Points:
    return np.asarray(xy, dtype=float).reshape(-1, 2)


def middle_of(shape: tuple[int, int]) -> Points:
    """(2,) native x, y of the middle of an image of ``shape`` (ny, nx)."""
    return (np.array(shape[::-1]) - 1) / 2


def native_to_fraction(xy: ArrayLike, shape: tuple[int, int]) -> Points:
    """Native pixels (N, 2) → fractions of an image of ``shape`` (ny, nx)."""
    fraction: Points = (_points(xy) + 0.5) / np.array(shape[::-1])
    return fraction


def fraction_to_native(fraction: ArrayLike, shape: tuple[int, int]) -> Points:
    """Fractions (N, 2) of an image of ``shape`` (ny, nx) → native pixels."""
    xy: Points = _points(fraction) * np.array(shape[::-1]) - 0.5
    return xy


def boxes_native_to_fraction(boxes: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes (N, 4) in native pixels → fractions of an image of ``shape`` (ny, nx)."""
    return native_to_fraction(np.asarray(boxes, dtype=float).reshape(-1, 2), shape).reshape(-1, 4)


def boxes_fraction_to_native(boxes: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes (N, 4) in fractions → native pixels of an image of ``shape`` (ny, nx)."""
    return fraction_to_native(np.asarray(boxes, dtype=float).reshape(-1, 2), shape).reshape(-1, 4)


def native_to_sky(xy: ArrayLike, wcs: WCS | None) -> Points:
    """Native pixels (N, 2) → (ra, dec) degrees; NaN without a WCS."""
    points = _points(xy)
    if wcs is None:
        return np.full_like(points, np.nan)
    return np.column_stack(wcs.all_pix2world(points[:, 0], points[:, 1], 0))


def sky_to_native(radec: ArrayLike, wcs: WCS | None) -> Points:
    """(ra, dec) degrees (N, 2) → native pixels.

    NaN where a distortion has no pixel for a place, as may be far off its image.

    Raises
    ------
    ImageError
        If there is no WCS.
    """
    points = _points(radec)
    if wcs is None:
        raise ImageError(
            expected_got(
                "sky position", "an image with a WCS", "no WCS", "give x and y in pixels instead"
            )
        )
    found: Points = np.column_stack(wcs.wcs_world2pix(points[:, 0], points[:, 1], 0))
    if wcs.sip is None and not has_tables(wcs):
        return found
    on = np.isfinite(found).all(axis=1)  # on this side of the sky
    if on.any():
        found[on] = _undistorted(points[on], wcs)
    return found


def _undistorted(sky: Points, wcs: WCS) -> Points:
    """Native pixels (N, 2) by iteration; NaN where it does not converge."""
    try:
        return np.column_stack(wcs.all_world2pix(sky[:, 0], sky[:, 1], 0, tolerance=_CLOSE_PX))
    except NoConvergence as error:
        found: Points = np.array(error.best_solution, dtype=float)
        for lost in (error.divergent, error.slow_conv):
            if lost is not None:
                found[lost] = np.nan
        return found


@dataclass(frozen=True)
class PixelFrame:
    """Where a composite lies on its native image.

    A composite pixel edge X belongs to the native edge (X + offset) / scale, for both axes;
    ``size`` is the composite's side in pixels.

    Attributes
    ----------
    shape
        (ny, nx) of the native image.
    scale
        Composite pixels a native pixel.
    offset_x, offset_y
        Composite pixels cut off (positive) or added (negative) before column and row 0.
    size
        Longer side of the composite, pixels.
    """

    shape: tuple[int, int]
    scale: float
    offset_x: float
    offset_y: float
    size: int

    @classmethod
    def centred(cls, shape: tuple[int, int], enlarged: int, size: int) -> "PixelFrame":
        """Frame of an image enlarged so that its longer side is ``enlarged`` px, centre kept.

        The shorter side is padded evenly; ``size`` is the side of the central crop.
        """
        ny, nx = shape
        scale = enlarged / max(ny, nx)
        return cls(
            shape=(ny, nx),
            scale=scale,
            offset_x=(nx * scale - size) / 2,
            offset_y=(ny * scale - size) / 2,
            size=size,
        )

    @property
    def _offset(self) -> Points:
        return np.array([self.offset_x, self.offset_y])

    def native_to_composite(self, xy: ArrayLike) -> Points:
        """Native pixels (N, 2) → composite edge coordinates."""
        return (_points(xy) + 0.5) * self.scale - self._offset

    def composite_to_native(self, xy: ArrayLike) -> Points:
        """Composite edge coordinates (N, 2) → native pixels."""
        return (_points(xy) + self._offset) / self.scale - 0.5

    def boxes_composite_to_fraction(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes (N, 4) in composite edge coordinates → fractions of the stored array."""
        corners = np.asarray(boxes, dtype=float).reshape(-1, 2)
        return native_to_fraction(self.composite_to_native(corners), self.shape).reshape(-1, 4)

    def boxes_fraction_to_composite(self, boxes: ArrayLike) -> NDArray[np.float64]:
        """Boxes (N, 4) in fractions of the stored array → composite edge coordinates."""
        corners = np.asarray(boxes, dtype=float).reshape(-1, 2)
        return self.native_to_composite(fraction_to_native(corners, self.shape)).reshape(-1, 4)

    def sample_indices(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Native row and column under each composite row and column's centre (nearest).

        Entries outside the native image are -1.
        """
        centres = np.arange(self.size) + 0.5
        rows = np.floor((centres + self.offset_y) / self.scale).astype(np.intp)
        cols = np.floor((centres + self.offset_x) / self.scale).astype(np.intp)
        rows[(rows < 0) | (rows >= self.shape[0])] = -1
        cols[(cols < 0) | (cols >= self.shape[1])] = -1
        return rows, cols
