"""The posterior: costs of truths and marks, priors of volunteers, updates that never raise it.

``docs/consensus.md`` has every term with its source. All costs are negative logarithms.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from clumpscope.config.labels import ConsensusConfig
from clumpscope.stages.consensus.facility import Problem

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
    """What is believed of V volunteers, and of all of them together.

    There are C kinds of marks. A truth has a kind and one of the H visibilities of the recipe:
    which share of those who would mark a plain one sees it.

    Attributes
    ----------
    false_positive, false_negative
        (V,) chance that a mark marks nothing, and that a plain truth is missed.
    variance
        (V,) of the squared distance of a mark from its truth.
    confusion
        (V, C, C) chance of each tool, given what the truth is.
    classes, noise
        (C, H) share of each kind and visibility among truths, (C,) of each tool among false marks.
    means
        Prior means of the first three.
    """

    false_positive: Values
    false_negative: Values
    variance: Values
    confusion: Values
    classes: Values
    noise: Values
    means: tuple[float, float, float]

    @property
    def wrong_tool(self) -> Values:
        """(V,) chance of another tool than the truth's, over the kinds as they occur."""
        right: Values = np.diagonal(self.confusion, axis1=1, axis2=2) @ self.classes.sum(axis=1)
        return 1 - right


@dataclass(frozen=True, eq=False)
class Counts:
    """What V volunteers did, given the truths: all that their skills depend on.

    ``marks`` and ``false`` are (V,) numbers; ``truths`` (V, H), on images they looked at, and
    ``found`` (V, H) of them, by visibility; ``squares`` (V,) the sum of distance⁴ over the images'
    difficulty; ``tools`` (V, C, C) marks by kind of truth and tool; ``classes`` (C, H) truths by
    kind and visibility, and ``noise`` (C,) false marks by kind.
    """

    marks: Values
    false: Values
    truths: Values
    found: Values
    squares: Values
    tools: Values
    classes: Values
    noise: Values

    @classmethod
    def none(cls, volunteers: int, kinds: int, visibilities: int) -> "Counts":
        """Of volunteers of whom nothing is known."""
        zero, seen = np.zeros(volunteers), np.zeros((volunteers, visibilities))
        tools, classes = np.zeros((volunteers, kinds, kinds)), np.zeros((kinds, visibilities))
        return cls(zero, zero, seen, seen, zero, tools, classes, np.zeros(kinds))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(_fields(self), _fields(other), strict=True)))


def _fields(counts: Counts) -> list[Values]:
    return [
        *(counts.marks, counts.false, counts.truths, counts.found),
        *(counts.squares, counts.tools, counts.classes, counts.noise),
    ]


def prior_confusion(kinds: int, config: ConsensusConfig) -> Values:
    """(C, C) mean confusion before anything is known."""
    if kinds == 1:
        return np.ones((1, 1))
    off = config.confusion / (kinds - 1)
    mean: Values = np.full((kinds, kinds), off) + (1 - config.confusion - off) * np.eye(kinds)
    return mean


_CLASSES_WEIGHT = 10.0  # pseudo-counts of truths by class, and of false marks by kind
_STEPS = 5  # of the update of false negatives


def update(
    counts: Counts,
    means: tuple[float, float, float],
    before: Values | None,
    config: ConsensusConfig,
) -> Skills:
    """Skills of the highest posterior, given the counts and the prior means: closed forms.

    But for ``false_negative``, which goes some steps downhill from ``before`` (V,), by default the
    prior mean.
    """
    c = len(counts.noise)
    weights = (config.false_positive_weight, config.false_negative_weight, config.variance_weight)
    (fp, fn, var), (w_fp, w_fn, w_var) = means, weights
    prior = config.confusion_weight * prior_confusion(c, config)
    tools = counts.tools + prior
    found, missed = counts.found.sum(axis=1), counts.truths - counts.found
    share = np.full(len(found), fn) if before is None else before
    for _ in range(_STEPS):
        blind = (missed * _blame(share, config)).sum(axis=1)
        share = (w_fn * fn + blind) / (w_fn + blind + found)
    classes = counts.classes + _CLASSES_WEIGHT / counts.classes.size
    return Skills(
        (w_fp * fp + counts.false) / (w_fp + counts.marks),
        share,
        (w_var * var + counts.squares) / (w_var + found),
        tools / tools.sum(axis=2, keepdims=True),
        classes / classes.sum(),
        (counts.noise + _CLASSES_WEIGHT / c) / (counts.noise.sum() + _CLASSES_WEIGHT),
        means,
    )


