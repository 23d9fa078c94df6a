"""Closed forms against numerical minimisation, and the problem's cost against the image's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from toys import toy

from clumpscope.config.labels import ConsensusConfig
from clumpscope.stages.consensus import aggregate, truths
from clumpscope.stages.consensus.facility import solve
from clumpscope.stages.consensus.model import (
    Counts,
    distance,
    image_costs,
    learn_means,
    prior_cost,
    start_means,
    update,
    update_difficulty,
)

CONFIG = ConsensusConfig()


def overlap(a, b, n=400):
    """The distance of two boxes, by counting the points of a fine grid."""
    low, high = np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])
    axes = [low[k] + (np.arange(n) + 0.5) * (high[k] - low[k]) / n for k in (0, 1)]
    x, y = np.meshgrid(*axes)
    both = (
        (x > max(a[0], b[0]))
        & (x < min(a[2], b[2]))
        & (y > max(a[1], b[1]))
        & (y < min(a[3], b[3]))
    )
    return 1 - both.mean()


def test_distance_is_that_of_areas():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 1, (12, 2))
    boxes = np.hstack([low, low + rng.uniform(0.3, 1, (12, 2))])
    found = distance(boxes[:6], boxes[6:])
    for i in range(6):
        for j in range(6):
            assert found[i, j] == pytest.approx(overlap(boxes[i], boxes[6 + j]), abs=0.01)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_distance_is_symmetric_and_knows_no_unit(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 1, (5, 2))
    boxes = np.hstack([low, low + rng.uniform(0.1, 1, (5, 2))])
    d = distance(boxes, boxes)
    assert np.allclose(d, d.T)
    assert np.allclose(np.diag(d), 0)
    assert ((d >= 0) & (d <= 1)).all()
    stretched = boxes * [3, 0.2, 3, 0.2] + [5, -1, 5, -1]
    assert np.allclose(distance(stretched, stretched), d)


def counts(rng, volunteers=3, kinds=2):
    marks = rng.integers(1, 60, volunteers).astype(float)
    found = np.floor(marks[:, None] * rng.dirichlet(np.ones(3), volunteers)[:, :2])
    every = found.sum(axis=1)
    tools = rng.integers(0, 20, (volunteers, kinds, kinds)).astype(float)
    return Counts(
        marks,
        marks - every,
        found + rng.integers(0, 30, found.shape),
        found,
        every * rng.uniform(0.01, 0.4, volunteers),
        tools,
        rng.integers(0, 50, (kinds, 2)).astype(float),
        rng.integers(0, 50, kinds).astype(float),
    )


def cost(skills, known):
    return prior_cost(skills, CONFIG) + aggregate._known_cost(known, skills, CONFIG)


def settled(known):
    """Skills after many steps of the update."""
    before = None
    for _ in range(60):
        best = update(known, start_means(CONFIG), before, CONFIG)
        before = best.false_negative
    return best


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.98))
@settings(max_examples=25, deadline=None)
def test_an_update_never_raises_the_cost_from_where_it_was(seed, share):
    known = counts(np.random.default_rng(seed))
    now = update(known, start_means(CONFIG), None, CONFIG)
    before = replace(now, false_negative=np.full(3, share))
    after = update(known, start_means(CONFIG), before.false_negative, CONFIG)
    assert cost(after, known) <= cost(before, known) + 1e-9


def test_who_misses_only_what_is_hard_to_see_is_not_blamed_for_it():
    """With one visibility the misses are the volunteer's; with a faint one most are excused."""
    none = Counts.none(1, 1, 2)
    easy, hard = np.array([[50.0, 0.0]]), np.array([[0.0, 50.0]])
    found = 0.2
    blamed = update(replace(none, truths=easy, found=found * easy), (0.1, 0.4, 0.5), None, CONFIG)
    excused = update(replace(none, truths=hard, found=found * hard), (0.1, 0.4, 0.5), None, CONFIG)
    assert blamed.false_negative[0] == pytest.approx((10 * 0.4 + 40) / 60)
    assert excused.false_negative[0] < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_skills_are_where_the_cost_is_lowest(seed):
    known = counts(np.random.default_rng(seed))
    best = settled(known)
    for name in ("false_positive", "false_negative", "variance"):

        def of(logs, name=name):
            value = np.exp(logs)
            return cost(replace(best, **{name: value}), known)

        found = minimize(of, np.log(getattr(best, name)) - 0.3, method="Nelder-Mead", tol=1e-10)
        assert np.exp(found.x) == pytest.approx(getattr(best, name), rel=1e-3)
    for name in ("confusion", "classes", "noise"):
        share = getattr(best, name)
        axes = -1 if name == "confusion" else None
        for shift in np.random.default_rng(seed).normal(0, 0.05, (20, *share.shape)):
            other = share * np.exp(shift)
            other /= other.sum(axis=axes, keepdims=True)
            assert cost(replace(best, **{name: other}), known) >= cost(best, known) - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_learned_means_never_raise_the_cost(seed):
    known = counts(np.random.default_rng(seed), volunteers=40)
    skills = update(known, start_means(CONFIG), None, CONFIG)
    learned = learn_means(skills, CONFIG)
    assert prior_cost(learned, CONFIG) <= prior_cost(skills, CONFIG) + 1e-9
    again = learn_means(learned, CONFIG)
    assert again.means == pytest.approx(learned.means, abs=1e-4)


def test_difficulty_is_where_the_cost_is_lowest():
    found, squares = 7, 3.3

    def of(s):
        return truths.difficulty_cost(np.array([s]), CONFIG) + 0.5 * (
            squares / s + found * np.log(s)
        )

    best = update_difficulty(squares, found, CONFIG)
    assert all(of(best) < of(best * factor) for factor in (0.99, 1.01))


@pytest.mark.parametrize("seed", range(3))
def test_problem_and_image_agree_on_the_cost(seed):
    """The facility problem's net gain is what the objective falls by."""
    project = toy(images=5, seed=seed)
    skills = aggregate.consensus(project.marks, CONFIG).skills
    for view in aggregate.views(project.marks):
        costs = image_costs(view, view.xyxy, 1.0, skills, CONFIG)
        owner = solve(costs.problem)
        found = truths._truths(view, view.xyxy, owner, len(CONFIG.visibility), 1.0, 0.0)
        total = truths.image_cost(view, found, skills, CONFIG)
        prior = truths.difficulty_cost(np.array([1.0]), CONFIG)
        expected = costs.unassigned - costs.problem.net(owner) + prior
        assert total == pytest.approx(expected, abs=1e-8)
