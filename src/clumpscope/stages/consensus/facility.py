"""Facility location with one client a volunteer and facility: pure combinatorics.

Every mark is a client. It may stay unassigned, or join an open facility for a gain. A facility
costs something to open, and takes at most one mark of a volunteer. Sought is the set of open
facilities, and the assignment, of the highest net gain (Dickinson et al. 2022, after the
facility location of Branson et al. 2017). Minimising a cost is the same: the cost of leaving
every mark unassigned, less the net gain.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Values = NDArray[np.float64]
Index = NDArray[np.int64]

_TINY = 1e-9  # an improvement below is rounding
EXACT_MARKS = 6  # up to here every solution is tried


@dataclass(frozen=True, eq=False)
class Problem:
    """One image's problem.

    Attributes
    ----------
    opening
        (K,) cost of opening each facility.
    gain
        (K, M) gain of a mark that joins a facility; negative infinity where it may not.
    volunteer
        (M,) who made each mark, as 0, 1, 2 ... without gaps, in ascending order.
    max_open
        Most facilities that may be open.
    """

    opening: Values
    gain: Values
    volunteer: Index
    max_open: int = 20

    @cached_property
    def starts(self) -> Index:
        """Where each volunteer's marks begin."""
        return np.flatnonzero(np.append(True, self.volunteer[1:] != self.volunteer[:-1]))

    def net(self, owner: Index) -> float:
        """Net gain of an assignment: ``owner`` (M,) holds facilities, -1 for none."""
        joined = np.flatnonzero(owner >= 0)
        opened = np.unique(owner[joined])
        return float(self.gain[owner[joined], joined].sum() - self.opening[opened].sum())


def solve(problem: Problem, start: Index | None = None) -> Index:
    """The best assignment found, (M,) facilities, -1 for none; never worse than ``start``.

    With at most `EXACT_MARKS` marks it is the best there is. Otherwise facilities are added
    greedily, then closed or swapped one by one while that helps.
    """
    if not len(problem.volunteer) or not len(problem.opening):
        return np.full(len(problem.volunteer), -1)
    if len(problem.volunteer) <= EXACT_MARKS:
        return exact(problem)
    return search(problem, start)


def search(problem: Problem, start: Index | None = None) -> Index:
    """The heuristic alone: greedy addition, then local search."""
    best = _local(problem, _add(problem, []))
    if start is None:
        return best.owner
    warm = _local(problem, _add(problem, list(np.unique(start[start >= 0]))))
    return best.owner if best.value > warm.value else warm.owner


def improve(problem: Problem, start: Index) -> Index:
    """Local search from ``start`` alone, which it never makes worse."""
    if not len(problem.volunteer):
        return start
    opened = [int(k) for k in np.unique(start[start >= 0])]
    return _local(problem, _add(problem, opened)).owner


@dataclass(frozen=True, eq=False)
class _State:
    """Open facilities, each mark's owner and gain, and the net gain."""

    opened: list[int]
    owner: Index
    gain: Values
    value: float


