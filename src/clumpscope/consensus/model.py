"""The posterior: costs of truths and marks, priors of volunteers, updates that never raise it.

``docs/consensus.md`` has every term with its source. All costs are negative logarithms.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from clumpscope.config import ConsensusConfig
from clumpscope.consensus.facility import Problem

Values = NDArray[np.float64]
Index = NDArray[np.int64]


def distance(a: Values, b: Values) -> Values:
    """1 − area(intersection) / area(smallest enclosing box) of every pair (Dickinson et al. 2022).

    Parameters
    ----------
    a, b
        (N, 4) and (M, 4) boxes in one frame, any unit, of positive area.

    Returns
    -------
    (N, M) in [0, 1].
    """
    inter = np.ones((len(a), len(b)))
    around = np.ones((len(a), len(b)))
    for k in (0, 1):
        low, high = a[:, k, None], a[:, k + 2, None]
        inter *= np.maximum(np.minimum(high, b[:, k + 2]) - np.maximum(low, b[:, k]), 0)
        around *= np.maximum(high, b[:, k + 2]) - np.minimum(low, b[:, k])
    apart: Values = 1 - inter / around
    return apart


@dataclass(frozen=True, eq=False)
class Skills:
    """What is believed of V volunteers, and of all of them together; C kinds of marks.

    Attributes
    ----------
    false_positive, false_negative
        (V,) chance that a mark marks nothing, and that a truth is missed.
    variance
        (V,) of the squared distance of a mark from its truth.
    confusion
        (V, C, C) chance of each tool, given what the truth is.
    kinds, noise
        (C,) share of each kind among truths, and of each tool among false marks.
    means
        Prior means of the first three.
    """

    false_positive: Values
    false_negative: Values
    variance: Values
    confusion: Values
    kinds: Values
    noise: Values
    means: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Counts:
    """What V volunteers did, given the truths: all that their skills depend on.

    ``marks``, ``false``, ``truths`` (on images they looked at), ``found`` are (V,) numbers,
    ``squares`` (V,) the sum of distance⁴ over the images' difficulty, ``tools`` (V, C, C) marks
    by kind of truth and tool, ``kinds`` (C,) truths and ``noise`` (C,) false marks by kind.
    """

    marks: Values
    false: Values
    truths: Values
    found: Values
    squares: Values
    tools: Values
    kinds: Values
    noise: Values

    @classmethod
    def none(cls, volunteers: int, kinds: int) -> "Counts":
        """Of volunteers of whom nothing is known."""
        zero, c = np.zeros(volunteers), np.zeros(kinds)
        return cls(zero, zero, zero, zero, zero, np.zeros((volunteers, kinds, kinds)), c, c)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(_fields(self), _fields(other), strict=True)))


def _fields(counts: Counts) -> list[Values]:
    return [
        *(counts.marks, counts.false, counts.truths, counts.found),
        *(counts.squares, counts.tools, counts.kinds, counts.noise),
    ]


def prior_confusion(kinds: int, config: ConsensusConfig) -> Values:
    """(C, C) mean confusion before anything is known."""
    if kinds == 1:
        return np.ones((1, 1))
    off = config.confusion / (kinds - 1)
    mean: Values = np.full((kinds, kinds), off) + (1 - config.confusion - off) * np.eye(kinds)
    return mean


_KINDS_WEIGHT = 10.0  # pseudo-counts of truths, and of false marks, by kind


def update(counts: Counts, means: tuple[float, float, float], config: ConsensusConfig) -> Skills:
    """Skills of the highest posterior, given the counts and the prior means: closed forms."""
    c = len(counts.kinds)
    weights = (config.false_positive_weight, config.false_negative_weight, config.variance_weight)
    (fp, fn, var), (w_fp, w_fn, w_var) = means, weights
    prior = config.confusion_weight * prior_confusion(c, config)
    tools = counts.tools + prior
    return Skills(
        (w_fp * fp + counts.false) / (w_fp + counts.marks),
        (w_fn * fn + counts.truths - counts.found) / (w_fn + counts.truths),
        (w_var * var + counts.squares) / (w_var + counts.found),
        tools / tools.sum(axis=2, keepdims=True),
        (counts.kinds + _KINDS_WEIGHT / c) / (counts.kinds.sum() + _KINDS_WEIGHT),
        (counts.noise + _KINDS_WEIGHT / c) / (counts.noise.sum() + _KINDS_WEIGHT),
        means,
    )


def start_means(config: ConsensusConfig) -> tuple[float, float, float]:
    """Prior means of the recipe."""
    return config.false_positive, config.false_negative, config.variance


def learn_means(skills: Skills, config: ConsensusConfig) -> Skills:
    """The prior means that suit these volunteers best; lowers `prior_cost` or leaves it."""
    if not len(skills.variance):
        return skills
    means = list(skills.means)
    for k, (share, weight) in enumerate(
        (
            (skills.false_positive, config.false_positive_weight),
            (skills.false_negative, config.false_negative_weight),
        )
    ):
        found = minimize_scalar(
            lambda mean, share=share, weight=weight: _beta_cost(share, mean, weight),
            bounds=(1e-4, 1 - 1e-4),
            method="bounded",
        )
        if found.fun < _beta_cost(share, means[k], weight):
            means[k] = float(found.x)
    weight = config.variance_weight
    means[2] = float((weight - 2) / weight / np.mean(1 / skills.variance))
    return replace(skills, means=(means[0], means[1], means[2]))


def _beta_cost(share: Values, mean: float, weight: float) -> float:
    """Of a beta density whose mode is ``mean`` and which counts as ``weight`` trials."""
    a, b = weight * mean, weight * (1 - mean)
    logs = a * np.log(share).sum() + b * np.log1p(-share).sum()
    return float(len(share) * betaln(a + 1, b + 1) - logs)


def prior_cost(skills: Skills, config: ConsensusConfig) -> float:
    """Negative log prior of all skills, up to a constant."""
    cost = _beta_cost(skills.false_positive, skills.means[0], config.false_positive_weight)
    cost += _beta_cost(skills.false_negative, skills.means[1], config.false_negative_weight)
    half, mean = config.variance_weight / 2, skills.means[2]
    cost += float((half * np.log(skills.variance) + half * mean / skills.variance).sum())
    cost -= len(skills.variance) * (half - 1) * float(np.log(mean))
    c = len(skills.kinds)
    prior = config.confusion_weight * prior_confusion(c, config)
    cost -= float((prior * np.log(np.maximum(skills.confusion, 1e-300))).sum())
    cost -= _KINDS_WEIGHT / c * float(np.log(skills.kinds).sum() + np.log(skills.noise).sum())
    return cost


@dataclass(frozen=True, eq=False)
class Costs:
    """One image's problem and the cost of leaving all its marks unassigned."""

    problem: Problem
    unassigned: float


