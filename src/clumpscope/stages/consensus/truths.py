"""One image given the volunteers' skills: which truths there are, where, and how sure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, expit

from clumpscope.config.labels import ConsensusConfig
from clumpscope.stages.consensus.facility import Problem, improve, solve
from clumpscope.stages.consensus.model import (
    Costs,
    Skills,
    View,
    difficulty_cost,
    distance,
    image_costs,
    misses,
    update_difficulty,
)

Values = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Truths:
    """Truths of one image: ``xyxy`` (T, 4), ``kind`` and ``visibility`` (T,) as numbers.

    ``owner`` (M,) truth of each mark or -1;
    ``apart`` (M,) distance of each mark from its truth, 0 where it has none; ``cost`` of the
    image, its difficulty's prior included.
    """

    xyxy: Values
    kind: Index
    visibility: Index
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
    Each is of the kind that most of its marks say, and as visible as their number says.
    """
    apart = distance(view.xyxy, view.xyxy)
    gain = np.where(apart < 0.6, 1 - 1e-3 * apart, -np.inf)
    local = np.unique(view.volunteer, return_inverse=True)[1]
    opening = np.full(len(view.xyxy), 0.1 * len(view.looks))
    owner = solve(Problem(opening, gain, local, config.max_truths))
    found = _truths(view, view.xyxy, owner, 1, 1.0, np.nan)
    joined = found.owner >= 0
    votes = np.zeros((len(found.kind), int(view.kind.max(initial=0)) + 1))
    np.add.at(votes, (found.owner[joined], view.kind[joined]), 1)
    share = votes.sum(axis=1) / len(view.looks)
    expected = np.array(config.visibility) * (1 - config.false_negative)
    visibility = np.abs(share[:, None] - expected).argmin(axis=1)
    return replace(found, kind=votes.argmax(axis=1), visibility=visibility)


