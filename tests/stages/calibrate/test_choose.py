"""The kind of curve is the one that predicts other galaxies best; parts are by galaxy."""

import numpy as np
import pytest
from scipy.special import expit, logit

from clumpscope.errors import TableError
from clumpscope.models.calibration import Isotonic, Logistic
from clumpscope.stages.calibrate import KINDS, Candidates, choose, fit, judge
from clumpscope.stages.calibrate.candidates import parts
from clumpscope.stages.calibrate.choose import rises
from clumpscope.stages.calibrate.measures import log_losses
from known_chances import by_snr, distorted, drawn


def test_signal_to_noise_is_used_where_it_tells():
    assert choose(drawn(8000, by_snr)).kind in {"platt-snr", "bent-snr"}


def test_a_curve_with_steps_is_isotonic():
    steps = np.array([0.05, 0.6, 0.65, 0.95])
    known = drawn(8000, lambda p, _: steps[np.minimum((p * 4).astype(int), 3)])
    assert choose(known).kind == "isotonic"


def test_the_loss_is_that_of_galaxies_not_fitted_to():
    known = drawn(2000, distorted)
    fold, chance = parts(known.galaxy, 5, 3), np.empty(2000)
    for k in range(5):
        curve = fit("platt", known.where(fold != k))
        chance[fold == k] = curve(known.p[fold == k], known.snr[fold == k])
    found = choose(known, seed=3)
    assert set(found.log_loss) <= set(KINDS)
    assert found.log_loss["platt"] == pytest.approx(log_losses(chance, known.real).mean())
    assert found.log_loss[found.kind] == min(found.log_loss.values())


def test_the_order_of_rows_does_not_count():
    known = drawn(1500, by_snr)
    other = choose(known.where(np.random.default_rng(1).permutation(1500)))
    assert other.kind == choose(known).kind


def test_a_probability_that_says_the_contrary_tells_nothing():
    known = drawn(2000, lambda p, _: expit(-2 * logit(p)))
    found = choose(known)
    assert found.kind == "isotonic"  # level: the others would fall
    assert list(found.log_loss) == ["isotonic"]


def test_what_falls_does_not_rise():
    known = drawn(100)
    assert rises(Logistic(rule="platt", weights=(0.0, 1.0)), known)
    assert not rises(Logistic(rule="platt", weights=(0.0, -1.0)), known)
    # Rising at low signal-to-noise, falling at high.
    turns = Logistic(rule="bent-snr", weights=(0, 1, 0, 0, -0.5, 0, 0, 0))
    assert not rises(turns, known)
    assert rises(Isotonic(p=(0.2, 0.4), chance=(0.1, 0.1)), known)


def test_a_galaxy_is_in_one_part_whatever_the_others():
    galaxy = np.array(["b", "a", "c", "a", "b"])
    of = parts(galaxy, 4, 7)
    assert (of[1], of[0]) == (of[3], of[4])
    assert (parts(np.array(["a", "z"]), 4, 7) == [of[1], parts(np.array(["z"]), 4, 7)[0]]).all()
    many = parts(np.array([f"g{k}" for k in range(3000)]), 3, 0)
    assert np.bincount(many) == pytest.approx([1000] * 3, rel=0.12)
    assert (many != parts(np.array([f"g{k}" for k in range(3000)]), 3, 1)).any()


def test_a_report_is_of_the_galaxies_left_out():
    known = drawn(6000, by_snr)
    report = judge(known)
    out = parts(known.galaxy, 3, 0) == 0
    assert report.raw.measures.candidates == report.calibrated.measures.candidates == out.sum()
    assert np.array_equal(report.raw.chance, known.p[out])
    curve = fit(report.choice.kind, known.where(~out))
    assert np.array_equal(report.calibrated.chance, curve(known.p[out], known.snr[out]))
    assert report.calibrated.measures.ece.value < report.raw.measures.ece.value
    assert list(report.thirds) == ["low", "middle", "high"]
    counts = [one.measures.candidates for one in report.thirds.values()]
    assert sum(counts) == out.sum()
    assert max(counts) - min(counts) <= 2
    assert report.thirds["low"].snr[1] < report.thirds["middle"].snr[0]


def test_too_few_left_out_are_told():
    known = drawn(60)
    with pytest.raises(TableError, match="at least 50"):
        judge(Candidates(known.galaxy, known.p, known.snr, known.p > 0.5))
