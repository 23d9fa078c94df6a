"""Completeness as predicted for hosts left out, and as it was."""

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.ops.shares import wilson

Values = NDArray[np.float64]


def deciles(predicted: Values, found: NDArray[np.bool_], count: int = 10) -> Table:
    """Mean predicted and observed completeness of equal parts, by rising prediction.

    Parameters
    ----------
    predicted, found
        (N,) of true clumps; those of unknown prediction do not count.

    Returns
    -------
    A row a part: ``predicted``, ``observed`` with its 68 % Wilson interval ``low``, ``high``, and
    ``n``.
    """
    known = np.flatnonzero(np.isfinite(predicted))
    order = known[np.argsort(predicted[known], kind="stable")]
    parts = [part for part in np.array_split(order, count) if len(part)]
    hits = np.array([int(found[part].sum()) for part in parts])
    sizes = np.array([len(part) for part in parts])
    low, high = wilson(hits, sizes)
    return Table(
        {
            "predicted": [float(predicted[part].mean()) for part in parts],
            "observed": hits / sizes,
            "low": low,
            "high": high,
            "n": sizes,
        }
    )
