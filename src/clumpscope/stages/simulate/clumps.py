"""Clumps in a host: point-like or slightly resolved blue knots."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.simulate import ClumpsConfig
from clumpscope.errors import RecipeError, expected_got
from clumpscope.stages.simulate.light import Light, scattered
from clumpscope.stages.simulate.sources import Sources, U, band_fluxes

_BESIDE = 0.2  # share of clumps that lie next to another


def draw_clumps(
    rng: np.random.Generator, light: Light, richness: float, config: ClumpsConfig
) -> Sources:
    """Draw the clumps of a painted host, in its bands: ``richness`` in the mean.

    They lie where young stars do. Their ratios are of the host's u flux with its clumps.
    """
    number = int(rng.poisson(richness))
    ratio = flux_ratios(rng, number, config)
    x, y = _places(rng, light, number)
    total_u = light.total[U] / max(1 - ratio.sum(), 0.3)
    resolved = rng.random(number) < config.resolved_share
    return Sources(
        x=x,
        y=y,
        sigma=np.where(resolved, rng.uniform(0.1, 0.6, number), 0.0),
        flux=clump_fluxes(rng, ratio, total_u, config, light.names),
        label=np.ones(number, dtype=np.int64),
    )


def flux_ratios(rng: np.random.Generator, number: int, config: ClumpsConfig) -> NDArray[np.float64]:
    """Ratios of u fluxes, clump over host: dN / d ln f ~ f^-slope exp(-f / cutoff)."""
    grid = np.geomspace(*config.flux_ratio_u, 256)
    density = grid**-config.slope * np.exp(-grid / config.cutoff)
    growth = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    drawn = np.interp(rng.random(number) * growth[-1], growth, np.log(grid))
    ratios: NDArray[np.float64] = np.exp(drawn)
    return ratios


def clump_fluxes(
    rng: np.random.Generator,
    ratio: NDArray[np.float64],
    total_u: float,
    config: ClumpsConfig,
    bands: Sequence[str],
) -> NDArray[np.float64]:
    """(N, B) fluxes of clumps of these ratios to the host's u flux, nanomaggy.

    Raises
    ------
    RecipeError
        If a colour of ``config`` is of a band that is not among ``bands``.
    """
    flux = band_fluxes(ratio * total_u, U, clump_colours(rng, ratio) - config.bluer, bands)
    for name, (mean, scatter) in config.colours.items():
        pair = name.split("-")
        if not set(pair) <= set(bands):
            known = " ".join(bands)
            raise RecipeError(expected_got("[simulate.clumps] colours", f"bands of {known}", name))
        blue, red = (list(bands).index(band) for band in pair)
        colour = rng.normal(mean, scatter, len(ratio)) - config.bluer
        flux[:, red] = flux[:, blue] * 10 ** (0.4 * colour)
    return flux


def clump_colours(rng: np.random.Generator, ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) colours u-g, g-r, r-i, i-z as of the Stripe 82 clumps of Mehta et al. 2021.

    Normal cores with a tail to the red; g-r falls by 0.11 mag a decade of flux ratio.
    """
    n = len(ratio)
    decades = np.log10(ratio / 0.01)
    colours: NDArray[np.float64] = np.column_stack(
        [
            rng.normal(0.25, 0.22, n) + rng.exponential(0.22, n),
            rng.normal(-0.04, 0.17, n) + rng.exponential(0.09, n) - 0.11 * decades,
            rng.normal(0.03, 0.22, n),
            rng.normal(0.0, 0.20, n),
        ]
    )
    return colours


def _places(
    rng: np.random.Generator, light: Light, number: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets from the centre, arcsec, drawn from where stars are born."""
    n = light.birth.shape[0]
    row, col = np.divmod(scattered(rng, light.birth, number), n)
    jitter = rng.uniform(-0.5, 0.5, (2, number))
    x = (col - (n - 1) / 2 + jitter[0]) * light.step_arcsec
    y = (row - (n - 1) / 2 + jitter[1]) * light.step_arcsec
    for k in range(1, number):
        if rng.random() < _BESIDE:
            step, turn = rng.uniform(1.0, 3.5), rng.uniform(0, 2 * np.pi)
            x[k], y[k] = x[k - 1] + step * np.cos(turn), y[k - 1] + step * np.sin(turn)
    return x, y
