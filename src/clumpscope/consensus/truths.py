"""One image given the volunteers' skills: which truths there are, where, and how sure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, expit

from clumpscope.config import ConsensusConfig
from clumpscope.consensus.facility import Problem, improve, solve
from clumpscope.consensus.model import (
    Costs,
    Skills,
    View,
    difficulty_cost,
    distance,
    image_costs,
    update_difficulty,
)

Values = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Truths:
    """Truths of one image: ``xyxy`` (T, 4), ``kind`` (T,), ``owner`` (M,) truth of each mark or -1.

    ``apart`` (M,) distance of each mark from its truth, 0 where it has none; ``cost`` of the
    image, its difficulty's prior included.
    """

    xyxy: Values
    kind: Index
    owner: Index
    apart: Values
    difficulty: float
    cost: float


@dataclass(frozen=True, eq=False)
class Verdict:
    """How sure an image's truths are.

    Attributes
    ----------
    p_false
        (T,) chance that a truth is none.
    p_kind
        (T, C) chances of its kinds, if it is one.
    false, missed, inaccurate
        Expected numbers of false, missed and inaccurate boxes.
    """

    p_false: Values
    p_kind: Values
    false: float
    missed: float
    inaccurate: float

    @property
    def risk(self) -> float:
        """Sum of the three."""
        return self.false + self.missed + self.inaccurate

    def finished(self, config: ConsensusConfig) -> bool:
        """Whether no more volunteers are needed (Dickinson et al. 2022)."""
        each = max(self.false, self.missed, self.inaccurate)
        return self.risk <= config.finished_risk and each <= config.finished_each


def start(view: View, config: ConsensusConfig) -> Truths:
    """First guess: opening costs 0.1 a volunteer, no mark 1, joining nothing below d = 0.6.

    Ties go to the place that is nearest to its marks. The numbers are those of Dickinson et al.
    """
    apart = distance(view.xyxy, view.xyxy)
    gain = np.where(apart < 0.6, 1 - 1e-3 * apart, -np.inf)
    local = np.unique(view.volunteer, return_inverse=True)[1]
    opening = np.full(len(view.xyxy), 0.1 * len(view.looks))
    owner = solve(Problem(opening, gain, local, config.max_truths))
    return _truths(view, view.xyxy, np.where(owner >= 0, owner, -1), len(view.xyxy), 1.0, np.nan)


def refit(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> Truths:
    """Better truths given skills: assignment, then places, then difficulty, each no worse."""
    places = np.concatenate([view.xyxy, truths.xyxy])
    costs = image_costs(view, places, truths.difficulty, skills, config)
    first = np.isnan(truths.cost)  # the first guess is not binding: look everywhere
    before = _owner(truths, len(view.xyxy), len(places))
    owner = solve(costs.problem) if first else improve(costs.problem, before)
    found = _truths(view, places, owner, len(places), truths.difficulty, 0.0)
    found = _moved(view, found, skills)
    variance = skills.variance[view.volunteer]
    joined = found.owner >= 0
    squares = float((found.apart[joined] ** 4 / variance[joined]).sum())
    difficulty = update_difficulty(squares, int(joined.sum()), config)
    cost = _cost(view, found, difficulty, skills, config)
    return Truths(found.xyxy, found.kind, found.owner, found.apart, difficulty, cost)


def _owner(truths: Truths, marks: int, places: int) -> Index:
    """The facilities of `image_costs` that the truths are, after the marks' own places."""
    facility = truths.kind * places + marks + np.arange(len(truths.kind))
    return np.where(truths.owner >= 0, np.append(facility, -1)[truths.owner], -1)


