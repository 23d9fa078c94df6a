"""How far those who vet agree: on rejected, clump or odd clump."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from clumpscope.ops.kappa import cohen, fleiss
from clumpscope.stages.vet.joint import VERDICTS, Said, verdict


@dataclass(frozen=True)
class Pair:
    """Two people: boxes on which both decided, share of the same decisions, Cohen's kappa."""

    people: tuple[str, str]
    boxes: int
    same: float
    kappa: float


@dataclass(frozen=True)
class Agreement:
    """All pairs of people; Fleiss' kappa of the boxes on which two or more decided."""

    pairs: list[Pair]
    boxes: int
    fleiss: float


def agreement(boxes: Iterable[Sequence[Said]]) -> Agreement:
    """Compare people; each of ``boxes`` is what they say of one box."""
    verdicts = [
        {one.by: verdict(one.state) for one in said if verdict(one.state) >= 0} for said in boxes
    ]
    verdicts = [one for one in verdicts if len(one) > 1]
    people = sorted({by for one in verdicts for by in one})
    pairs = []
    for first, second in combinations(people, 2):
        both = [(one[first], one[second]) for one in verdicts if first in one and second in one]
        if both:
            a, b = np.array(both, dtype=np.int64).T
            pairs.append(Pair((first, second), len(both), float((a == b).mean()), cohen(a, b)))
    counts = np.zeros((len(verdicts), len(VERDICTS)))
    for row, one in enumerate(verdicts):
        for kind in one.values():
            counts[row, kind] += 1
    return Agreement(pairs, len(verdicts), fleiss(counts))
