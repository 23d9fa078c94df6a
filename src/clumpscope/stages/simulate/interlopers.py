"""What volunteers call odd: foreground stars, background galaxies, red knots of the host."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.simulate import InterlopersConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.stages.simulate.light import Light, scattered
from clumpscope.stages.simulate.sources import (
    ZERO_POINT,
    Blobs,
    R,
    Sources,
    band_fluxes,
    nanomaggies,
)

_STARS = (10.5, 22.7, 0.22)  # brightest, faintest r; slope of log counts a mag (|b| > 30 deg)
_GALAXIES = (15.5, 22.7, 0.42)
_RESOLVED = 20.8  # fainter galaxies are drawn as Gaussians
_REFERENCE = 21.0  # the r to which densities of the recipe count
_SQUARE_DEGREE = 3600.0**2  # square arcsec


def draw_stars(
    rng: np.random.Generator,
    field_arcsec: float,
    config: InterlopersConfig,
    bands: Sequence[str] = SDSS_BANDS,
) -> Sources:
    """Draw the stars of a square field, on the stellar locus."""
    scatter = config.star_scatter
    density = config.star_density * np.exp(scatter * rng.normal() - scatter**2 / 2)
    r_mag = _magnitudes(rng, density, _STARS, field_arcsec)
    n = len(r_mag)
    # The stellar locus against g-r (Covey et al. 2007): halo and disk, then M dwarfs.
    g_r = np.where(rng.random(n) < 0.45, rng.normal(0.45, 0.16, n), rng.normal(1.38, 0.12, n))
    g_r = np.where(rng.random(n) < 0.2, rng.uniform(0.6, 1.3, n), g_r)
    g_r = np.clip(g_r, -0.2, 1.6)
    u_g = np.interp(g_r, [-0.2, 0.2, 0.4, 0.8, 1.2, 1.5], [0.4, 0.9, 1.05, 1.8, 2.4, 2.5])
    r_i = np.interp(g_r, [-0.2, 0.2, 0.6, 1.0, 1.3, 1.45], [-0.15, 0.05, 0.2, 0.38, 0.6, 1.1])
    i_z = np.interp(r_i, [-0.15, 0.1, 0.4, 1.1], [-0.15, 0.03, 0.2, 0.6])
    colours = np.column_stack([u_g, g_r, r_i, i_z]) + rng.normal(0, 0.03, (n, 4))
    x, y = rng.uniform(-field_arcsec / 2, field_arcsec / 2, (2, n))
    flux = band_fluxes(nanomaggies(r_mag), R, colours, bands)
    return Sources(x, y, np.zeros(n), flux, np.full(n, 2, dtype=np.int64))


def draw_galaxies(
    rng: np.random.Generator,
    field_arcsec: float,
    config: InterlopersConfig,
    bands: Sequence[str] = SDSS_BANDS,
) -> Blobs:
    """Draw the background and satellite galaxies of a square field."""
    r_mag = _magnitudes(rng, config.galaxy_density, _GALAXIES, field_arcsec)
    x, y = rng.uniform(-field_arcsec / 2, field_arcsec / 2, (2, len(r_mag)))
    return small_galaxies(rng, r_mag, x, y, bands)


def small_galaxies(
    rng: np.random.Generator,
    r_mag: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    bands: Sequence[str] = SDSS_BANDS,
) -> Blobs:
    """Field galaxies of given magnitudes and places; smaller and redder the fainter they are."""
    n = len(r_mag)
    early = rng.random(n) < 0.4
    # Of galaxies in the shared frames: g-r 0.8 at r = 18, 1.25 at 20.5, with a wide scatter.
    reddening = np.maximum(0.14 * (r_mag - 20), -0.4)  # with redshift
    g_r = np.where(early, 1.4 + reddening, 0.9 + reddening)
    g_r = np.clip(g_r + rng.normal(0, 0.22, n), 0.1, 1.7)
    colours = np.column_stack([0.7 + 0.9 * g_r, g_r, 0.12 + 0.33 * g_r, 0.06 + 0.26 * g_r])
    colours += rng.normal(0, 0.1, (n, 4))
    half_light = np.exp(rng.normal(np.log(10 ** (-0.13 * (r_mag - 21)) * 0.75), 0.35))
    return Blobs(
        x=x,
        y=y,
        half_light=np.clip(half_light, 0.15, 12),
        axis_ratio=np.where(early, rng.uniform(0.55, 1, n), rng.uniform(0.2, 1, n)),
        angle=rng.uniform(0, np.pi, n),
        early=early,
        flux=band_fluxes(nanomaggies(r_mag), R, colours, bands),
    )


def companions(
    rng: np.random.Generator,
    r_mag: float,
    r50_arcsec: float,
    bands: Sequence[str] = SDSS_BANDS,
    *,
    merger: bool,
) -> Blobs:
    """Return the close companion of a merger, and a satellite now and then."""
    n = int(merger) + int(rng.random() < 0.18)
    distance = r50_arcsec * rng.uniform(0.9, 4.0, n)
    turn = rng.uniform(0, 2 * np.pi, n)
    magnitudes = r_mag + np.where(np.arange(n) < merger, rng.uniform(0.0, 3.0, n), 4.0)
    x, y = distance * np.cos(turn), distance * np.sin(turn)
    return small_galaxies(rng, magnitudes, x, y, bands)


def as_sources(blobs: Blobs) -> Sources:
    """Galaxies as what they are to a finder of clumps: odd, of a Gaussian's size."""
    return Sources(
        blobs.x,
        blobs.y,
        blobs.half_light / 1.3 * np.sqrt(blobs.axis_ratio),
        blobs.flux,
        np.full(len(blobs), 2, dtype=np.int64),
    )


