"""Clumps of a population and completeness that are known, and catalogues of those found."""

import numpy as np
from astropy.table import QTable

from clumpscope.core.clumps import clump_table
from clumpscope.models.selection import Selection
from clumpscope.stages.completeness.covariates import (
    CONTRAST,
    covariates,
    of_catalogue,
    surroundings,
)
from clumpscope.stages.completeness.fit import Fitted, Trials

HOST = 100.0  # flux in g
SIGMA_RATIO = 0.006  # noise of measured ratios
PER_HOST = 5


def chance(ratio, contrast):
    """True completeness: half at a ratio of 1.5 % and contrast 1; beyond a limit that is alike."""
    contrast = np.minimum(contrast, 10 ** CONTRAST[1])
    return 1 / (1 + np.exp(-(4 * np.log10(ratio / 0.015) + 1.5 * np.log10(contrast))))


def population(n: int, seed: int, slope: float = 0.0, dark: int = 0):
    """Trials of n clumps with d N / d ln f ~ f^-slope, f from 0.4 to 40 %, and a catalogue.

    The first ``dark`` have no light of the host beneath them: their contrast is infinite.
    """
    rng = np.random.default_rng(seed)
    share = rng.random(n)
    low, high = 0.004, 0.4
    ratio = (
        low * (high / low) ** share
        if slope == 0
        else (low**-slope + share * (high**-slope - low**-slope)) ** (-1 / slope)
    )
    light = 10 ** rng.uniform(-1.5, 0, n)  # host's surface brightness, flux a square pixel
    light[:dark] = 0
    radius, psf = rng.uniform(0.1, 1.2, n), rng.uniform(1.0, 1.8, n)
    noise = 10 ** rng.uniform(-1.2, -0.6, n)
    fwhm_px = psf / 0.4
    flux = ratio * HOST
    with np.errstate(divide="ignore"):
        contrast = 2 * flux / (np.pi * fwhm_px**2) / light
    found = rng.random(n) < chance(ratio, contrast)
    measured = ratio + rng.normal(0, SIGMA_RATIO, n)
    host = np.array([f"g{k // PER_HOST:05d}" for k in range(n)])
    catalogue = clump_table(
        "release",
        {
            "galaxy_id": host,
            "clump_id": np.arange(n) % PER_HOST + 1,
            "clump_label_id": np.ones(n, dtype=int),
            "clump_flux_ratio": measured,
            "clump_flux_ratio_err": np.full(n, SIGMA_RATIO),
            "clump_flux_g": flux + rng.normal(0, noise),
            "clump_flux_err_published_g": noise,
            "clump_background_g": light,
            "clump_dist_r90": radius,
            "FWHM_r_px": fwhm_px,
            "FWHM_r_arcsec": psf,
            "galaxy_flux_g": np.full(n, HOST),
            "p_real": np.full(n, np.nan),
        },
    )
    blank = np.where(found, 0.0, np.nan)
    trials = Trials(
        host,
        found,
        covariates(ratio, flux / noise, contrast, radius, psf),
        of_catalogue(catalogue) + blank[:, None],
        surroundings(catalogue) + blank[:, None],
        ratio,
        measured + blank,
        np.full(n, SIGMA_RATIO) + blank,
    )
    return trials, QTable(catalogue[found])


def selection_of(fitted: Fitted) -> Selection:
    made = {"model": "a" * 64, "threshold": 0.6}
    return Selection(
        fitted.true, fitted.measured, fitted.place, fitted.scatter, made, {"clumps": 3}
    )
