"""Medians of parts of many rows at once."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def row_medians(values: NDArray[np.floating], used: NDArray[np.bool_]) -> Values:
    """(...) median of the values (..., p) that are used; NaN where there is none."""
    ordered = np.sort(np.where(used, values, np.inf), axis=-1)
    count = np.count_nonzero(used, axis=-1)[..., None]
    last = np.maximum(count - 1, 0)
    low, high = (np.take_along_axis(ordered, at, axis=-1) for at in (last // 2, (last + 1) // 2))
    medians: Values = np.where(count > 0, (low + high) / 2, np.nan)[..., 0]
    return medians
