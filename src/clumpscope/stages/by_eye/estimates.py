"""Purity and relative completeness of each finder, as readers judge."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from clumpscope.stages.by_eye.agreement import Agreement, agreement
from clumpscope.stages.by_eye.answers import KINDS, Answers
from clumpscope.stages.by_eye.intervals import Estimate, Resampling
from clumpscope.stages.by_eye.pool import Role

Values = NDArray[np.float64]

DEFINITIONS = ("majority", "all", "any")


@dataclass(frozen=True, eq=False)
class Judged:
    """What was drawn, in the order of its numbers.

    Attributes
    ----------
    finders
        S names, the classical one last.
    galaxy
        (n,) ids.
    role
        (n, S) `Role` of each finder; all 0 at a random place.
    probability
        (n,) with which each was drawn.
    """

    finders: tuple[str, ...]
    galaxy: NDArray[np.str_]
    role: NDArray[np.int8]
    probability: Values


@dataclass(frozen=True)
class Marks:
    """One finder's, under one definition of a clump.

    Attributes
    ----------
    purity
        Share of what it claims that is a clump.
    relative_completeness
        Share of the clumps in the pool that it claims.
    of_claimed
        Share of the clumps that any finder claims: the same without what is only seen.
    """

    purity: Estimate
    relative_completeness: Estimate
    of_claimed: Estimate


@dataclass(frozen=True)
class Verdict:
    """All finders under one definition.

    Attributes
    ----------
    undecided
        Places left out.
    clumps
        Clumps in the pool, as far as any finder has them: the sum of their weights.
    finders
        By name.
    random
        Share of random places called a clump, though no run has anything there, nor the classical
        finder a claim.
    differences
        First finder less second, by "first - second".
    """

    undecided: int
    clumps: float
    finders: dict[str, Marks]
    random: Estimate
    differences: dict[str, Marks]


@dataclass(frozen=True)
class Result:
    """All that was read back.

    ``kinds`` has the weighted share of each kind among what a finder claims, readers together.
    """

    readers: tuple[str, ...]
    places: int
    verdicts: dict[str, Verdict]
    kinds: dict[str, dict[str, float]]
    agreement: list[Agreement]


def verdict(answers: Sequence[Answers], definition: str) -> Values:
    """(n,) 1 where a place is a clump, 0 where it is none, NaN where that is undecided.

    "majority": of the readers that are not unsure, more than half; half of them is undecided.
    "all": every reader says so; "any": one does. There unsure means no.
    """
    kinds = np.array([one.kind for one in answers])
    yes = (kinds == "clump").sum(axis=0)
    if definition != "majority":
        wanted = len(answers) if definition == "all" else 1
        agreed: Values = (yes >= wanted).astype(float)
        return agreed
    sure = (kinds != "unsure").sum(axis=0)
    said: Values = np.where(2 * yes == sure, np.nan, (2 * yes > sure).astype(float))
    return said


def result(drawn: Judged, answers: Sequence[Answers], seed: int = 0) -> Result:
    """Judge the finders by one or more readers' answers."""
    resampling = Resampling.of(drawn.galaxy, 1 / drawn.probability, seed)
    claimed = drawn.role == Role.CLAIMED
    return Result(
        readers=tuple(one.reader for one in answers),
        places=len(drawn.galaxy),
        verdicts={
            name: _verdict(drawn, verdict(answers, name), resampling) for name in DEFINITIONS
        },
        kinds={
            name: _kinds(answers, resampling.weight * claimed[:, k])
            for k, name in enumerate(drawn.finders)
        },
        agreement=[agreement(one, other, resampling) for one, other in combinations(answers, 2)],
    )


def _verdict(drawn: Judged, said: Values, resampling: Resampling) -> Verdict:
    decided, clump = np.isfinite(said), said == 1
    random = (drawn.role == Role.NONE).all(axis=1)
    claimed = (drawn.role == Role.CLAIMED).T
    known = clump & claimed.any(axis=0)
    pairs = {
        name: ((clump, claims & decided), (claims, clump & ~random), (claims, known))
        for name, claims in zip(drawn.finders, claimed, strict=True)
    }
    return Verdict(
        undecided=int((~decided).sum()),
        clumps=float(resampling.weight[clump & ~random].sum()),
        finders={name: Marks(*(resampling.share(*pair) for pair in pairs[name])) for name in pairs},
        random=resampling.share(clump, random & decided),
        differences={
            f"{one} - {other}": Marks(*map(resampling.difference, pairs[one], pairs[other]))
            for one, other in combinations(drawn.finders, 2)
        },
    )


def _kinds(answers: Sequence[Answers], weight: Values) -> dict[str, float]:
    total = len(answers) * float(weight.sum())
    return {
        kind: sum(float(weight[one.kind == kind].sum()) for one in answers) / total
        if total
        else float("nan")
        for kind in KINDS
    }
