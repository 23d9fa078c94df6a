"""Galaxies drawn with replacement, as many as there are: what a bootstrap by galaxy is made of.

Clumps of one galaxy are found or missed together, so galaxies are drawn, not clumps.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_PART = 64  # resamplings at a time


def resampled(galaxies: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """(b, G) how often each galaxy is drawn, of all ``draws`` resamplings some at a time.

    The same for the same numbers and state of ``rng``, so that what is of the same galaxies is
    compared pairwise.
    """
    for start in range(0, draws, _PART):
        size = min(_PART, draws - start)
        drawn = rng.integers(galaxies, size=(size, galaxies))
        drawn += galaxies * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * galaxies)
        yield times.reshape(size, galaxies)


def all_resampled(galaxies: int, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(B, G) the same at once."""
    none = np.zeros((0, galaxies), dtype=np.int64)
    return np.concatenate([none, *resampled(galaxies, draws, rng)])