def _truths(
    view: View, places: Values, owner: Index, n: int, difficulty: float, cost: float
) -> Truths:
    """Truths from facilities numbered ``kind · n + place``."""
    opened, of_mark = np.unique(owner, return_inverse=True)
    none = int(len(opened) > 0 and opened[0] < 0)
    number = of_mark - none  # marks without an owner come to be -1
    opened = opened[none:]
    xyxy = places[opened % n] if n else np.zeros((0, 4))
    apart = np.zeros(len(owner))
    joined = number >= 0
    if joined.any():
        apart[joined] = distance(xyxy, view.xyxy[joined])[number[joined], np.arange(joined.sum())]
    return Truths(xyxy, opened // max(n, 1), number, apart, difficulty, cost)


def _moved(view: View, truths: Truths, skills: Skills) -> Truths:
    """Truths at the inverse-variance mean of their marks, where that lies nearer to them."""
    joined = truths.owner >= 0
    if not joined.any():
        return truths
    t, count = truths.owner[joined], len(truths.kind)
    weight = 1 / skills.variance[view.volunteer[joined]]
    total = np.bincount(t, weight, count)
    mean = np.column_stack(
        [np.bincount(t, weight * view.xyxy[joined, k], count) / total for k in range(4)]
    )
    apart = distance(mean, view.xyxy[joined])[t, np.arange(len(t))]
    old = np.bincount(t, weight * truths.apart[joined] ** 4, count)
    fits = np.bincount(t, apart >= 1, count) == 0
    nearer = fits & (np.bincount(t, weight * apart**4, count) < old)
    new = truths.apart.copy()
    new[joined] = np.where(nearer[t], apart, truths.apart[joined])
    xyxy = np.where(nearer[:, None], mean, truths.xyxy)
    return Truths(xyxy, truths.kind, truths.owner, new, truths.difficulty, truths.cost)


def image_cost(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> float:
    """The image's part of the objective: its truths', its marks' and its difficulty's."""
    return _cost(view, truths, truths.difficulty, skills, config)


def _cost(
    view: View, truths: Truths, difficulty: float, skills: Skills, config: ConsensusConfig
) -> float:
    v = view.volunteer
    joined = truths.owner >= 0
    fp, fn = skills.false_positive[v], skills.false_negative[v]
    variance = skills.variance[v] * difficulty
    unassigned = config.clutter - np.log(fp) - np.log(skills.noise[view.kind])
    tools = skills.confusion[v, np.append(truths.kind, 0)[truths.owner], view.kind]
    join = (
        np.log(fn / ((1 - fp) * (1 - fn)))
        + 0.5 * np.log(2 * np.pi * variance)
        + 0.5 * truths.apart**4 / variance
        - np.log(tools)
    )
    missed = -np.log(skills.false_negative[view.looks]).sum() - config.openness
    cost = np.where(joined, join, unassigned).sum()
    cost += (missed - np.log(skills.kinds[truths.kind])).sum()
    return float(cost) + difficulty_cost(np.array([difficulty]), config)


def verdict(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> Verdict:
    """How sure the truths are, and what the image still risks."""
    c, count = len(skills.kinds), len(truths.kind)
    costs = image_costs(view, truths.xyxy, truths.difficulty, skills, config)
    gain = costs.problem.gain.reshape(c, count, len(view.xyxy))
    opening = costs.problem.opening.reshape(c, count)
    joined = truths.owner >= 0
    at = np.flatnonzero(joined)
    by_kind = np.zeros((c, count))
    for k in range(c):
        by_kind[k] = np.bincount(truths.owner[at], gain[k, truths.owner[at], at], count)
    by_kind -= opening
    total = np.logaddexp.reduce(by_kind, axis=0) if count else np.zeros(0)
    p_kind = np.exp(by_kind - total).T
    p_false = 1 - _probability(total, config)
    p_inaccurate = _inaccurate(view, truths, skills, config)
    return Verdict(
        p_false,
        p_kind,
        float(p_false.sum()),
        _missed(view, truths, skills, config),
        float(((1 - p_false) * p_inaccurate).sum()),
    )


def _probability(log_odds: Values, config: ConsensusConfig) -> Values:
    """Calibrated chance of a truth; the model takes volunteers for independent (they are not)."""
    a, b = config.calibration
    chance: Values = expit(a + b * log_odds)
    return chance


def _inaccurate(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> Values:
    """(T,) chance that a truth's box is further off than the recipe's distance.

    The offset of a mean of n marks is √n times smaller than theirs, so its squared distance,
    normal with a width of σ, is n times smaller.
    """
    joined = truths.owner >= 0
    sigma = np.sqrt(skills.variance[view.volunteer[joined]] * truths.difficulty)
    narrow = np.bincount(truths.owner[joined], 1 / sigma, len(truths.kind))
    chance: Values = erfc(config.inaccurate**2 * narrow / np.sqrt(2))
    return chance


def _missed(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> float:
    """Expected number of truths among the marks that are left over."""
    left = truths.owner < 0
    chance = 0.0
    rest = View(view.looks, view.volunteer[left], view.kind[left], view.xyxy[left])
    while len(rest.xyxy):
        costs: Costs = image_costs(rest, rest.xyxy, truths.difficulty, skills, config)
        gain, p = np.maximum(costs.problem.gain, 0), len(rest.xyxy)
        worth = np.maximum.reduceat(gain, costs.problem.starts, axis=1).sum(axis=1)
        worth -= costs.problem.opening
        best = int(worth.argmax())
        here = float(_probability(worth[[best]], config)[0])
        chance += here
        stay = distance(rest.xyxy[[best % p]], rest.xyxy)[0] >= 1
        if here < 0.01:  # all others are less likely still
            break
        rest = View(rest.looks, rest.volunteer[stay], rest.kind[stay], rest.xyxy[stay])
    return chance
