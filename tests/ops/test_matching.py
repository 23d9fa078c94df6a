import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.ops.matching import match


def test_best_score_goes_first_and_each_truth_is_matched_once():
    truths = np.array([[0.0, 0.0], [10.0, 0.0]])
    candidates = np.array([[0.1, 0.0], [0.5, 0.0], [10.0, 0.9], [30.0, 0.0]])
    found, of = match(candidates, np.array([0.5, 0.9, 0.1, 1.0]), truths, 1.0)
    assert found.tolist() == [1, 2]
    assert of.tolist() == [0, 1]


def test_a_candidate_takes_the_nearest_truth_that_is_free():
    truths = np.array([[0.0, 0.0], [2.0, 0.0]])
    found, of = match(np.array([[0.5, 0.0], [0.4, 0.0]]), np.array([0.9, 0.8]), truths, 3.0)
    assert list(zip(found, of, strict=True)) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("distance", "matched"), [(0.999, 1), (1.0, 0)])
def test_a_match_is_closer_than_the_radius(distance, matched):
    found, _ = match(np.array([[distance, 0.0]]), np.ones(1), np.zeros((1, 2)), 1.0)
    assert len(found) == matched


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 12), st.integers(0, 12))
def test_matches_are_one_to_one_and_within_the_radius(seed, n, m):
    rng = np.random.default_rng(seed)
    candidates, truths = rng.uniform(0, 10, (n, 2)), rng.uniform(0, 10, (m, 2))
    scores = rng.permutation(n).astype(float)
    found, of = match(candidates, scores, truths, 2.0)
    assert len(set(found)) == len(found) == len(set(of)) == len(of)
    assert (np.linalg.norm(candidates[found] - truths[of], axis=1) < 2.0).all()
    # Nobody is left who could still be matched.
    alone = np.setdiff1d(np.arange(n), found)
    free = np.setdiff1d(np.arange(m), of)
    gaps = np.linalg.norm(candidates[alone][:, None] - truths[free][None], axis=2)
    assert (gaps >= 2.0).all()
    order = rng.permutation(n)
    again, of_again = match(candidates[order], scores[order], truths, 2.0)
    assert dict(zip(order[again], of_again, strict=True)) == dict(zip(found, of, strict=True))
