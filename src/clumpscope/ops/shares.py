"""Shares with their intervals."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import binom_conf_interval
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

CREDIBLE = 0.68268949  # of all intervals: one sigma


@dataclass(frozen=True)
class Interval:
    """A value with its 68 % interval; NaN where undefined."""

    value: float
    low: float = float("nan")
    high: float = float("nan")

    @classmethod
    def of(cls, value: float, replicates: Values) -> "Interval":
        """Percentiles of bootstrap replicates (B,); of those that are defined."""
        low, high = percentiles(replicates)
        return cls(float(value), float(low), float(high))


@dataclass(frozen=True)
class Share(Interval):
    """k of n; the interval is Wilson's unless it was bootstrapped."""

    k: int = 0
    n: int = 0

    @classmethod
    def of_counts(cls, k: int, n: int) -> "Share":
        """From counts; NaN for n = 0."""
        return shares([k], [n])[0]


@dataclass(frozen=True)
class Score:
    """Completeness and purity of one selection, and F1, their harmonic mean."""

    completeness: Share
    purity: Share
    f1: Interval


def shares(k: ArrayLike, n: ArrayLike) -> list[Share]:
    """A share for each pair of counts."""
    count, total = np.asarray(k, dtype=np.int64), np.asarray(n, dtype=np.int64)
    low, high = wilson(count, total)
    value = ratio(count, total)
    rows = zip(*(one.tolist() for one in (value, low, high, count, total)), strict=True)
    return [Share(*row) for row in rows]


def wilson(k: ArrayLike, n: ArrayLike) -> Values:
    """(2, N) limits of the 68 % Wilson intervals of k of n; NaN where n is 0."""
    count, total = np.asarray(k), np.asarray(n)
    limits = np.full((2, len(total)), np.nan)
    some = total > 0
    if some.any():
        limits[:, some] = binom_conf_interval(count[some], total[some], interval="wilson")
    return limits


def ratio(k: ArrayLike, n: ArrayLike) -> Values:
    """K over n; NaN where n is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    share: Values = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return share


def f1(completeness: ArrayLike, purity: ArrayLike) -> Values:
    """Harmonic mean; 0 where both are, NaN where either is unknown."""
    c, p = np.asarray(completeness, dtype=float), np.asarray(purity, dtype=float)
    both: Values = np.where(c + p == 0, 0.0, ratio(2 * c * p, c + p))
    return both


def percentiles(replicates: Values) -> Values:
    """(2, ...) limits of the 68 % interval over the first axis; NaN where none is defined."""
    half = 50 * CREDIBLE
    limits = np.full((2, *replicates.shape[1:]), np.nan)
    some = np.isfinite(replicates).any(axis=0)
    if replicates.size and some.any():
        limits[:, some] = np.nanpercentile(replicates[:, some], [50 - half, 50 + half], axis=0)
    return limits
