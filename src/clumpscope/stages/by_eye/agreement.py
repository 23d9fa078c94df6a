"""How far two readers agree: Cohen's kappa and what each called what."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from clumpscope.stages.by_eye.answers import KINDS, Answers
from clumpscope.stages.by_eye.intervals import LEVEL, Resampling

_REPLICATES = 300  # each takes a millisecond


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa (Cohen 1960) and its 95 % bootstrap interval by galaxy.

    NaN where both readers say one and the same of all.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """Of two readers on the places that were drawn, each counted once.

    Attributes
    ----------
    readers
        Names of the first and the second.
    same
        Share of the places to which both gave the same kind.
    kinds
        Of all kinds.
    clump
        Of a clump against anything else.
    confusion
        Places by the first's kind (rows) and the second's (columns), in the order of `KINDS`.
    """

    readers: tuple[str, str]
    same: float
    kinds: Kappa
    clump: Kappa
    confusion: list[list[int]]


def agreement(one: Answers, other: Answers, resampling: Resampling) -> Agreement:
    """Compare two readers; ``resampling`` has the galaxies of the places."""
    names = np.array(KINDS)
    matrix = confusion_matrix(one.kind, other.kind, labels=names)
    clumps = np.array(["no", "clump"])
    binary = [clumps[(which.kind == "clump").astype(int)] for which in (one, other)]
    return Agreement(
        (one.reader, other.reader),
        float((one.kind == other.kind).mean()),
        _kappa(one.kind, other.kind, resampling),
        _kappa(binary[0], binary[1], resampling),
        matrix.astype(int).tolist(),
    )


def _kappa(one: NDArray[np.str_], other: NDArray[np.str_], resampling: Resampling) -> Kappa:
    weights = resampling.times[:_REPLICATES, resampling.galaxy]
    found = [_of(one, other, weight) for weight in weights]
    known = [value for value in found if np.isfinite(value)]
    ends: Sequence[float] = (np.nan, np.nan)
    if known:
        ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Kappa(_of(one, other, np.ones(len(one), dtype=int)), ends[0], ends[1])


def _of(one: NDArray[np.str_], other: NDArray[np.str_], weight: NDArray[np.int64]) -> float:
    there = weight > 0
    if len(set(one[there]) | set(other[there])) < 2:
        return float("nan")  # no chance agreement to take off
    return float(cohen_kappa_score(one, other, sample_weight=weight))
