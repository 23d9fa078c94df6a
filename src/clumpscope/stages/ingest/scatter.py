"""How much the blank sky of an image scatters from pixel to pixel."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.background import sky

_MOST_PX = 1_000_000
_LAG = 4  # pixels, beyond which resampling hardly correlates noise
_MAD = 1.4826
_LEAST_PX = 50


def sky_scatter(data: NDArray[np.floating], good: NDArray[np.bool_]) -> float:
    """Estimate the scatter of blank sky, robust against sources and slow light.

    The smaller of two: the rms of the sky clipped at 3 sigma, and the median absolute second
    difference d(x - 4) - 2 d(x) + d(x + 4) over sqrt(6), in which a galaxy that fills the image
    cancels. Of large images some rows tell.

    Parameters
    ----------
    data
        (ny, nx), in any unit.
    good
        (ny, nx) True where a pixel counts.

    Returns
    -------
    float
        In the unit of the image; NaN of fewer than 50 good pixels.
    """
    step = _step(data.size)
    if data.shape[1] <= 2 * _LAG:
        data, good = data.T, good.T
    values, use = data[::step].astype(float), good[::step] & np.isfinite(data[::step])
    if use.sum() < _LEAST_PX:
        return float("nan")
    rms = sky(values, use).rms
    values = np.where(use, values, np.nan)
    with np.errstate(invalid="ignore"):
        bend = values[:, : -2 * _LAG] - 2 * values[:, _LAG:-_LAG] + values[:, 2 * _LAG :]
    bend = np.abs(bend[np.isfinite(bend)])
    if bend.size < _LEAST_PX:
        return rms
    small = float(_MAD * np.median(bend) / np.sqrt(6))
    return min(rms, small) if small > 0 else rms  # whole counts may hardly differ


def typical_of(plane: NDArray[np.generic], good: NDArray[np.bool_]) -> float:
    """Median of the good pixels; of large images some rows tell. NaN as in `sky_scatter`."""
    step = _step(plane.size)
    values = plane[::step][good[::step]].astype(float)
    return float(np.median(values)) if values.size >= _LEAST_PX else float("nan")


def _step(size: int) -> int:
    return max(1, round(size / _MOST_PX))
