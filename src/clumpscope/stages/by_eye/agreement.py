"""How far two readers agree: Cohen's kappa and what each called what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.kappa import kappas
from clumpscope.stages.by_eye.answers import KINDS, Answers
from clumpscope.stages.by_eye.intervals import Resampling, bounds

Values = NDArray[np.float64]


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
    from sklearn.metrics import confusion_matrix  # slow to load

    first, second = (np.array([KINDS.index(kind) for kind in which.kind]) for which in (one, other))
    clump = KINDS.index("clump")
    return Agreement(
        (one.reader, other.reader),
        float((first == second).mean()),
        _kappa(first, second, resampling),
        _kappa((first == clump).astype(int), (second == clump).astype(int), resampling),
        confusion_matrix(first, second, labels=range(len(KINDS))).tolist(),
    )


def _kappa(one: NDArray[np.int64], other: NDArray[np.int64], resampling: Resampling) -> Kappa:
    """Cohen's kappa of classes counted from 0, and its interval."""
    size, times = int(max(one.max(), other.max())) + 1, resampling.times
    cells = np.zeros((times.shape[1], size, size))
    np.add.at(cells, (resampling.galaxy, one, other), 1)
    replicates = (times @ cells.reshape(len(cells), -1)).reshape(-1, size, size)
    value = np.nan  # where there is one class, no agreement by chance can be taken off
    if len(np.union1d(one, other)) > 1:
        from sklearn.metrics import cohen_kappa_score  # slow to load

        value = float(cohen_kappa_score(one, other))
    return Kappa(value, *bounds(kappas(replicates)))
