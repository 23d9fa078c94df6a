"""What volunteers call odd: foreground stars and small background galaxies."""

import numpy as np

from clumpscope.config import SimulateConfig
from clumpscope.simulate.clumps import Sources, band_fluxes


def draw_interlopers(
    rng: np.random.Generator, field_arcsec: float, config: SimulateConfig
) -> Sources:
    """Draw stars and compact galaxies, spread evenly over a square field.

    ``config.mean_stars`` counts stars in the searched half of the field's side.
    """
    return _stars(rng, field_arcsec, config) + _galaxies(rng, field_arcsec, config)


def _uniform(rng: np.random.Generator, n: int, field: float) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(-field / 2, field / 2, n), rng.uniform(-field / 2, field / 2, n)


def _stars(rng: np.random.Generator, field: float, config: SimulateConfig) -> Sources:
    n = int(rng.poisson(4 * config.mean_stars))
    r_mag = 21.8 + np.log(rng.uniform(np.exp(-0.35 * 6.3), 1, n)) / 0.35
    # The stellar locus against g-r (Covey et al. 2007, read roughly); halo and M dwarfs.
    g_r = np.where(rng.random(n) < 0.5, rng.normal(0.5, 0.17, n), rng.normal(1.38, 0.1, n))
    g_r = np.clip(g_r, -0.2, 1.6)
    u_g = np.interp(g_r, [-0.2, 0.2, 0.4, 0.8, 1.2, 1.5], [0.4, 0.9, 1.05, 1.8, 2.4, 2.5])
    r_i = np.interp(g_r, [-0.2, 0.2, 0.6, 1.0, 1.3, 1.45], [-0.15, 0.05, 0.2, 0.38, 0.6, 1.1])
    i_z = np.interp(r_i, [-0.15, 0.1, 0.4, 1.1], [-0.15, 0.03, 0.2, 0.6])
    colours = np.column_stack([u_g, g_r, r_i, i_z]) + rng.normal(0, 0.03, (n, 4))
    x, y = _uniform(rng, n, field)
    return Sources(
        x=x,
        y=y,
        sigma=np.zeros(n),
        flux=band_fluxes(10 ** (-0.4 * (r_mag - 22.5)), 2, colours),
        label=np.full(n, 2, dtype=np.int64),
    )


def _galaxies(rng: np.random.Generator, field: float, config: SimulateConfig) -> Sources:
    n = int(rng.poisson(2 * config.mean_stars))
    r_mag = 22.0 + np.log(rng.uniform(np.exp(-0.6 * 3.5), 1, n)) / 0.6
    g_r = rng.normal(0.85, 0.3, n)
    colours = np.column_stack([1.0 + 0.6 * g_r, g_r, 0.1 + 0.35 * g_r, 0.05 + 0.25 * g_r])
    colours += rng.normal(0, 0.08, (n, 4))
    x, y = _uniform(rng, n, field)
    return Sources(
        x=x,
        y=y,
        sigma=rng.uniform(0.3, 1.1, n),
        flux=band_fluxes(10 ** (-0.4 * (r_mag - 22.5)), 2, colours),
        label=np.full(n, 2, dtype=np.int64),
    )
