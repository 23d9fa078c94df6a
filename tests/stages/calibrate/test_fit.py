"""Curves: known distortions are undone, isotonic is scikit-learn's, bad input is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from clumpscope.errors import TableError
from clumpscope.stages.calibrate import KINDS, Candidates, fit
from known_chances import by_snr, distorted, drawn

P = np.linspace(0.02, 0.98, 49)
AT = np.full(len(P), 3.0)


@pytest.mark.parametrize("kind", ["platt", "beta", "platt-snr", "bent-snr", "isotonic"])
def test_a_known_distortion_is_undone(kind):
    found = fit(kind, drawn(40_000, distorted))(P, AT)
    assert found == pytest.approx(distorted(P, AT), abs=0.06)


def test_platt_has_the_numbers_of_the_distortion():
    assert fit("platt", drawn(60_000, distorted)).weights == pytest.approx((-1, 0.5), abs=0.04)


def test_a_temperature_is_one_number():
    known = drawn(40_000, lambda p, _: expit(logit(p) / 2.5))
    assert fit("temperature", known).weights == pytest.approx((1 / 2.5,), abs=0.02)


def test_beta_calibration_undoes_what_is_not_the_same_at_both_ends():
    def lopsided(p, _):
        return expit(0.3 * np.log(p) - 1.6 * np.log1p(-p) - 0.5)

    found = fit("beta", drawn(60_000, lopsided))
    assert found.weights == pytest.approx((-0.5, 0.3, 1.6), abs=0.07)
    assert found(P, AT) == pytest.approx(lopsided(P, AT), abs=0.02)


@pytest.mark.parametrize("kind", ["platt-snr", "bent-snr"])
@pytest.mark.parametrize("snr", [-2.0, 0.5, 3.0, 8.0])
def test_signal_to_noise_counts(kind, snr):
    at = np.full(len(P), snr)
    found = fit(kind, drawn(60_000, by_snr))(P, at)
    assert found == pytest.approx(by_snr(P, at), abs=0.04)


def test_a_logistic_fit_has_the_sums_of_the_truth():
    """Of the most likely one, predicted and observed sums over each term are equal."""
    known = drawn(3000, by_snr)
    left = known.real - fit("platt-snr", known)(known.p, known.snr)
    for term in (np.ones(len(known)), logit(known.p), np.arcsinh(known.snr)):
        assert abs(left @ term) < 0.05  # the ridge leaves so little


def test_isotonic_is_that_of_scikit_learn():
    known = drawn(3000, distorted)
    model = IsotonicRegression(out_of_bounds="clip").fit(known.p, known.real)
    half = 0.5 / len(known)
    at = np.linspace(0, 1, 501)
    found = fit("isotonic", known)(at, at)
    assert found == pytest.approx(np.clip(model.predict(at), half, 1 - half), abs=1e-12)
    assert found[0] == found[at <= known.p.min()].max()  # level beyond its ends


@given(st.integers(0, 10_000), st.integers(60, 300), st.sampled_from(KINDS))
@settings(max_examples=30, deadline=None)
def test_whatever_is_fitted_are_probabilities_in_any_order_of_rows(seed, count, kind):
    known = drawn(count, distorted, seed)
    shuffled = np.random.default_rng(seed).permutation(count)
    one, other = fit(kind, known), fit(kind, known.where(shuffled))
    chance = one(P, AT)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert other(P, AT) == pytest.approx(chance, abs=1e-5)
    if kind == "isotonic":
        assert (np.diff(chance) >= 0).all()


def test_equal_probabilities_are_one_knot():
    p = np.repeat([0.2, 0.8], 40)
    real = np.arange(80) % 4 < np.where(p > 0.5, 3, 1)
    found = fit("isotonic", Candidates(np.full(80, "a"), p, p, real))
    assert found.p == (0.2, 0.8)
    assert found.chance == pytest.approx((0.25, 0.75))


def test_separable_candidates_have_a_finite_fit():
    p = np.linspace(0.1, 0.9, 80)
    for kind in KINDS:
        chance = fit(kind, Candidates(np.full(80, "a"), p, p, p > 0.5))(p, p)
        assert ((chance < 0.05) | (p > 0.3)).all()
        assert ((chance > 0.95) | (p < 0.7)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_and_one_kind_only_are_told(kind):
    known = drawn(49)
    with pytest.raises(TableError, match="expected at least 50, got 49"):
        fit(kind, known)
    known = drawn(60)
    for real, got in ((known.p > 2, "60 that are not"), (known.p > 0, "60 real")):
        with pytest.raises(TableError, match=f"expected real ones and others, got {got}"):
            fit(kind, Candidates(known.galaxy, known.p, known.snr, real))