@dataclass(frozen=True, eq=False)
class View:
    """What was done on one image.

    ``looks`` (L,) volunteers, ``volunteer`` (M,) of each mark in ascending order, ``kind`` (M,)
    as 0 … C − 1, ``xyxy`` (M, 4).
    """

    looks: Index
    volunteer: Index
    kind: Index
    xyxy: Values


def image_costs(
    view: View, places: Values, difficulty: float, skills: Skills, config: ConsensusConfig
) -> Costs:
    """The facility-location problem of an image.

    Facility ``kind · P + place`` is a truth of that kind at one of ``places`` (P, 4). A mark
    unassigned costs −ln p_fp, its place and its tool's share among false marks; a truth
    costs −ln p_fn for each volunteer who looked and −ln of its kind's share; a mark that joins
    gives its volunteer's −ln p_fn back and costs its squared distance under a normal of
    variance v · difficulty.
    """
    v, m = view.volunteer, len(view.volunteer)
    fp, fn = skills.false_positive[v], skills.false_negative[v]
    variance = skills.variance[v] * difficulty
    unassigned = config.clutter - np.log(fp) - np.log(skills.noise[view.kind])
    joining = np.log(fn / ((1 - fp) * (1 - fn))) + 0.5 * np.log(2 * np.pi * variance)
    apart = distance(places, view.xyxy)
    gain = (unassigned - joining) - 0.5 * apart**4 / variance
    gain[apart >= 1] = -np.inf
    tools = np.log(skills.confusion[v, :, view.kind])  # (M, C)
    c = tools.shape[1]
    missed = -np.log(skills.false_negative[view.looks]).sum()
    opening = missed - np.log(skills.kinds) - config.openness
    local = np.zeros(m, dtype=np.int64)
    local[1:] = np.cumsum(v[1:] != v[:-1])
    problem = Problem(
        np.repeat(opening, len(places)),
        (gain[None] + tools.T[:, None, :]).reshape(c * len(places), m),
        local,
        config.max_truths,
    )
    return Costs(problem, float(unassigned.sum()))


def difficulty_cost(difficulty: Values, config: ConsensusConfig) -> float:
    """Negative log prior of images' difficulties: a variance whose prior mode is 1."""
    half = config.difficulty_weight / 2
    return float((half * (np.log(difficulty) + 1 / difficulty)).sum())


def update_difficulty(scaled_squares: float, found: int, config: ConsensusConfig) -> float:
    """Difficulty of the highest posterior; ``scaled_squares`` is Σ distance⁴ / v over its marks."""
    weight = config.difficulty_weight
    return (weight + scaled_squares) / (weight + found)
