"""Reliability: chances against shares, in bins of equally many candidates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.shares import wilson
from clumpscope.stages.calibrate.candidates import Chosen, Values

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """B bins by rising chance, those without candidates left out.

    Attributes
    ----------
    count, predicted, observed
        (B,) number of candidates, their mean chance, and the share of them that is real.
    low, high
        (B,) 68 % Wilson interval of that share.
    """

    count: NDArray[np.int64]
    predicted: Values
    observed: Values
    low: Values
    high: Values


def bin_of(chance: Values, bins: int = BINS) -> NDArray[np.intp]:
    """(N,) bin of each, with equally many in all but for equal chances, which stay together."""
    _, level, many = np.unique(chance, return_inverse=True, return_counts=True)
    middle = np.cumsum(many) - many / 2  # of the places that equal chances share
    share = middle[level] / max(len(chance), 1)
    of: NDArray[np.intp] = np.minimum((share * bins).astype(np.intp), bins - 1)
    return of


def reliability(chance: Values, real: Chosen, bins: int = BINS) -> Reliability:
    """Table of N > 0 chances and what is real of them."""
    of = bin_of(chance, bins)
    count = np.bincount(of, minlength=bins)
    some = count > 0
    number = count[some]
    hits = np.bincount(of, real, bins)[some]
    low, high = wilson(hits, number)
    return Reliability(
        number, np.bincount(of, chance, bins)[some] / number, hits / number, low, high
    )
