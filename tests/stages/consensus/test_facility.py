"""The solver against every partition of the marks, tried one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from clumpscope.stages.consensus.facility import Problem, exact, improve, search, solve


def partitions(items):
    """Every way to split ``items`` into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for split in partitions(rest):
        yield [[first], *split]
        for k in range(len(split)):
            yield [*split[:k], [first, *split[k]], *split[k + 1 :]]


def brute_force(problem: Problem) -> float:
    """Best net gain: every partition; a group is dropped or has a facility of its own."""
    known = {}

    def worth(group):
        if group not in known:
            volunteers = problem.volunteer[list(group)]
            served = problem.gain[:, list(group)].sum(axis=1) - problem.opening
            fits = len(set(volunteers.tolist())) == len(group)
            known[group] = np.maximum(served, 0) if fits else np.zeros(len(served))
        return known[group]

    best = 0.0
    for split in partitions(list(range(len(problem.volunteer)))):
        profit = np.array([worth(tuple(group)) for group in split])
        best = max(best, profit[linear_sum_assignment(profit, maximize=True)].sum())
    return best


def random_problem(rng: np.random.Generator, m: int) -> Problem:
    """Marks about a few places on a line, facilities at marks, two kinds each."""
    volunteer = np.sort(rng.integers(0, max(1, m - rng.integers(0, 3)), m))
    volunteer = np.unique(volunteer, return_inverse=True)[1]
    places = rng.uniform(0, 3, m) if rng.random() < 0.3 else rng.choice(rng.uniform(0, 3, 3), m)
    places = places + rng.normal(0, 0.2, m)
    distance = np.abs(places[:, None] - places)
    gain = rng.uniform(0.5, 4, m) - 6 * distance**2
    gain = np.vstack([gain, gain + rng.normal(0, 0.5, m)])
    gain[np.tile(distance, (2, 1)) > 1] = -np.inf
    return Problem(rng.uniform(0.1, 6, 2 * m), gain, volunteer)


def check_valid(problem: Problem, owner) -> None:
    joined = np.flatnonzero(owner >= 0)
    pairs = list(zip(owner[joined].tolist(), problem.volunteer[joined].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert np.isfinite(problem.net(owner))
    assert len(set(owner[joined].tolist())) <= problem.max_open


def test_a_thousand_small_problems_are_solved_exactly():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        problem = random_problem(rng, int(rng.integers(1, 7)))
        owner = solve(problem)
        check_valid(problem, owner)
        assert problem.net(owner) == pytest.approx(brute_force(problem), abs=1e-9)


def test_the_heuristic_falls_short_rarely_and_little():
    rng = np.random.default_rng(1)
    gaps, best = [], []
    for _ in range(300):
        problem = random_problem(rng, 6)
        owner = search(problem)
        check_valid(problem, owner)
        best.append(problem.net(exact(problem)))
        gaps.append(best[-1] - problem.net(owner))
    assert min(gaps) >= -1e-9
    assert np.mean(np.array(gaps) > 1e-9) < 0.12
    assert np.mean(gaps) < 0.02 * np.mean(best)


@given(st.integers(0, 2**32 - 1), st.integers(7, 40))
@settings(max_examples=40, deadline=None)
def test_a_start_is_never_made_worse(seed, m):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, m)
    start = search(problem)
    keep = rng.random(m) < 0.7
    start = np.where(keep, start, -1)
    for improved in (improve(problem, start), solve(problem, start)):
        check_valid(problem, improved)
        assert problem.net(improved) >= problem.net(start) - 1e-9


def test_nothing_pays_and_nothing_is_there():
    empty = Problem(np.zeros(0), np.zeros((0, 0)), np.zeros(0, dtype=int))
    assert len(solve(empty)) == 0
    dear = Problem(np.full(8, 100.0), np.ones((8, 8)), np.arange(8))
    assert (solve(dear) == -1).all()


def test_no_more_open_than_allowed():
    gain = np.where(np.eye(9, dtype=bool), 5.0, -np.inf)
    problem = Problem(np.ones(9), gain, np.arange(9), max_open=4)
    owner = solve(problem)
    assert len(set(owner[owner >= 0].tolist())) == 4
