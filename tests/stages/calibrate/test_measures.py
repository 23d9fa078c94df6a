"""Measures of chances against brute force, closed forms and laws."""

import numpy as np
import pytest
from astropy.stats import binom_conf_interval
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.stages.calibrate import measure, reliability
from clumpscope.stages.calibrate.measures import _area, auc, brier_parts, log_losses
from clumpscope.stages.calibrate.reliability import bin_of
from known_chances import drawn


def some(seed, count, levels=None):
    """Chances, with ties if there are ``levels``, and truth; both kinds are there."""
    rng = np.random.default_rng(seed)
    chance = rng.random(count)
    if levels:
        chance = np.round(chance * levels) / levels
    real = rng.random(count) < chance
    real[:2] = True, False
    return chance, real


@given(st.integers(0, 10**6), st.integers(3, 60), st.sampled_from([None, 3, 10]))
@settings(max_examples=50, deadline=None)
def test_auc_is_that_of_all_pairs(seed, count, levels):
    chance, real = some(seed, count, levels)
    good, bad = chance[real], chance[~real]
    pairs = [(a > b) + 0.5 * (a == b) for a in good for b in bad]
    assert auc(chance, real) == pytest.approx(np.mean(pairs), abs=1e-12)
    # One that counts twice is one that is there twice.
    weight = np.random.default_rng(seed).integers(0, 3, count)
    level = np.unique(chance, return_inverse=True)[1]
    again, true = np.repeat(chance, weight), np.repeat(real, weight)
    assert _area(level, real, weight) == pytest.approx(auc(again, true), nan_ok=True)


@given(st.integers(0, 10**6), st.integers(1, 80), st.sampled_from([None, 1, 4]))
@settings(max_examples=50, deadline=None)
def test_parts_of_the_brier_score_add_up(seed, count, levels):
    chance, real = (values[:count] for values in some(seed, count + 2, levels))
    parts = brier_parts(chance, real)
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert total == pytest.approx(np.mean((chance - real) ** 2), abs=1e-12)


def test_murphy_s_parts_of_three_forecasts():
    """With a bin for each forecast there is nothing within bins (Murphy 1973)."""
    chance = np.repeat([0.1, 0.5, 0.9], 10)
    real = np.concatenate([np.arange(10) < k for k in (2, 5, 8)])
    parts = brier_parts(chance, real)
    assert parts["within"] == pytest.approx(0, abs=1e-15)
    assert parts["reliability"] == pytest.approx((0.01 + 0 + 0.01) / 3)
    assert parts["resolution"] == pytest.approx((0.09 + 0 + 0.09) / 3)
    assert parts["uncertainty"] == pytest.approx(0.25)


def test_bins_have_equally_many_and_ties_stay_together():
    chance = np.random.default_rng(0).permutation(np.arange(300) / 300)
    assert np.bincount(bin_of(chance)).tolist() == [20] * 15
    assert len(set(bin_of(np.repeat([0.3, 0.6], 50)).tolist())) == 2
    assert bin_of(np.array([0.4])).tolist() == [7]


def test_reliability_is_counted_by_hand():
    chance, real = some(3, 45)
    table = reliability(chance, real, bins=3)
    order = np.argsort(chance)
    for k in range(3):
        rows = order[15 * k : 15 * (k + 1)]
        assert table.count[k] == 15
        assert table.predicted[k] == pytest.approx(chance[rows].mean())
        assert table.observed[k] == pytest.approx(real[rows].mean())
        low, high = binom_conf_interval(real[rows].sum(), 15, interval="wilson")
        assert (table.low[k], table.high[k]) == pytest.approx((low, high))


def test_what_is_as_likely_as_said_has_no_error_beyond_chance():
    known = drawn(9000)
    found = measure(known.p, known.real, known.galaxy)
    assert found.ece_floor == pytest.approx(0.8 * np.sqrt(15 / 9000 / 6), rel=0.1)  # E|N(0, s)|
    assert found.ece.value == pytest.approx(found.ece_floor, rel=0.6)
    assert found.ece.low <= found.ece.value <= found.ece.high
    # Of a uniform chance: 1/2 - 1/3, 1/4 nats, and 5/6.
    assert found.brier.value == pytest.approx(1 / 6, abs=0.006)
    assert found.log_loss.value == pytest.approx(0.5, abs=0.015)
    assert found.auc.value == pytest.approx(5 / 6, abs=0.012)


def test_what_is_sure_and_wrong_has_the_error_of_its_distance():
    known = drawn(9000, lambda p, _: 0 * p + 0.3)
    found = measure(np.full(9000, 0.7), known.real, known.galaxy)
    assert found.ece.value == pytest.approx(0.4, abs=0.02)
    assert found.auc.value == 0.5
    assert found.predicted - found.observed == pytest.approx(found.ece.value)


def test_intervals_hold_the_truth_two_times_of_three():
    """Over samples of galaxies, each of five candidates that are all real or none."""
    inside, rng = 0, np.random.default_rng(5)
    for _ in range(60):
        real = np.repeat(rng.random(100) < 0.4, 5)
        galaxy = np.repeat(np.arange(100).astype(str), 5)
        one = measure(np.where(real, 0.9, 0.6), real, galaxy, draws=200).brier
        inside += one.low <= 0.4 * 0.01 + 0.6 * 0.36 <= one.high
    assert 30 <= inside <= 52  # of 60; by candidate it would be half as many


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_order_and_names_of_rows_do_not_count(seed):
    known = drawn(200, seed=seed)
    order = np.random.default_rng(seed).permutation(200)
    one = measure(known.p, known.real, known.galaxy, draws=20)
    other = measure(known.p[order], known.real[order], known.galaxy[order], draws=20)
    for name, value in vars(one).items():
        values = vars(value).values() if hasattr(value, "low") else [value]
        there = getattr(other, name)
        assert list(values) == pytest.approx(
            list(vars(there).values()) if hasattr(there, "low") else [there]
        )


def test_one_kind_alone_has_no_auc():
    found = measure(np.array([0.2, 0.4]), np.array([True, True]), np.array(["a", "b"]), draws=5)
    assert np.isnan([found.auc.value, found.auc.low]).all()
    assert log_losses(np.array([0.0]), np.array([True]))[0] == pytest.approx(27.63, abs=0.01)
