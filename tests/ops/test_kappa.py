"""Kappas against published examples, closed forms and another implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from clumpscope.ops.kappa import cohen, fleiss


def test_fleiss_own_example():
    """Fleiss (1971), Table 1, as widely reprinted: 14 raters, 10 subjects, kappa 0.210."""
    counts = [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
    assert fleiss(np.array(counts)) == pytest.approx(0.210, abs=5e-4)


def test_cohen_of_a_two_by_two_table():
    # 20 both yes, 15 both no, 5 and 10 apart: 0.7 observed, 0.5 by chance.
    one = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    other = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert cohen(one, other) == pytest.approx(0.4)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_cohen_is_scikit_learn_s(pairs):
    one, other = np.array(pairs).T
    if len(set(one.tolist()) | set(other.tolist())) > 1:
        assert cohen(one, other) == pytest.approx(cohen_kappa_score(one, other))
    else:
        assert np.isnan(cohen(one, other))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_fleiss_of_two_people_is_scott_s_pi(pairs):
    one, other = np.array(pairs).T
    counts = np.column_stack([(one == k).astype(int) + (other == k) for k in (0, 1)])
    share = counts.sum(axis=0) / counts.sum()
    chance = (share**2).sum()
    if chance < 1:
        pi = ((one == other).mean() - chance) / (1 - chance)
        assert fleiss(counts) == pytest.approx(pi)


def test_bounds_and_nothing():
    assert fleiss(np.array([[3, 0], [0, 3]])) == 1
    assert fleiss(np.array([[1, 1], [1, 1]])) == -1
    assert cohen(np.array([0, 1]), np.array([1, 0])) == -1
    assert np.isnan(fleiss(np.array([[3, 0], [3, 0]])))
    assert np.isnan(fleiss(np.array([[1, 0], [0, 1]])))  # one person each
    assert np.isnan(fleiss(np.empty((0, 2))))
    assert np.isnan(cohen(np.array([], dtype=int), np.array([], dtype=int)))


def test_things_that_one_person_judged_do_not_count():
    counts = np.array([[2, 0], [1, 1], [0, 2]])
    assert fleiss(np.vstack([counts, [[1, 0]]])) == fleiss(counts)
