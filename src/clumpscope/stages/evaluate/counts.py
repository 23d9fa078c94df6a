"""Hits and claims of each galaxy over thresholds: all curves and their intervals follow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.ops.resampling import resampled
from clumpscope.ops.shares import Interval, Score, Share, f1, percentiles, ratio, shares
from clumpscope.stages.evaluate.cases import TRUE_FLOOR, Cases, Chosen, Values
from clumpscope.stages.evaluate.matches import Matches


@dataclass(frozen=True, eq=False)
class Counts:
    """What each of G galaxies adds at each of T thresholds.

    Attributes
    ----------
    thresholds
        (T,) candidates of at least that score count.
    hit
        (G, T) wanted truths that are found.
    there
        (G,) wanted truths.
    right
        (G, T) claims that are true.
    called
        (G, T) claims.
    """

    thresholds: Values
    hit: NDArray[np.int64]
    there: NDArray[np.int64]
    right: NDArray[np.int64]
    called: NDArray[np.int64]

    def of(self, galaxies: Chosen) -> "Counts":
        """Those of some galaxies (G,)."""
        return Counts(
            self.thresholds,
            self.hit[galaxies],
            self.there[galaxies],
            self.right[galaxies],
            self.called[galaxies],
        )

    def beside(self, other: "Counts") -> "Counts":
        """The thresholds of both; of the same galaxies and wanted truths."""
        return Counts(
            np.concatenate([self.thresholds, other.thresholds]),
            np.hstack([self.hit, other.hit]),
            self.there,
            np.hstack([self.right, other.right]),
            np.hstack([self.called, other.called]),
        )

    def scores(self, replicates: "Replicates | None" = None) -> list[Score]:
        """Completeness, purity and F1 at each threshold.

        With replicates, intervals of shares are on each side the wider of the bootstrap's and
        Wilson's: of few clumps, or where all are found, resampling shows no scatter.
        """
        there = np.full(len(self.thresholds), self.there.sum())
        sums = self.hit.sum(axis=0), there, self.right.sum(axis=0), self.called.sum(axis=0)
        found, pure = shares(*sums[:2]), shares(*sums[2:])
        both = f1([one.value for one in found], [one.value for one in pure]).tolist()
        if replicates is None:
            plain = zip(found, pure, map(Interval, both), strict=True)
            return [Score(*row) for row in plain]
        c, p, f = (
            percentiles(one) for one in (replicates.completeness, replicates.purity, replicates.f1)
        )
        return [
            Score(
                _widened(found[t], c[:, t]),
                _widened(pure[t], p[:, t]),
                Interval(both[t], float(f[0, t]), float(f[1, t])),
            )
            for t in range(len(self.thresholds))
        ]


def _widened(share: Share, limits: Values) -> Share:
    low, high = np.fmin(share.low, limits[0]), np.fmax(share.high, limits[1])
    return replace(share, low=float(low), high=float(high))


@dataclass(frozen=True, eq=False)
class Replicates:
    """(B, T) completeness, purity and F1 of B resampled surveys."""

    completeness: Values
    purity: Values
    f1: Values


def wanted(items: Cases, least: float, label: Label | None) -> Chosen:
    """(M,) truths of a label that are at least ``least`` of their host; all for 0."""
    return _chosen(items.truth.label, items.truth.ratio, least, label)


def claimed(items: Cases, least: float, label: Label | None) -> Chosen:
    """(N,) candidates called so that measure at least ``least`` of their host; all for 0."""
    return _chosen(items.found.label, items.found.ratio, least, label)


def _chosen(labels: NDArray[np.int64], ratios: Values, least: float, label: Label | None) -> Chosen:
    chosen: Chosen = np.ones(len(labels), dtype=bool) if label is None else labels == label
    return chosen & (ratios >= least) if least > 0 else chosen


def right(items: Cases, pairs: Matches, least: float) -> Chosen:
    """(N,) candidates that are a truth; for ``least`` > 0, one of true ratio >= 1 %."""
    partner = pairs.of_found
    real: Chosen = partner >= 0
    if least > 0:
        real &= np.append(items.truth.ratio >= TRUE_FLOOR, False)[partner]
    return real


def counts(
    items: Cases, pairs: Matches, least: float, label: Label | None, thresholds: Values
) -> Counts:
    """Count a selection galaxy by galaxy.

    Parameters
    ----------
    pairs
        Matches of the same label.
    least
        Flux ratio: true for completeness, measured for purity; 0 for all.
    """
    there, called = wanted(items, least, label), claimed(items, least, label)
    found = right(items, pairs, least) & called
    truths, candidates = items.truth, items.found
    hit = there & (pairs.of_truth >= 0)
    n = len(items)
    return Counts(
        thresholds,
        _above(truths.galaxy[hit], pairs.score(items)[hit], thresholds, n),
        np.bincount(truths.galaxy[there], minlength=n),
        _above(candidates.galaxy[found], candidates.score[found], thresholds, n),
        _above(candidates.galaxy[called], candidates.score[called], thresholds, n),
    )


def _above(
    galaxy: NDArray[np.intp], score: Values, thresholds: Values, n: int
) -> NDArray[np.int64]:
    """(n, T) how many of each galaxy score at least each threshold."""
    steps = len(thresholds) + 1
    place = np.searchsorted(thresholds, score, side="right")
    each = np.bincount(galaxy * steps + place, minlength=n * steps).reshape(n, steps)
    return np.cumsum(each[:, :0:-1], axis=1)[:, ::-1]


def replicate(one: Counts, bootstraps: int, seed: int) -> Replicates:
    """The scores of resampled surveys: galaxies are drawn, not clumps."""
    steps = len(one.thresholds)
    columns = np.hstack([one.hit, one.right, one.called, one.there[:, None]]).astype(np.float32)
    drawn = resampled(len(one.there), bootstraps, np.random.default_rng(seed))
    sums = [times.astype(np.float32) @ columns for times in drawn]
    total = np.vstack(sums) if sums else np.zeros((0, 3 * steps + 1))
    hit, correct, called = (total[:, k * steps : (k + 1) * steps] for k in range(3))
    completeness, purity = ratio(hit, total[:, -1:]), ratio(correct, called)
    return Replicates(completeness, purity, f1(completeness, purity))


def differences(first: Replicates, second: Replicates, values: Sequence[Score]) -> list[Interval]:
    """First less second in completeness, purity and F1 at their first threshold.

    Parameters
    ----------
    first, second
        Of the same resamplings.
    values
        The two scores.
    """
    return [
        Interval.of(
            getattr(values[0], name).value - getattr(values[1], name).value,
            getattr(first, name)[:, 0] - getattr(second, name)[:, 0],
        )
        for name in ("completeness", "purity", "f1")
    ]
