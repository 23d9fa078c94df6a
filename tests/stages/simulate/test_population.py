"""The population against what is known of SDSS galaxies."""

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM

from clumpscope.config.simulate import HostsConfig
from clumpscope.stages.simulate import population
from clumpscope.stages.simulate.population import draw_member


@pytest.fixture(scope="module")
def members():
    rng = np.random.default_rng(1)
    return [draw_member(rng, HostsConfig()) for _ in range(1500)]


def values(members, name):
    return np.array([getattr(member, name) for member in members])


def test_distance_modulus_is_that_of_astropy():
    z = np.array([0.02, 0.1, 0.25])
    expected = FlatLambdaCDM(70, 0.3).distmod(z).value
    assert np.interp(z, population._Z, population._MODULUS) == pytest.approx(expected, abs=0.002)


def test_members_are_within_the_recipe(members):
    config = HostsConfig()
    for name, limits in (("r_mag", config.r_mag), ("redshift", config.redshift)):
        drawn = values(members, name)
        assert limits[0] <= drawn.min()
        assert drawn.max() <= limits[1]


def test_masses_rise_with_redshift_as_in_a_flux_limited_sample(members):
    mass, z = values(members, "log_mass"), np.log(values(members, "redshift"))
    assert np.corrcoef(mass, z)[0, 1] > 0.5
    assert 10.0 < np.median(mass) < 11.0
    assert 0.04 < np.exp(np.median(z)) < 0.1


def test_red_galaxies_are_massive_and_form_fewer_stars(members):
    g_r, mass, ssfr = (values(members, name) for name in ("g_r", "log_mass", "log_ssfr"))
    assert np.corrcoef(g_r, mass)[0, 1] > 0.4
    assert np.corrcoef(g_r, ssfr)[0, 1] < -0.5


def test_larger_galaxies_of_a_redshift_are_more_massive(members):
    z, r50, mass = (values(members, name) for name in ("redshift", "r50_arcsec", "log_mass"))
    near = (z > 0.04) & (z < 0.06)
    assert np.corrcoef(np.log(r50[near]), mass[near])[0, 1] > 0.3


def test_kinds_follow_the_recipe():
    rng = np.random.default_rng(0)
    config = HostsConfig(smooth_share=1.0)
    assert {draw_member(rng, config).kind for _ in range(30)} == {"smooth"}
    kinds = {draw_member(rng, HostsConfig(smooth_share=0.0)).kind for _ in range(200)}
    assert kinds == {"spiral", "flocculent", "irregular"}


def test_a_wish_that_no_galaxy_meets_ends(monkeypatch):
    monkeypatch.setattr(population, "_TRIES", 2)
    config = HostsConfig(r90_arcsec=(900.0, 901.0))
    assert draw_member(np.random.default_rng(0), config).r50_arcsec > 0
