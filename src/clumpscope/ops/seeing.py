"""How wide a point is in each galaxy of a table."""

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.bands import bands_of, by_rank
from clumpscope.core.schema import plain


def seeing(table: QTable) -> NDArray[np.float64]:
    """(N,) PSF-FWHM, arcsec, in the band that shows the host best of those with a known one.

    NaN where there is none.

    Parameters
    ----------
    table
        Hosts, or a run's galaxies: ``psf_fwhm_<band>`` of each.
    """
    found = np.full(len(table), np.nan)
    for band in by_rank(bands_of(table.colnames, "psf_fwhm")):
        width = plain(table, f"psf_fwhm_{band}").astype(float)
        found = np.where(np.isfinite(found), found, width)
    return found
