"""Where the pixels of a window lie on a frame whose WCS is any other."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from clumpscope.core.frames import native_to_sky, sky_to_native

Values = NDArray[np.float64]

_STEP = 16.0  # px between the nodes of the splines
_LEAST_NODES = 5
_CLOSE_PX = 0.002  # to which they hold between their nodes, else each pixel goes its own way


@dataclass(frozen=True, eq=False)
class PixelMap:
    """Places of a window's pixels on a frame.

    Attributes
    ----------
    places
        (2, ny, nx) frame row and column of each pixel's centre; NaN where it has none.
    steps
        (2, 2, ny, nx): frame row and column by window row and column.
    """

    places: Values
    steps: Values

    @property
    def jacobian(self) -> Values:
        """(ny, nx) frame pixels that a window pixel covers."""
        (rr, rc), (cr, cc) = self.steps
        area: Values = np.abs(rr * cc - rc * cr)
        return area

    @property
    def scale(self) -> float:
        """Frame pixels that a window pixel's side is long, at most; 0 if none lies anywhere."""
        norms = np.hypot(self.steps[0], self.steps[1])
        return float(np.nanmax(norms)) if np.isfinite(norms).any() else 0.0


def pixel_map(wcs: WCS, shape: tuple[int, int], source: WCS) -> PixelMap:
    """Places of the pixels of a window of ``shape`` (ny, nx) on the frame of another WCS.

    A smooth map is followed by splines through nodes 16 px apart, which is checked between
    them; where it is not so smooth, each pixel is taken through the sky.
    """
    ny, nx = shape
    # A rim, so that steps are central at the window's own edge.
    rows, cols = np.arange(-1.0, ny + 1), np.arange(-1.0, nx + 1)
    places = _splined(rows, cols, wcs, source)
    if places is None:
        places = _through_sky(rows, cols, wcs, source)
    steps = np.array([np.gradient(plane) for plane in places])
    return PixelMap(places[:, 1:-1, 1:-1], steps[:, :, 1:-1, 1:-1])


def _splined(rows: Values, cols: Values, wcs: WCS, source: WCS) -> Values | None:
    """(2, ny, nx) places by splines; ``None`` if these do not hold."""
    nodes = [_nodes(axis) for axis in (rows, cols)]
    between = [(axis[:-1] + axis[1:]) / 2 for axis in nodes]
    known = _through_sky(nodes[0], nodes[1], wcs, source)
    if not np.isfinite(known).all():
        return None
    splines = [RectBivariateSpline(nodes[0], nodes[1], plane) for plane in known]
    exact = _through_sky(between[0], between[1], wcs, source)
    off = np.abs(np.array([spline(*between) for spline in splines]) - exact).max()
    if not off <= _CLOSE_PX:
        return None
    return np.array([spline(rows, cols) for spline in splines])


def _nodes(axis: Values) -> Values:
    count = max(int(np.ceil((axis[-1] - axis[0]) / _STEP)) + 1, _LEAST_NODES)
    return np.linspace(axis[0], axis[-1], count)


def _through_sky(rows: Values, cols: Values, wcs: WCS, source: WCS) -> Values:
    """(2, len(rows), len(cols)) row and column on the source of a grid of pixels."""
    x, y = np.meshgrid(cols, rows)
    there = sky_to_native(native_to_sky(np.column_stack([x.ravel(), y.ravel()]), wcs), source)
    return np.array([there[:, 1].reshape(x.shape), there[:, 0].reshape(x.shape)])
