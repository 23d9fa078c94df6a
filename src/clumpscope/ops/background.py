"""Level and noise of the blank sky, and a galaxy's light measured by it."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import GalaxyImage

T = TypeVar("T", bound=np.generic)

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
    # Sorted once, what is kept is a slice: medians are looked up, widths are differences of sums.
    values = np.sort(data[good])
    if not values.size:
        return Sky(np.nan, np.nan)
    first, last = 0, values.size
    level = _median(values)
    off = values.astype(float) - level
    sums, squares = (np.concatenate([[0.0], np.cumsum(power)]) for power in (off, off**2))
    # Sources only add light, so the first width is that of the pixels below the median.
    below = int(np.searchsorted(values, level, "right"))
    rms = float(np.sqrt(squares[below] / below))
    for _ in range(_ROUNDS):
        low = max(first, int(np.searchsorted(values, level - _CLIP * rms, "left")))
        high = min(last, int(np.searchsorted(values, level + _CLIP * rms, "right")))
        if low >= high or (low, high) == (first, last):
            break
        first, last = low, high
        level = _median(values[first:last])
        mean = (sums[last] - sums[first]) / (last - first)
        variance = (squares[last] - squares[first]) / (last - first) - mean**2
        rms = float(np.sqrt(max(variance, 0.0))) / _CLIPPED_RMS
    cut = int(_TRIMMED * (last - first))
    return Sky(float(values[first + cut : last - cut].mean(dtype=float)), rms)


def _median(ordered: NDArray[np.floating]) -> float:
    """Median of values in order."""
    half = len(ordered) // 2
    upper = float(ordered[half])
    return upper if len(ordered) % 2 else (float(ordered[half - 1]) + upper) / 2


def judged(
    image: GalaxyImage, bands: Sequence[str], pixels: NDArray[np.intp] | None = None
) -> NDArray[np.bool_]:
    """True where every one of the bands that have any data can be measured.

    Returns (ny, nx), or the values at ``pixels``, indices into the flattened image.
    """
    good = np.ones(image.shape if pixels is None else pixels.shape, dtype=bool)
    for plane in (image[band] for band in bands):
        if np.isfinite(plane.noise):
            good &= _at(plane.mask, pixels) == 0
            good &= np.isfinite(_at(plane.data, pixels)) & np.isfinite(_at(plane.variance, pixels))
    return good


def brightness(
    image: GalaxyImage, bands: Sequence[str], pixels: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Signal-to-noise a pixel of some bands together; 0 stands where a band cannot be measured.

    Each band counts over its median noise, so that none rules. Returns (ny, nx), or the values
    at ``pixels``, indices into the flattened image.
    """
    total = np.zeros(image.shape if pixels is None else pixels.shape)
    for plane in (image[band] for band in bands):
        if np.isfinite(plane.noise):
            data, mask = _at(plane.data, pixels), _at(plane.mask, pixels)
            total += np.where((mask == 0) & np.isfinite(data), data, 0) / plane.noise
    mean: NDArray[np.float64] = total / np.sqrt(len(bands))
    return mean


def _at(plane: NDArray[T], pixels: NDArray[np.intp] | None) -> NDArray[T]:
    return plane if pixels is None else plane.ravel()[pixels]
