"""Magnitudes, colours and flux ratios with their errors.

Magnitudes are AB, 8.90 - 2.5 log10(F / Jy), with 1 nanomaggy = 3.631e-6 Jy; SDSS's own zero
points differ slightly (u_AB = u - 0.04, z_AB = z + 0.02), which is not applied.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from clumpscope.core.schema import JY_PER_NMGY

Values = NDArray[np.float64]

_AB_ZERO_POINT = 8.90
_MAG_PER_LN = 2.5 / np.log(10)
_LIMIT_SIGMA = 2.0


def magnitude(flux_nmgy: Values) -> Values:
    """AB magnitude of a flux in nanomaggy; NaN where it is not positive."""
    jansky = np.where(flux_nmgy > 0, flux_nmgy, np.nan) * JY_PER_NMGY
    result: Values = _AB_ZERO_POINT - 2.5 * np.log10(jansky)
    return result


def magnitude_error(flux: Values, flux_err: Values) -> Values:
    """1-sigma error of a magnitude, 1.0857 dF / F; NaN where the flux is not positive."""
    error: Values = _MAG_PER_LN * flux_err / np.where(flux > 0, flux, np.nan)
    return error


def magnitude_limit(flux: Values, flux_err: Values) -> Values:
    """AB magnitude of the 2-sigma upper limit of a flux in nanomaggy."""
    return magnitude(np.maximum(flux, 0) + _LIMIT_SIGMA * flux_err)


def flux_ratio(
    flux: Values, flux_err: Values, host_flux: Values, host_err: Values
) -> tuple[Values, Values]:
    """Clump over host flux and its error; NaN without a positive host flux.

    An unknown host error counts as none.
    """
    known = np.where(host_flux > 0, host_flux, np.nan)
    ratio = flux / known
    host_part = ratio * np.nan_to_num(host_err)
    return ratio, np.hypot(flux_err, host_part) / known


def ratio_probability(
    flux: Values, flux_err: Values, host_flux: Values, host_err: Values, least: float
) -> Values:
    """Probability that the true flux ratio exceeds ``least``; NaN without a positive host flux.

    Of the difference clump - least * host, which is normal where both fluxes are (Fieller
    1954), with a flat prior on either.
    """
    known = np.where(host_flux > 0, host_flux, np.nan)
    spread = np.hypot(flux_err, least * np.nan_to_num(host_err))
    with np.errstate(divide="ignore", invalid="ignore"):
        probability: Values = ndtr((flux - least * known) / spread)
    return probability
