"""Re-centring on the peak of all bands together.

The detector's boxes scatter by about 0.1 arcsec around the clumps. Pixels that any band masks do
not count. A point source, its two
derivatives, its neighbours and a plane are fitted to the sum of the bands, each over its noise;
the derivatives tell how far the source lies from where it was thought to be.
"""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray

from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.planes import Planes

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_WINDOW = 1.5  # PSF-FWHM
_STEPS = 3
_SETTLED_PX = 0.03
_LEAST_SNR = 8.0  # fainter sources would follow the noise: their flux would be 1/SNR sigma high


def recentre(image: GalaxyImage, xy: Values, fwhm_px: float, limit_px: float) -> Values:
    """Positions of the peaks.

    Parameters
    ----------
    xy
        (n, 2) native pixels.
    fwhm_px
        PSF-FWHM of the reference band.
    limit_px
        A clump whose peak lies farther than this away, or that is too faint to tell, stays.

    Returns
    -------
    (n, 2) native pixels.
    """
    if not len(xy):
        return xy.copy()
    light = _Light.around(image, xy, limit_px + _WINDOW * fwhm_px + 2)
    moved = xy.copy()
    moving = np.arange(len(xy))
    for _ in range(_STEPS):
        steps = _steps(light, moved, moving, fwhm_px)
        there = moved[moving] + steps
        # Nothing is known of what is too faint: comparisons with NaN are false.
        kept = np.hypot(*(there - xy[moving]).T) <= limit_px
        moved[moving] = np.where(kept[:, None], there, xy[moving])
        moving = moving[kept & (np.hypot(*steps.T) > _SETTLED_PX)]
        if not len(moving):
            break
    return moved


class _Light(NamedTuple):
    """Part of an image (ny, nx) from column and row ``start``: all bands over their noise."""

    start: NDArray[np.intp]
    values: Values
    good: Flags

    @classmethod
    def around(cls, image: GalaxyImage, xy: Values, reach: float) -> "_Light":
        """What lies within ``reach`` of any of the clumps (n, 2)."""
        last = np.array(image.shape[::-1]) - 1
        low = np.clip(np.floor(xy.min(axis=0) - reach), 0, last).astype(np.intp)
        high = np.clip(np.ceil(xy.max(axis=0) + reach), 0, last).astype(np.intp)
        columns, rows = (np.arange(a, b + 1) for a, b in zip(low, high, strict=True))
        pixels = rows[:, None] * image.shape[1] + columns
        planes = Planes.of(image, list(image.bands), pixels.ravel())
        return cls(low, planes.light.reshape(pixels.shape), planes.good.reshape(pixels.shape))

    def at(self, x: NDArray[np.intp], y: NDArray[np.intp]) -> tuple[Values, Flags]:
        """Values of pixels (...), and which of them are there and good."""
        ny, nx = self.values.shape
        column, row = x - self.start[0], y - self.start[1]
        on = (column >= 0) & (column < nx) & (row >= 0) & (row < ny)
        cell = np.clip(row, 0, ny - 1), np.clip(column, 0, nx - 1)
        return self.values[cell], on & self.good[cell]


def _steps(light: _Light, xy: Values, which: NDArray[np.intp], fwhm: float) -> Values:
    """(k, 2) offsets of some sources from where all are put; NaN where one is too faint."""
    reach = int(np.ceil(_WINDOW * fwhm))
    own = xy[which]
    stamp = np.arange(-reach, reach + 1)
    middle = np.rint(own).astype(np.intp)[:, :, None, None]
    x, y = np.broadcast_arrays(middle[:, 0] + stamp, middle[:, 1] + stamp[:, None])
    x, y = (places.reshape(len(own), -1) for places in (x, y))
    dx, dy = x - own[:, :1], y - own[:, 1:]
    values, good = light.at(x, y)
    near = good & (np.hypot(dx, dy) < _WINDOW * fwhm)
    precision = (gaussian_sigma_to_fwhm / fwhm) ** 2
    beside, there = _neighbours(xy, which, 2 * _WINDOW * fwhm)
    others = np.exp(
        -0.5
        * precision
        * ((x[:, None] - beside[..., :1]) ** 2 + (y[:, None] - beside[..., 1:]) ** 2)
    )
    point = np.exp(-0.5 * precision * (dx**2 + dy**2))
    plane = [np.ones_like(dx), dx, dy]
    terms = np.stack([point, point * dx * precision, point * dy * precision, *plane], axis=1)
    terms = np.concatenate([terms, others * there[..., None]], axis=1) * near[:, None]
    normal = terms @ terms.swapaxes(1, 2)
    # A neighbour that is not there has a coefficient of its own, and tells nothing.
    np.einsum("kii->ki", normal)[:, terms.shape[1] - there.shape[1] :] += ~there
    free = np.count_nonzero(near, axis=1) - (len(plane) + 3) - np.count_nonzero(there, axis=1)
    inverse = _inverses(normal, free > 0)
    solution = (inverse @ (terms @ values[..., None]))[..., 0]
    left = np.where(near, values, 0) - (solution[:, None] @ terms)[:, 0]
    error = np.sqrt(inverse[:, 0, 0] * (left**2).sum(axis=1) / np.maximum(free, 1))
    seen = solution[:, 0] > _LEAST_SNR * error
    steps = np.full(own.shape, np.nan)
    steps[seen] = solution[seen, 1:3] / solution[seen, :1]
    # Beyond a third of the FWHM the derivative is no longer the whole story.
    length = np.maximum(np.hypot(*steps.T), 1e-300)
    steps *= np.minimum(1.0, fwhm / 3 / length)[:, None]
    return steps


def _neighbours(xy: Values, which: NDArray[np.intp], reach: float) -> tuple[Values, Flags]:
    """(k, m, 2) the m sources nearest to some, and (k, m) which of them are near enough."""
    apart = np.hypot(*(xy[which, None] - xy).transpose(2, 0, 1))
    apart[np.arange(len(which)), which] = np.inf
    m = int(np.count_nonzero(apart < reach, axis=1).max())
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :m]
    return xy[nearest], np.take_along_axis(apart, nearest, axis=1) < reach


def _inverses(normal: Values, wanted: Flags) -> Values:
    """(k, m, m) inverses; NaN where there is none, or none is wanted."""
    found = np.full(normal.shape, np.nan)
    try:
        found[wanted] = np.linalg.inv(normal[wanted])
    except np.linalg.LinAlgError:
        for k in np.flatnonzero(wanted):
            with suppress(np.linalg.LinAlgError):
                found[k] = np.linalg.inv(normal[k])
    return found
