"""Shares against a count done by hand, galaxy by galaxy and clump by clump."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.stages.experiment.shares import (
    Marks,
    against_ratio,
    against_score,
    against_size,
)


def marks(seed=0, found=30, truth=20):
    rng = np.random.default_rng(seed)
    matched = min(found, truth) // 2
    score = rng.random(found)
    right = np.zeros(found, dtype=bool)
    right[:matched] = True
    best = np.full(truth, np.nan)
    best[:matched] = score[:matched]
    ratio = 10 ** rng.uniform(-3, 0, found)
    ratio[::5] = np.nan
    return Marks(score, ratio, right, 10 ** rng.uniform(-3, 0, truth), best)


def by_hand(one, threshold, low, high):
    limited = np.isfinite(low) or np.isfinite(high)
    hit = there = right = found = 0
    for ratio, score in zip(one.truth_ratio, one.truth_score, strict=True):
        if not limited or low <= ratio < high:
            there += 1
            hit += score >= threshold
    for ratio, score, good in zip(one.found_ratio, one.found_score, one.found_right, strict=True):
        if score >= threshold and (not limited or low <= ratio < high):
            found += 1
            right += good
    return hit, there, right, found


@given(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 40), st.floats(0, 1))
def test_counts_are_those_by_hand(seed, found, truth, threshold):
    one = marks(seed, found, truth)
    for low, high in ((-np.inf, np.inf), (0.03, np.inf), (0.01, 0.1)):
        counts = one.cut(threshold, (low, high))
        expected = by_hand(one, threshold, low, high)
        assert (counts.hit, counts.there, counts.right, counts.found) == expected


@given(st.integers(0, 100))
def test_a_higher_threshold_never_finds_more(seed):
    table = against_score({"m": marks(seed)}, 0.1)
    assert (np.diff(table["completeness"]) <= 0).all()
    assert table["score_threshold"][0] == pytest.approx(0.1)
    assert table["score_threshold"][-1] == pytest.approx(0.9)


def test_bins_share_all_clumps_among_them():
    one = marks(3)
    table = against_ratio({"m": one}, 0.0)
    assert table["completeness_n"].sum() == 20
    assert table["purity_n"].sum() == np.isfinite(one.found_ratio).sum()
    row = table[6]
    low, high = 10 ** row["log10_ratio_low"], 10 ** row["log10_ratio_high"]
    hit, there, *_ = by_hand(one, 0.0, low, high)
    assert row["completeness"] == hit / there


def test_sizes_go_with_groups():
    table = against_size({"m": {2: marks(1), 5: marks(2)}}, {2: 70, 5: 700}, 0.3)
    assert table["training_galaxies"].tolist() == [70, 700]
    assert table["group"].tolist() == [2, 5]
