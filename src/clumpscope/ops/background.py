"""Level and noise of the blank sky."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CLIP = 3.0
_ROUNDS = 20
_TRIMMED = 0.3  # on either side
# A Gaussian cut at 3 sigma has this rms.
_CLIPPED_RMS = 0.98658


class Sky(NamedTuple):
    """Blank sky: ``level`` and ``rms`` per pixel in the unit of the image; NaN without pixels."""

    level: float
    rms: float


def sky(data: NDArray[np.floating], good: NDArray[np.bool_]) -> Sky:
    """Estimate the sky by clipping everything beyond 3 sigma of the median until it settles.

    The level is the mean of the middle 40 %: the median of pixels that hold whole counts is a
    whole count, up to 0.1 sigma off in SDSS's r, which adds up over a large aperture.

    Parameters
    ----------
    data
        (ny, nx).
    good
        (ny, nx) True where a pixel counts.
    """
    # Sorted once, what is kept is a slice: medians are looked up.
    values = np.sort(data[good])
    if not values.size:
        return Sky(np.nan, np.nan)
    first, last = 0, values.size
    level = _median(values)
    exact = values.astype(float)
    off = exact - level
    # Sources only add light, so the first width is that of the pixels below the median.
    below = int(np.searchsorted(exact, level, "right"))
    rms = float(np.sqrt(np.mean(off[:below] ** 2)))
    for _ in range(_ROUNDS):
        low = max(first, int(np.searchsorted(exact, level - _CLIP * rms, "left")))
        high = min(last, int(np.searchsorted(exact, level + _CLIP * rms, "right")))
        if low >= high or (low, high) == (first, last):
            break
        first, last = low, high
        level = _median(values[first:last])
        kept = off[first:last]
        variance = float(np.mean(kept**2) - np.mean(kept) ** 2)
        rms = float(np.sqrt(max(variance, 0.0))) / _CLIPPED_RMS
    cut = int(_TRIMMED * (last - first))
    return Sky(float(exact[first + cut : last - cut].mean()), rms)


def _median(ordered: NDArray[np.floating]) -> float:
    """Median of values in order."""
    half = len(ordered) // 2
    upper = float(ordered[half])
    return upper if len(ordered) % 2 else (float(ordered[half - 1]) + upper) / 2
