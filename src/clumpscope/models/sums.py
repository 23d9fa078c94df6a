"""Sums that are the same for a row whatever rows are beside it."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def weighted(terms: Values, weights: Values) -> Values:
    """The product of ``terms`` (N, K) and ``weights``, (K,) or (K, M): (N,) or (N, M).

    BLAS adds in another order in the last rows of a matrix than in others, so that a last digit
    would depend on how a table is parted.
    """
    total = np.zeros((len(terms), *weights.shape[1:]))
    for term, weight in zip(terms.T, weights, strict=True):
        total += np.multiply.outer(term, weight)
    return total