def misses(false_negative: Values, config: ConsensusConfig) -> Values:
    """(V, H) chance that a truth of each visibility is missed."""
    visible = np.array(config.visibility)
    chance: Values = 1 - visible * (1 - false_negative[:, None])
    return chance


def _blame(false_negative: Values, config: ConsensusConfig) -> Values:
    """(V, H) chance that who missed a truth could have seen it: the E step of an EM algorithm."""
    visible = np.array(config.visibility)
    chance: Values = visible * false_negative[:, None] / misses(false_negative, config)
    return chance


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
    c = len(skills.noise)
    prior = config.confusion_weight * prior_confusion(c, config)
    cost -= float((prior * np.log(np.maximum(skills.confusion, 1e-300))).sum())
    cost -= _CLASSES_WEIGHT * float(np.log(skills.classes).mean() + np.log(skills.noise).mean())
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


def mark_gain(
    skills: Skills,
    volunteer: Index,
    tool: Index,
    difficulty: float | Values,
    apart: Values,
    missed: Values,
    said: Values,
    *,
    clutter: float,
) -> Values:
    """What M marks gain by being a truth's: ln odds against being nobody's; (..., M), broadcast.

    Parameters
    ----------
    volunteer, tool
        (M,) who made them, with which tool.
    difficulty
        Of the image, or (M,).
    apart
        (..., M) distance from the truth.
    missed, said
        (..., M) chance that the volunteer misses the truth, and of the tool given its kind.
    clutter
        Of the recipe.
    """
    fp, variance = skills.false_positive[volunteer], skills.variance[volunteer] * difficulty
    nobody = clutter - np.log(fp) - np.log(skills.noise[tool])
    density = np.log1p(-fp) - 0.5 * np.log(2 * np.pi * variance)
    near = nobody + density - 0.5 * apart**4 / variance
    gain: Values = near + (np.log1p(-missed) - np.log(missed)) + np.log(said)
    return gain


def image_costs(
    view: View, places: Values, difficulty: float, skills: Skills, config: ConsensusConfig
) -> Costs:
    """The facility-location problem of an image.

    Facility ``(kind · H + visibility) · P + place`` is a truth of that kind and visibility at one
    of ``places`` (P, 4). A mark unassigned costs −ln p_fp, its place and its tool's share among
    false marks; a truth costs −ln p_miss for each volunteer who looked and −ln of its class's
    share; a mark that joins gives its volunteer's −ln p_miss back, costs −ln (1 − p_miss) and its
    squared distance under a normal of variance v · difficulty.
    """
    v, m, p = view.volunteer, len(view.volunteer), len(places)
    unassigned = config.clutter - np.log(skills.false_positive[v] * skills.noise[view.kind])
    apart = distance(places, view.xyxy)
    missed = misses(skills.false_negative, config)  # (V, H)
    gain = mark_gain(
        skills,
        v,
        view.kind,
        difficulty,
        np.where(apart < 1, apart, np.inf),  # (P, M)
        missed[v].T[:, None],  # (H, 1, M)
        skills.confusion[v, :, view.kind].T[:, None, None],  # (C, 1, 1, M)
        clutter=config.clutter,
    )
    opening = -np.log(missed[view.looks]).sum(axis=0) - np.log(skills.classes) - config.openness
    local = np.zeros(m, dtype=np.int64)
    local[1:] = np.cumsum(v[1:] != v[:-1])
    problem = Problem(
        np.repeat(opening.ravel(), p),
        gain.reshape(skills.classes.size * p, m),
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
