"""Clumps: luminosity function, colours and places."""

import numpy as np
import pytest
from scipy.integrate import quad

from clumpscope.config.simulate import ClumpsConfig
from clumpscope.errors import RecipeError
from clumpscope.stages.simulate.clumps import (
    clump_colours,
    clump_fluxes,
    draw_clumps,
    flux_ratios,
)
from clumpscope.stages.simulate.light import Light

N = 60


def light(birth=None, total_u=100.0):
    bands = np.full((5, N, N), total_u / N**2, np.float32)
    return Light(bands, np.ones((N, N), np.float32) if birth is None else birth, 0.4)


@pytest.mark.parametrize(("slope", "cutoff"), [(0.5, 0.04), (0.0, 1.0), (1.2, 0.1)])
def test_flux_ratios_follow_the_luminosity_function(slope, cutoff):
    config = ClumpsConfig(slope=slope, cutoff=cutoff)
    low, high = config.flux_ratio_u
    drawn = flux_ratios(np.random.default_rng(0), 20000, config)
    assert low <= drawn.min()
    assert drawn.max() <= high

    def number(a, b):
        return quad(lambda f: f ** (-slope - 1) * np.exp(-f / cutoff), a, b)[0]

    for edge in (0.006, 0.02, 0.06):
        expected = number(low, edge) / number(low, high)
        assert np.mean(drawn < edge) == pytest.approx(expected, abs=0.015)


def test_clumps_are_blue_and_bluer_ones_brighter():
    rng = np.random.default_rng(0)
    faint = clump_colours(rng, np.full(4000, 0.004))
    bright = clump_colours(rng, np.full(4000, 0.06))
    # Medians of Mehta et al. 2021: u-g 0.42, g-r 0.10 below 0.6 % and -0.05 above 4 %.
    assert np.median(faint[:, 0]) == pytest.approx(0.42, abs=0.05)
    assert np.median(faint[:, 1]) == pytest.approx(0.09, abs=0.04)
    assert np.median(bright[:, 1]) == pytest.approx(-0.05, abs=0.05)


def test_given_colours_come_in_place_of_others_and_change_no_draw_before():
    config = ClumpsConfig(colours={"g-r": (0.13, 0.3), "r-i": (-0.15, 0.0)})
    ratio = np.full(4000, 0.01)
    bands = ("u", "g", "r", "i", "z")
    own, usual = (
        clump_fluxes(np.random.default_rng(0), ratio, 100.0, one, bands)
        for one in (config, ClumpsConfig())
    )
    np.testing.assert_array_equal(own[:, [0, 1, 4]], usual[:, [0, 1, 4]])
    g_r, r_i = (2.5 * np.log10(own[:, k + 1] / own[:, k]) for k in (1, 2))
    assert np.mean(g_r) == pytest.approx(0.13, abs=0.02)
    assert np.std(g_r) == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(r_i, -0.15, atol=1e-9)
    with pytest.raises(RecipeError, match="colours: expected bands of u g r i z, got z-y"):
        clump_fluxes(
            np.random.default_rng(0), ratio, 1.0, ClumpsConfig(colours={"z-y": (0, 0)}), bands
        )
    with pytest.raises(ValueError, match='of two bands, such as "g-r"'):
        ClumpsConfig(colours={"gr": (0, 0)})


def test_ratios_are_of_the_host_with_its_clumps():
    config = ClumpsConfig(flux_ratio_u=(0.0499, 0.05))
    clumps = draw_clumps(np.random.default_rng(1), light(), 4.0, config)
    total = 100.0 + clumps.flux[:, 0].sum()
    assert len(clumps) > 0
    assert clumps.flux[:, 0] / total == pytest.approx(0.05, rel=0.01)
    assert (clumps.label == 1).all()


def test_clumps_lie_where_stars_are_born_and_some_beside_them():
    birth = np.zeros((N, N), np.float32)
    birth[10, 45] = 1
    drawn = draw_clumps(np.random.default_rng(0), light(birth), 400.0, ClumpsConfig())
    place = (np.array([45, 10]) - (N - 1) / 2) * 0.4
    apart = np.hypot(drawn.x - place[0], drawn.y - place[1])
    assert np.mean(apart < 0.3) == pytest.approx(0.8, abs=0.06)
    assert apart.max() < 20


def test_no_richness_no_clumps_and_all_the_bluer():
    rng = np.random.default_rng(0)
    assert len(draw_clumps(rng, light(), 0.0, ClumpsConfig())) == 0
    one, two = (
        draw_clumps(np.random.default_rng(3), light(), 9.0, ClumpsConfig(bluer=bluer))
        for bluer in (0.0, 0.3)
    )
    colour = [-2.5 * np.log10(c.flux[:, 0] / c.flux[:, 1]) for c in (one, two)]
    assert colour[0] - colour[1] == pytest.approx(0.3)
