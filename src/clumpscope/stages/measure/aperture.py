"""Shares of a point source's light in a circular aperture: closed forms, and the published ring."""

import numpy as np

MOFFAT_BETA = 2.5  # of the published code


def gaussian_correction(radius_fwhm: float) -> float:
    """Total flux over the flux in an aperture of radius ``radius_fwhm`` PSF-FWHM, Gaussian PSF.

    1 / (1 - exp(-4 ln2 k^2)); 1.0308 for the published k = 1.125.
    """
    return float(1 / -np.expm1(-4 * np.log(2) * radius_fwhm**2))


def moffat_correction(radius_fwhm: float, beta: float = MOFFAT_BETA) -> float:
    """The same for a Moffat PSF: 1 / (1 - (1 + 4 (2^(1/beta) - 1) k^2)^(1 - beta)).

    1.309 for k = 1.125 and beta = 2.5.
    """
    core = 4 * (2 ** (1 / beta) - 1) * radius_fwhm**2
    return float(1 / (1 - (1 + core) ** (1 - beta)))