def refit(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> Truths:
    """Better truths given skills: assignment, then places, then difficulty, each no worse."""
    places = np.concatenate([view.xyxy, truths.xyxy])
    costs = image_costs(view, places, truths.difficulty, skills, config)
    first = np.isnan(truths.cost)  # the first guess is not binding: look everywhere
    visibilities = len(config.visibility)
    before = _owner(truths, len(view.xyxy), len(places), visibilities)
    owner = solve(costs.problem) if first else improve(costs.problem, before)
    found = _truths(view, places, owner, visibilities, truths.difficulty, 0.0)
    found = _moved(view, found, skills)
    variance = skills.variance[view.volunteer]
    joined = found.owner >= 0
    squares = float((found.apart[joined] ** 4 / variance[joined]).sum())
    difficulty = update_difficulty(squares, int(joined.sum()), config)
    cost = _cost(view, found, difficulty, skills, config)
    return replace(found, difficulty=difficulty, cost=cost)


def _owner(truths: Truths, marks: int, places: int, visibilities: int) -> Index:
    """The facilities of `image_costs` that the truths are, after the marks' own places."""
    of_class = truths.kind * visibilities + truths.visibility
    facility = of_class * places + marks + np.arange(len(truths.kind))
    return np.where(truths.owner >= 0, np.append(facility, -1)[truths.owner], -1)


def _truths(
    view: View, places: Values, owner: Index, visibilities: int, difficulty: float, cost: float
) -> Truths:
    """Truths from facilities numbered as in `image_costs`."""
    opened, of_mark = np.unique(owner, return_inverse=True)
    none = int(len(opened) > 0 and opened[0] < 0)
    number = of_mark - none  # marks without an owner come to be -1
    of_class, place = np.divmod(opened[none:], max(len(places), 1))
    kind, visibility = np.divmod(of_class, visibilities)
    apart = np.zeros(len(owner))
    joined = number >= 0
    xyxy = places[place]
    if joined.any():
        apart[joined] = distance(xyxy, view.xyxy[joined])[number[joined], np.arange(joined.sum())]
    return Truths(xyxy, kind, visibility, number, apart, difficulty, cost)


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
    return replace(truths, xyxy=np.where(nearer[:, None], mean, truths.xyxy), apart=new)


def image_cost(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> float:
    """The image's part of the objective: its truths', its marks' and its difficulty's."""
    return _cost(view, truths, truths.difficulty, skills, config)


def _cost(
    view: View, truths: Truths, difficulty: float, skills: Skills, config: ConsensusConfig
) -> float:
    v = view.volunteer
    joined = truths.owner >= 0
    fp = skills.false_positive[v]
    variance = skills.variance[v] * difficulty
    unassigned = config.clutter - np.log(fp) - np.log(skills.noise[view.kind])
    missed = misses(skills.false_negative, config)
    miss = missed[v, np.append(truths.visibility, 0)[truths.owner]]
    tools = skills.confusion[v, np.append(truths.kind, 0)[truths.owner], view.kind]
    join = (
        np.log(miss / ((1 - fp) * (1 - miss)))
        + 0.5 * np.log(2 * np.pi * variance)
        + 0.5 * truths.apart**4 / variance
        - np.log(tools)
    )
    overlooked = -np.log(missed[view.looks]).sum(axis=0)[truths.visibility]
    cost = np.where(joined, join, unassigned).sum()
    cost -= np.log(skills.classes[truths.kind, truths.visibility]).sum()
    cost += (overlooked - config.openness).sum()
    return float(cost) + difficulty_cost(np.array([difficulty]), config)


def verdict(view: View, truths: Truths, skills: Skills, config: ConsensusConfig) -> Verdict:
    """How sure the truths are, and what the image still risks."""
    (c, h), count = skills.classes.shape, len(truths.kind)
    costs = image_costs(view, truths.xyxy, truths.difficulty, skills, config)
    gain = costs.problem.gain.reshape(c * h, count, len(view.xyxy))
    at = np.flatnonzero(truths.owner >= 0)
    by_class = -costs.problem.opening.reshape(c * h, count)
    for k in range(c * h):
        by_class[k] += np.bincount(truths.owner[at], gain[k, truths.owner[at], at], count)
    by_kind = np.logaddexp.reduce(by_class.reshape(c, h, count), axis=1)
    total = np.logaddexp.reduce(by_kind, axis=0)
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
    rest = View(view.looks, view.volunteer[left], view.kind[left], view.xyxy[left])
    m, chance = len(rest.xyxy), 0.0
    if not m:
        return chance
    costs: Costs = image_costs(rest, rest.xyxy, truths.difficulty, skills, config)
    gain = np.maximum(costs.problem.gain, 0).reshape(-1, m, m)  # class, place, mark
    opening, who, classes = costs.problem.opening[::m, None], rest.volunteer, np.arange(len(gain))

    def worths(places: Index, marks: Index) -> Values:
        starts = np.flatnonzero(np.diff(who[marks], prepend=-1))
        each = np.maximum.reduceat(gain[np.ix_(classes, places, marks)], starts, axis=2)
        worth: Values = each.sum(axis=2) - opening
        return worth

    stay = np.arange(m)
    worth = worths(stay, stay)
    while True:
        best = int(worth.argmax())
        here = float(_probability(worth.ravel()[[best]], config)[0])
        chance += here
        away = distance(rest.xyxy[stay[[best % len(stay)]]], rest.xyxy[stay])[0] >= 1
        if here < 0.01 or not away.any():  # all others are less likely still
            return chance
        gone, kept = stay[~away], stay[away]
        # Others are worth what they were; to the last digit while no volunteer drops out.
        near = (gain[np.ix_(classes, kept, gone)] > 0).any(axis=(0, 2))
        near |= len(np.unique(who[kept])) < len(np.unique(who[stay]))
        worth, stay = worth[:, away], kept
        worth[:, near] = worths(kept[near], kept)
