"""Stars and galaxies around a host: counts, colours, sizes."""

import numpy as np
import pytest

from clumpscope.config.simulate import InterlopersConfig
from clumpscope.stages.simulate.interlopers import (
    as_sources,
    companions,
    draw_galaxies,
    draw_knots,
    draw_stars,
    faint_apart,
)
from clumpscope.stages.simulate.light import Light

SQUARE_DEGREE = 3600.0


def r_mag(found):
    return 22.5 - 2.5 * np.log10(found.flux[:, 2])


def test_counts_are_the_recipe_s():
    rng = np.random.default_rng(0)
    config = InterlopersConfig(star_scatter=0.0, star_density=2000, galaxy_density=2500)
    stars, galaxies = (draw(rng, SQUARE_DEGREE, config) for draw in (draw_stars, draw_galaxies))
    assert np.sum(r_mag(stars) < 21) == pytest.approx(2000, rel=0.1)
    assert np.sum(r_mag(galaxies) < 21) == pytest.approx(2500, rel=0.1)
    # Counts of the shared frames: 560-900 stars and 400-600 galaxies between r = 18 and 20,
    # 2.6 and 4.4 times as many in the next magnitude bins.
    assert np.sum(r_mag(galaxies) < 20) / np.sum(r_mag(galaxies) < 19) == pytest.approx(
        2.6, rel=0.2
    )
    assert stars.x.min() < -0.49 * SQUARE_DEGREE
    assert stars.y.max() > 0.49 * SQUARE_DEGREE


def test_stars_lie_on_the_locus():
    stars = draw_stars(np.random.default_rng(0), SQUARE_DEGREE, InterlopersConfig())
    u_g, g_r, r_i = (-2.5 * np.log10(stars.flux[:, k] / stars.flux[:, k + 1]) for k in range(3))
    halo = (g_r > 0.35) & (g_r < 0.55)
    assert np.median(u_g[halo]) == pytest.approx(1.15, abs=0.15)
    assert np.median(r_i[halo]) == pytest.approx(0.13, abs=0.05)
    assert np.std(r_i[halo]) < 0.1
    assert (stars.label == 2).all()


def test_fainter_galaxies_are_smaller_and_redder():
    galaxies = draw_galaxies(np.random.default_rng(0), SQUARE_DEGREE, InterlopersConfig())
    mag, g_r = r_mag(galaxies), -2.5 * np.log10(galaxies.flux[:, 1] / galaxies.flux[:, 2])
    bright, faint = mag < 19, (mag > 20) & (mag < 21)
    assert np.median(g_r[faint]) > np.median(g_r[bright]) + 0.1
    assert np.median(galaxies.half_light[faint]) < 0.8 * np.median(galaxies.half_light[bright])


def test_faint_galaxies_become_gaussians_and_none_is_lost():
    galaxies = draw_galaxies(np.random.default_rng(0), 600.0, InterlopersConfig())
    resolved, faint = faint_apart(galaxies)
    assert len(resolved) + len(faint) == len(galaxies)
    assert 0 < len(resolved) < len(faint)
    assert r_mag(resolved).max() < r_mag(faint).min()
    both = as_sources(resolved) + faint
    assert both.flux.sum() == pytest.approx(galaxies.flux.sum())


def test_a_merger_has_a_companion():
    rng = np.random.default_rng(0)
    for _ in range(20):
        found = companions(rng, 15.0, 4.0, merger=True)
        assert len(found) >= 1
        assert 15 <= r_mag(found)[0] <= 18
        assert np.hypot(found.x, found.y).max() <= 16
    alone = [len(companions(rng, 15.0, 4.0, merger=False)) for _ in range(400)]
    assert np.mean(alone) == pytest.approx(0.18, abs=0.04)


def test_knots_are_redder_than_their_host_and_odd():
    rng = np.random.default_rng(0)
    bands = np.ones((5, 40, 40), np.float32)
    light = Light(bands, np.ones((40, 40), np.float32), 0.4)
    knots = draw_knots(rng, light, 0.6, InterlopersConfig(odd_knots=300))
    g_r = -2.5 * np.log10(knots.flux[:, 1] / knots.flux[:, 2])
    assert len(knots) == pytest.approx(300, rel=0.2)
    assert g_r.min() > 0.6
    assert (knots.label == 2).all()
