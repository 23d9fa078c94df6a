"""Candidates of several finders joined, and random places between them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clumpscope.ops.matching import MATCH_RADIUS_FWHM
from clumpscope.stages.by_eye import Finds, random_places, united, with_random


def finds(*rows):
    """Finds from (x, y, score, claimed)."""
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return Finds(table[:, :2], table[:, 2], table[:, 3] > 0)


def test_candidates_nearer_than_three_quarters_of_a_fwhm_are_one():
    one = finds((10, 10, 0.9, 1), (30, 30, 0.8, 1))
    other = finds((12.9, 10, 0.7, 1), (33.1, 30, 0.6, 1))
    xy, role = united([one, other], fwhm_px=4.0)
    assert role.tolist() == [[2, 2], [2, 0], [0, 2]]
    assert xy.tolist() == [[11.45, 10], [30, 30], [33.1, 30]]  # a joined one lies between


def test_what_is_below_the_threshold_joins_a_claim_of_another_but_not_an_own_one():
    one = finds((10, 10, 0.9, 1), (11, 10, 0.2, 0), (50, 50, 0.1, 0))
    other = finds((10, 11, 0.3, 0))
    xy, role = united([one, other], fwhm_px=4.0)
    assert role.tolist() == [[2, 1], [1, 0]]
    assert xy.tolist() == [[10, 10.5], [50, 50]]


def test_a_place_takes_one_candidate_of_a_finder_the_better_scored_first():
    one = finds((10, 10, 0.5, 1))
    other = finds((11, 10, 0.4, 1), (12, 10, 0.9, 1))
    _, role = united([one, other], fwhm_px=4.0)
    xy, _ = united([one, other], fwhm_px=4.0)
    assert role.tolist() == [[2, 2], [0, 2]]
    assert xy.tolist() == [[11, 10], [11, 10]]


def test_no_candidates_are_no_places():
    xy, role = united([finds(), finds()], fwhm_px=3.0)
    assert xy.shape == (0, 2)
    assert role.shape == (0, 2)


points = arrays(float, st.tuples(st.integers(0, 12), st.just(2)), elements=st.floats(0, 30))


@given(points, points)
def test_every_claim_is_in_just_one_place(first, second):
    both = [Finds(xy, np.ones(len(xy)), np.ones(len(xy), dtype=bool)) for xy in (first, second)]
    xy, role = united(both, fwhm_px=4.0)
    assert (role == 2).sum(axis=0).tolist() == [len(first), len(second)]
    assert np.isclose(
        (xy * (role > 0).sum(axis=1, keepdims=True)).sum(), (first.sum() + second.sum())
    )


def test_random_places_fill_the_outline_evenly_and_leave_it_nowhere():
    outline = np.zeros((40, 60), dtype=bool)
    outline[10:30, 20:50] = True
    places = random_places(outline, 4000, np.random.default_rng(1))
    assert (places.min(axis=0) >= [19.5, 9.5]).all()
    assert (places.max(axis=0) <= [49.5, 29.5]).all()
    assert np.allclose(places.mean(axis=0), [34.5, 19.5], atol=0.6)
    assert np.allclose(places.std(axis=0), np.array([30, 20]) / np.sqrt(12), rtol=0.05)
    assert random_places(np.zeros((5, 5), dtype=bool), 3, np.random.default_rng(1)).shape == (0, 2)


def test_random_places_stay_away_from_what_was_found_and_each_other():
    outline = np.ones((60, 60), dtype=bool)
    found, role = united([finds((20, 20, 0.5, 1), (40, 40, 0.5, 0))], fwhm_px=4.0)
    places = random_places(outline, 300, np.random.default_rng(2))
    xy, roles = with_random(found, role, places, fwhm_px=4.0)
    assert roles[:2].tolist() == [[2], [1]]
    assert not roles[2:].any()
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(xy))
    assert 50 < len(xy) < 302
    assert distance.min() >= MATCH_RADIUS_FWHM * 4.0