def _assigned(problem: Problem, opened: list[int]) -> _State:
    """The best assignment to these facilities; those that nobody joins are closed."""
    m = len(problem.volunteer)
    if not opened:
        return _State([], np.full(m, -1), np.zeros(m), 0.0)
    opened = sorted(opened)
    gain = problem.gain[opened]
    choice = gain.argmax(axis=0)
    best = gain[choice, np.arange(m)]
    joins = best > 0
    choice = np.where(joins, choice, -1)
    # Two marks of one volunteer at one facility: settle that volunteer by bipartite matching.
    key = np.where(joins, problem.volunteer * len(opened) + choice, -1 - np.arange(m))
    order = np.sort(key)
    twice = np.unique(order[1:][order[1:] == order[:-1]] // len(opened))
    for volunteer in twice:
        start, stop = np.searchsorted(problem.volunteer, [volunteer, volunteer + 1])
        own = np.maximum(gain[:, start:stop], 0)
        facilities, marks = linear_sum_assignment(own, maximize=True)
        choice[start:stop] = -1
        worth = own[facilities, marks] > 0
        choice[start + marks[worth]] = facilities[worth]
    joins = choice >= 0
    used = np.zeros(len(opened), dtype=bool)
    used[choice[joins]] = True
    numbers = np.array(opened)
    owner = np.where(joins, numbers[choice], -1)
    got = np.where(joins, gain[choice, np.arange(m)], 0.0)
    value = float(got.sum() - problem.opening[numbers[used]].sum())
    return _State([int(k) for k in numbers[used]], owner, got, value)


def _offers(problem: Problem, state: _State, rows: Index) -> Values:
    """Net gain of opening each facility of ``rows`` besides those that are open.

    From every volunteer the one mark comes that gains most over what it has. What is open
    already cannot be opened again.
    """
    better = np.maximum(problem.gain[rows] - state.gain, 0)
    offers: Values = np.maximum.reduceat(better, problem.starts, axis=1).sum(axis=1)
    offers -= problem.opening[rows]
    shut = np.ones(len(problem.opening), dtype=bool)
    shut[state.opened] = False
    return np.where(shut[rows], offers, -np.inf)


def _add(problem: Problem, opened: list[int]) -> _State:
    """Open the best facility as long as one pays."""
    state = _assigned(problem, [int(k) for k in opened])
    offers = _offers(problem, state, np.arange(len(problem.opening)))
    while len(state.opened) < problem.max_open:
        k = int(offers.argmax())
        if offers[k] <= _TINY:
            break
        grown = _assigned(problem, [*state.opened, k])
        if grown.value <= state.value + _TINY:
            break
        changed = grown.gain != state.gain
        rows = np.flatnonzero((problem.gain[:, changed] > 0).any(axis=1))
        state = grown
        offers[rows] = _offers(problem, state, rows)
        offers[state.opened] = -np.inf
    return state


def _local(problem: Problem, state: _State) -> _State:
    """Close facilities, swap them for another near by, and add, while that helps."""
    improved = True
    while improved:
        improved = False
        for k in list(state.opened):
            if k not in state.opened:
                continue
            without = _assigned(problem, [other for other in state.opened if other != k])
            members = state.owner == k
            rows = np.flatnonzero((problem.gain[:, members] > 0).any(axis=1))
            offers = _offers(problem, without, rows)
            swap = int(offers.argmax())
            candidate = without
            if offers[swap] > _TINY and int(rows[swap]) != k:
                candidate = _assigned(problem, [*without.opened, int(rows[swap])])
            if candidate.value > state.value + _TINY:
                state, improved = candidate, True
        if improved:
            state = _add(problem, state.opened)
    return state


def exact(problem: Problem) -> Index:
    """The best assignment of all; for few marks, as the time grows as 3**M.

    A solution is a choice of disjoint groups of marks, each of different volunteers, each served
    by a facility of its own. Dynamic programming over sets of marks finds the best groups if a
    facility might serve two; where one does, every partition of the marks is tried. Should more
    than ``max_open`` be open, the heuristic's answer is given instead.
    """
    m = len(problem.volunteer)
    sets = np.arange(1 << m)
    member = (sets[:, None] >> np.arange(m)) & 1  # (2**m, m)
    crowd = member @ np.eye(m, dtype=int)[problem.volunteer]
    gain = np.where(np.isfinite(problem.gain), problem.gain, -1e12)
    worth = member @ gain.T - problem.opening  # (2**m, K): what a group gains at a facility
    worth[(crowd > 1).any(axis=1)] = -1e12
    worth[0] = 0.0
    groups = _partition(worth.max(axis=1), m)
    facilities = worth[groups].argmax(axis=1)
    if len(set(facilities.tolist())) < len(groups):
        best = -np.inf
        for split in _partitions(m):
            profit = np.maximum(worth[split], 0)
            rows, columns = linear_sum_assignment(profit, maximize=True)
            value = float(profit[rows, columns].sum())
            if value > best + _TINY:
                best, groups, facilities = value, np.array(split)[rows], columns
    pays = worth[groups, facilities] > 0
    owner = np.full(m, -1)
    for group, facility in zip(groups[pays], facilities[pays], strict=True):
        owner[member[group] == 1] = facility
    return owner if pays.sum() <= problem.max_open else search(problem)


def _partition(value: Values, m: int) -> Index:
    """The disjoint sets of ``m`` marks, as bits, of the highest total ``value`` (2**m,)."""
    best, group = [0.0] * len(value), [0] * len(value)
    for whole in range(1, len(value)):
        low = whole & -whole
        rest = whole ^ low
        best[whole] = best[rest]  # the lowest mark stays unassigned
        part = rest
        while True:
            total = float(value[part | low]) + best[rest ^ part]
            if total > best[whole] + _TINY:
                best[whole], group[whole] = total, part | low
            if not part:
                break
            part = (part - 1) & rest
    groups, left = [], (1 << m) - 1
    while left:
        if group[left]:
            groups.append(group[left])
        left ^= group[left] or left & -left
    return np.array(groups, dtype=np.int64)


@cache
def _partitions(m: int) -> list[list[int]]:
    """Every way to split ``m`` marks into groups, each as bits."""
    if m == 0:
        return [[]]
    mark = 1 << (m - 1)
    grown = []
    for split in _partitions(m - 1):
        grown.append([*split, mark])
        grown += [[*split[:k], split[k] | mark, *split[k + 1 :]] for k in range(len(split))]
    return grown
