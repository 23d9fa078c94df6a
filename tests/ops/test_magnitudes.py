import numpy as np
import pytest
from astropy import units as u

from clumpscope.ops.magnitudes import (
    flux_ratio,
    magnitude,
    magnitude_error,
    magnitude_limit,
    ratio_probability,
)


def test_magnitude_is_ab():
    # A nanomaggy is 22.5 mag by definition; 3631 Jy is zero but for rounding.
    assert magnitude(np.array([1.0, 1e9])) == pytest.approx([22.5, 0.0], abs=1e-4)
    jansky = (3.631e-6 * u.Jy).to_value(u.ABmag)
    assert magnitude(np.array([1.0]))[0] == pytest.approx(jansky, abs=1e-3)
    assert np.isnan(magnitude(np.array([0.0, -1.0, np.nan]))).all()


def test_magnitude_errors_are_those_of_drawn_fluxes():
    drawn = np.random.default_rng(1).normal(10, 0.3, 100_000)
    error = magnitude_error(np.array([10.0, -1.0]), np.array([0.3, 0.3]))
    assert error[0] == pytest.approx(magnitude(drawn).std(), rel=0.01)
    assert np.isnan(error[1])


def test_limits_lie_two_sigma_above_what_is_there():
    limit = magnitude_limit(np.array([0.1, -5.0]), np.array([0.1, 0.1]))
    assert limit == pytest.approx(22.5 - 2.5 * np.log10([0.3, 0.2]), abs=1e-3)


def test_flux_ratio_and_its_error():
    rng = np.random.default_rng(0)
    ratio, err = flux_ratio(*(np.array([v]) for v in (1.0, 0.1, 20.0, 1.0)))
    drawn = rng.normal(1, 0.1, 200_000) / rng.normal(20, 1, 200_000)
    assert ratio[0] == pytest.approx(0.05)
    assert err[0] == pytest.approx(drawn.std(), rel=0.02)
    none = flux_ratio(np.ones(3), np.ones(3), np.array([0.0, -1, np.nan]), np.ones(3))
    assert np.isnan(none).all()
    assert flux_ratio(np.ones(1), np.ones(1), np.full(1, 20.0), np.full(1, np.nan))[1][0] == 0.05


@pytest.mark.parametrize("flux", [0.3, 0.6, 1.0])
def test_the_chance_of_a_ratio_is_the_share_of_draws_above_it(flux):
    rng = np.random.default_rng(2)
    drawn = rng.normal(flux, 0.15, 400_000) / rng.normal(20, 1, 400_000)
    args = (np.array([v]) for v in (flux, 0.15, 20.0, 1.0))
    assert ratio_probability(*args, 0.03)[0] == pytest.approx((drawn > 0.03).mean(), abs=0.003)


def test_no_host_no_chance():
    one, nothing = np.ones(2), np.array([0.0, np.nan])
    assert np.isnan(ratio_probability(one, one, nothing, one, 0.03)).all()
