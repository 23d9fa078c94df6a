"""A known completeness comes back; where it does not hold it is not told."""

from dataclasses import replace

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.stages.completeness.covariates import CONTRAST, of_catalogue
from clumpscope.stages.completeness.fit import by_host, fit, scatter
from clumpscope.stages.completeness.validate import deciles
from known_selection import SIGMA_RATIO, chance, population


def test_a_known_completeness_is_recovered_within_its_errors(known):
    trials, fitted = known
    new, _ = population(2000, seed=9)
    value, error = fitted.true(new.true)
    held = np.isfinite(value)
    assert held.mean() > 0.95
    truth = chance(10 ** new.true[:, 0], 10 ** new.true[:, 2])
    off = (value - truth)[held]
    assert np.abs(off).mean() < 0.025
    assert 0.4 < np.sqrt(np.mean((off / error[held]) ** 2)) < 1.8
    assert len(trials.found) == 6000


def test_held_out_deciles_agree_and_boosting_is_no_better(known):
    _, fitted = known
    table = deciles(fitted.held_out, fitted.trials.found)
    assert sum(table["n"]) == 6000
    assert np.abs(table["predicted"] - table["observed"]).max() < 0.05
    assert fitted.loss < fitted.loss_boosted


def test_it_rises_with_flux_on_the_whole(known):
    trials, fitted = known
    inside = trials.true[fitted.true.inside(trials.true)]
    brighter = inside + [0.1, 0.1, 0.1, 0, 0]
    both = np.isfinite(fitted.true(brighter)[0])
    assert np.mean(fitted.true(brighter)[0][both] - fitted.true(inside)[0][both]) > 0.01


def test_measured_completeness_counts_what_was_there(known):
    # Sum of 1 / c over the found is the number of all that would have been measured there.
    trials, fitted = known
    value, _ = fitted.measured(trials.measured)
    held = np.isfinite(value)
    all_of_them = (1 / chance(10 ** trials.true[:, 0], 10 ** trials.true[:, 2]))[held].sum()
    assert (1 / value[held]).sum() == pytest.approx(all_of_them, rel=0.05)


def test_it_does_not_hold_outside_its_domain(known):
    _, fitted = known
    for smooth in (fitted.true, fitted.measured, fitted.place):
        middle = np.array(smooth.centre)[None]
        assert np.isfinite(smooth(middle)[0]).all()
        for k in range(middle.shape[1]):
            for beyond in (np.nan, smooth.low[k] - 0.01, smooth.high[k] + 0.01):
                moved = middle.copy()
                moved[0, k] = beyond
                assert np.isnan(np.concatenate(smooth(moved))).all()
    corner = np.array(fitted.true.high)[None]  # in the box, but no clump is like it
    assert np.isnan(fitted.true(corner)[0]).all()


def test_rows_may_come_in_any_order():
    trials, _ = population(600, seed=3)
    mixed = trials.where(np.random.default_rng(0).permutation(600))
    one, two = fit(trials, members=2), fit(mixed, members=2)
    assert one.true == two.true
    assert one.measured == two.measured
    assert one.place == two.place


def test_hosts_are_drawn_as_wholes():
    group = np.array([0, 0, 1, 2, 2, 2])
    draws = by_host(group, 50, 0)
    assert (draws[:, 0] == 1).all()
    assert (draws[0] == draws[1]).all()
    assert (draws[[0, 2, 3]].sum(axis=0) == 3).all()


def test_few_clumps_for_so_many_coefficients_are_told(known):
    trials, fitted = known
    found = int(trials.found.sum())
    assert fitted.rarer == min(found, 6000 - found) > fitted.wanted == 350
    few = replace(fitted, trials=trials.where(np.flatnonzero(trials.found)[:349]))
    assert few.rarer == 0 < few.wanted


def test_scatter_of_fluxes_is_found():
    rng = np.random.default_rng(0)
    true = 10 ** rng.uniform(-2.3, -0.5, 4000)
    width = np.hypot(1.3 * SIGMA_RATIO, 0.1 * true)
    measured = 0.95 * true + width * rng.standard_t(5, 4000)
    found = scatter(true, measured, np.full(4000, SIGMA_RATIO))
    assert found.bias == pytest.approx(0.95, abs=0.01)
    assert found.stretch == pytest.approx(1.3, abs=0.1)
    assert found.share == pytest.approx(0.1, abs=0.01)
    assert 3.5 < found.freedom < 8


def test_clumps_without_light_beneath_are_part_of_the_fit():
    """Their contrast is infinite, and told as the highest there is."""
    trials, catalogue = population(3000, seed=5, dark=600)
    assert np.isfinite(trials.true).all()
    assert (trials.true[:600, 2] == CONTRAST[1]).all()
    assert (trials.true[600:, 2] < CONTRAST[1]).any()
    assert np.isfinite(of_catalogue(catalogue)[:, 2]).all()
    fitted = fit(trials, members=2)
    assert len(fitted.trials.found) == 3000
    value, _ = fitted.true(trials.true[:600])
    truth = chance(10 ** trials.true[:600, 0], np.inf)
    known = np.isfinite(value)
    assert known.mean() > 0.9
    assert np.abs(value - truth)[known].mean() < 0.05


def test_too_few_are_refused():
    trials, _ = population(600, seed=3)
    with pytest.raises(TableError, match="30 found and 30 missed clumps of 10 hosts or more, got"):
        fit(trials.where(np.arange(40)), members=2)
    few_hosts = trials.where(trials.host < "g00009")
    with pytest.raises(TableError, match="of 9"):
        fit(few_hosts, members=2)