def faint_apart(blobs: Blobs) -> tuple[Blobs, Sources]:
    """Split galaxies into those worth a profile, and the faint ones as Gaussians."""
    bright = ZERO_POINT - 2.5 * np.log10(blobs.flux[:, R]) < _RESOLVED
    kept = Blobs(*(value[bright] for value in vars(blobs).values()))
    return kept, as_sources(Blobs(*(value[~bright] for value in vars(blobs).values())))


def draw_knots(
    rng: np.random.Generator, light: Light, g_r: float, config: InterlopersConfig
) -> Sources:
    """Red, bulge-like knots on the host, which volunteers call odd."""
    number = int(rng.poisson(config.odd_knots))
    n = light.birth.shape[0]
    row, col = np.divmod(scattered(rng, light.birth, number), n)
    share = np.exp(rng.uniform(np.log(0.004), np.log(0.06), number))
    red = g_r + rng.uniform(0.05, 0.5, number)
    colours = np.column_stack([0.55 + 1.1 * red, red, 0.05 + 0.5 * red, 0.38 * red])
    return Sources(
        x=(col - (n - 1) / 2) * light.step_arcsec,
        y=(row - (n - 1) / 2) * light.step_arcsec,
        sigma=rng.uniform(0, 0.7, number),
        flux=band_fluxes(share * light.total[R], R, colours, light.names),
        label=np.full(number, 2, dtype=np.int64),
    )


def _magnitudes(
    rng: np.random.Generator,
    density: float,
    counts: tuple[float, float, float],
    field_arcsec: float,
) -> NDArray[np.float64]:
    """Magnitudes of a Poisson number of objects, ``density`` a square degree above r = 21."""
    bright, faint, slope = counts
    total = density * 10 ** (slope * (faint - _REFERENCE)) * field_arcsec**2 / _SQUARE_DEGREE
    share = rng.random(int(rng.poisson(total)))
    least = 10 ** (-slope * (faint - bright))
    magnitudes: NDArray[np.float64] = faint + np.log10(least + share * (1 - least)) / slope
    return magnitudes
