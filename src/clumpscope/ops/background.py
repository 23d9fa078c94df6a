"""Level and noise of the blank sky in an image that holds a galaxy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CLIP = 3.0
_ROUNDS = 20
# A Gaussian cut at 3 sigma has this rms.
_CLIPPED_RMS = 0.98658


class Sky(NamedTuple):
    """Blank sky: ``level`` and ``rms`` per pixel in the unit of the image; NaN without pixels."""

    level: float
    rms: float


def sky(data: NDArray[np.floating], good: NDArray[np.bool_]) -> Sky:
    """Estimate the sky by clipping everything beyond 3 sigma of the median until it settles.

    Parameters
    ----------
    data
        (ny, nx).
    good
        (ny, nx) True where a pixel counts.
    """
    values = data[good].astype(float)
    if not values.size:
        return Sky(np.nan, np.nan)
    level = float(np.median(values))
    # Sources only add light, so the first width is that of the pixels below the median.
    low = values[values <= level]
    rms = float(np.sqrt(np.mean((low - level) ** 2)))
    for _ in range(_ROUNDS):
        kept = values[np.abs(values - level) <= _CLIP * rms]
        if not kept.size or kept.size == values.size:
            break
        values = kept
        level = float(np.median(values))
        rms = float(values.std()) / _CLIPPED_RMS
    return Sky(level, rms)
