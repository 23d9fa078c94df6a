"""Completeness and purity against the score, the flux ratio and the size of the training set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.ops.shares import shares

Values = NDArray[np.float64]

THRESHOLDS = np.arange(2, 19) / 20  # 0.1, 0.15 ... 0.9
BINS = np.arange(-3.0, 0.01, 0.25)  # of log10 of the u flux ratio


@dataclass(frozen=True, eq=False)
class Marks:
    """N candidates and M true clumps of one run, matched.

    Attributes
    ----------
    found_score, found_ratio
        (N,) score and measured ratio of u fluxes, clump over host, NaN unknown.
    found_right
        (N,) whether a true clump is there.
    truth_ratio
        (M,) ratio of u fluxes.
    truth_score
        (M,) score of the candidate that found it, NaN if it was missed.
    """

    found_score: Values
    found_ratio: Values
    found_right: NDArray[np.bool_]
    truth_ratio: Values
    truth_score: Values

    def cut(self, threshold: float, ratio: tuple[float, float] = (-np.inf, np.inf)) -> "Counts":
        """Counts at a score threshold, of ratios from the first up to the second."""
        low, high = ratio
        found = self.found_score >= threshold
        there = np.ones(len(self.truth_ratio), dtype=bool)
        if np.isfinite(low) or np.isfinite(high):  # else those of unknown ratio count, too
            found &= (self.found_ratio >= low) & (self.found_ratio < high)
            there &= (self.truth_ratio >= low) & (self.truth_ratio < high)
        return Counts(
            int((there & (self.truth_score >= threshold)).sum()),
            int(there.sum()),
            int((found & self.found_right).sum()),
            int(found.sum()),
        )


@dataclass(frozen=True)
class Counts:
    """True clumps found of those there, and right candidates of all."""

    hit: int
    there: int
    right: int
    found: int


def against_score(runs: Mapping[str, Marks], lowest: float, least_ratio: float = -np.inf) -> Table:
    """Completeness and purity of each model against its score threshold, from ``lowest`` up."""
    rows = [
        (name, threshold, marks.cut(threshold, (least_ratio, np.inf)))
        for name, marks in runs.items()
        for threshold in THRESHOLDS[lowest - 1e-9 <= THRESHOLDS]
    ]
    return _table({"model": [r[0] for r in rows], "score_threshold": [r[1] for r in rows]}, rows)


def against_ratio(runs: Mapping[str, Marks], threshold: float) -> Table:
    """Completeness by the clumps' own ratio, purity by the measured one, in bins of its log10."""
    rows = [
        (name, low, high, marks.cut(threshold, (10**low, 10**high)))
        for name, marks in runs.items()
        for low, high in pairwise(BINS)
    ]
    head = {"model": [r[0] for r in rows]}
    edges = {"log10_ratio_low": [r[1] for r in rows], "log10_ratio_high": [r[2] for r in rows]}
    return _table({**head, **edges}, rows)


def against_size(
    runs: Mapping[str, Mapping[int, Marks]], sizes: Mapping[int, int], threshold: float
) -> Table:
    """Completeness and purity of each model and run-group at one score threshold.

    ``sizes`` are galaxies to train on by run-group.
    """
    rows = [
        (name, group, marks.cut(threshold))
        for name, groups in runs.items()
        for group, marks in groups.items()
    ]
    head: dict[str, list[object]] = {
        "model": [r[0] for r in rows],
        "group": [r[1] for r in rows],
        "training_galaxies": [sizes[r[1]] for r in rows],
    }
    return _table(head, rows)


def _table(head: Mapping[str, Sequence[object]], rows: Sequence[tuple[object, ...]]) -> Table:
    counts = [row[-1] for row in rows]
    columns: dict[str, object] = dict(head)
    for name, part, whole in (("completeness", "hit", "there"), ("purity", "right", "found")):
        k = np.array([getattr(one, part) for one in counts], dtype=np.int64)
        n = np.array([getattr(one, whole) for one in counts], dtype=np.int64)
        found = shares(k, n)
        columns |= {
            name: [one.value for one in found],
            f"{name}_low": [one.low for one in found],
            f"{name}_high": [one.high for one in found],
            f"{name}_n": n,
        }
    return Table(columns)
