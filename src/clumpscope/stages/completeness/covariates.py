"""What completeness depends on: K columns of truths, and the same of a catalogue's rows.

Both have the columns `COVARIATES`. Those of truths are exact, from `clumpscope.ops.spots`; those
of a catalogue are its own measurements of the same things, by its own errors and background
model, so that no image is needed.
"""

import numpy as np
from astropy.table import QTable
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got

Values = NDArray[np.float64]

COVARIATES = (
    "log_flux_ratio",  # log10 of the ratio of u fluxes, clump over host
    "log_snr",  # log10 of the signal-to-noise in g
    "log_contrast",  # log10 of the contrast in g, held within `CONTRAST`
    "radius_r90",  # distance from the host's centre, R90, at most `FARTHEST`
    "log_psf_fwhm",  # log10 of the PSF-FWHM in r, arcsec
)
# Of a place, whatever clump is there, as a catalogue's row has it measured:
SURROUNDINGS = (
    "log_depth",  # log10 of the signal-to-noise in g that a clump as bright as its host had
    "log_light",  # log10 of the host's light in pi FWHM^2 / 2 in g over all: contrast = ratio / it
    *COVARIATES[3:],
)
CONTRAST = (-2.5, 1.5)  # beyond, it tells nothing more: there is no host light
FARTHEST = 3.0
_NEEDED = (
    *("clump_flux_ratio", "clump_flux_g", "clump_flux_err_published_g", "clump_background_g"),
    *("clump_dist_r90", "FWHM_r_px", "FWHM_r_arcsec"),
)


def covariates(
    ratio: ArrayLike,
    snr: ArrayLike,
    contrast: ArrayLike,
    radius_r90: ArrayLike,
    psf_fwhm_arcsec: ArrayLike,
) -> Values:
    """(N, 5) `COVARIATES`; NaN where a quantity is unknown or has no logarithm."""
    light = _log10(contrast)
    light = np.where(np.isposinf(np.asarray(contrast, dtype=float)), CONTRAST[1], light)
    return np.column_stack(
        [
            _log10(ratio),
            _log10(snr),
            np.clip(light, *CONTRAST),
            np.minimum(np.asarray(radius_r90, dtype=float), FARTHEST),
            _log10(psf_fwhm_arcsec),
        ]
    )


def of_catalogue(catalogue: QTable) -> Values:
    """(N, 5) covariates as a catalogue's rows have them measured.

    Signal-to-noise is the flux in g over the photon noise of its aperture, contrast
    2 F / (pi FWHM^2) over the background under the clump, infinite where that is not positive.

    Raises
    ------
    TableError
        If a column is missing, as that of g in a catalogue of other bands.
    """
    missing = [name for name in _NEEDED if name not in catalogue.colnames]
    if missing:
        raise TableError(
            expected_got("catalogue", f"columns {', '.join(_NEEDED)}", f"no {missing}")
        )
    ratio, flux, error, host, radius, fwhm_px, fwhm = (
        plain(catalogue, name).astype(float) for name in _NEEDED
    )
    peak = 2 * flux / (np.pi * fwhm_px**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast = np.where(host > 0, peak / host, np.where(np.isfinite(host), np.inf, np.nan))
        snr = flux / error
    return covariates(ratio, snr, contrast, radius, fwhm)


def surroundings(catalogue: QTable) -> Values:
    """(N, 4) `SURROUNDINGS` of a catalogue's rows: all but the clump's own flux.

    Light below a thousandth of the host's counts as a thousandth.

    Raises
    ------
    TableError
        If a column is missing.
    """
    names = ("galaxy_flux_g", *_NEEDED[2:])
    missing = [name for name in names if name not in catalogue.colnames]
    if missing:
        raise TableError(expected_got("catalogue", f"columns {', '.join(names)}", f"no {missing}"))
    whole, error, host, radius, fwhm_px, fwhm = (plain(catalogue, n).astype(float) for n in names)
    with np.errstate(divide="ignore", invalid="ignore"):
        light = host * np.pi * fwhm_px**2 / 2 / whole
        light = np.where(np.isfinite(light), np.maximum(light, 1e-3), np.nan)
        depth = whole / error
    farthest = np.minimum(radius, FARTHEST)
    return np.column_stack([_log10(depth), _log10(light), farthest, _log10(fwhm)])


def _log10(values: ArrayLike) -> Values:
    plain_values = np.asarray(values, dtype=float)
    known = np.isfinite(plain_values) & (plain_values > 0)
    return np.where(known, np.log10(np.where(known, plain_values, 1.0)), np.nan)
