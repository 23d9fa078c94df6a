"""Windows on a frame's own pixels."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.sip import shifted


@dataclass(frozen=True, eq=False)
class Window:
    """A window on a frame's own pixels.

    Attributes
    ----------
    x0, y0
        Frame column and row of the window's pixel (0, 0); may lie off the frame.
    shape
        (ny, nx) of the window.
    wcs
        WCS of the window.
    """

    x0: int
    y0: int
    shape: tuple[int, int]
    wcs: WCS

    @classmethod
    def centred(cls, wcs: WCS, x: float, y: float, side: int) -> "Window":
        """Square window of ``side`` px around frame pixel (x, y), to half a pixel."""
        x0, y0 = (int(np.floor(value - (side - 1) / 2 + 0.5)) for value in (x, y))
        return cls(x0, y0, (side, side), shifted(wcs, x0, y0))

    @classmethod
    def whole(cls, wcs: WCS, shape: tuple[int, int]) -> "Window":
        """All of a frame of ``shape`` (ny, nx)."""
        return cls(0, 0, shape, wcs)

    def inner(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of a square in the middle of this one; both sides odd or both even."""
        start = (self.shape[0] - side) // 2
        return slice(start, start + side), slice(start, start + side)


def cut(plane: NDArray[np.generic], window: Window, fill: float) -> NDArray[np.generic]:
    """Window of a frame's plane; pixels off the frame are ``fill``."""
    return part(plane, window.y0, window.x0, window.shape, fill)


def part(
    plane: NDArray[np.generic], y0: int, x0: int, shape: tuple[int, int], fill: float
) -> NDArray[np.generic]:
    """A rectangle of a plane from row ``y0``, column ``x0``; pixels off the plane are ``fill``."""
    ny, nx = shape
    rows = slice(max(y0, 0), min(y0 + ny, plane.shape[0]))
    cols = slice(max(x0, 0), min(x0 + nx, plane.shape[1]))
    out = np.full(shape, fill, dtype=plane.dtype)
    if rows.start < rows.stop and cols.start < cols.stop:
        out[rows.start - y0 : rows.stop - y0, cols.start - x0 : cols.stop - x0] = plane[rows, cols]
    return out
