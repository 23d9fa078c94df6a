"""What a table says of each row in the band that shows the host best, such as the seeing."""

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.core.bands import bands_of, by_rank
from clumpscope.core.schema import plain


def of_reference(table: Table, stem: str) -> NDArray[np.float64]:
    """(N,) of the columns ``<stem>_<band>``, each row's first by rank that is known; else NaN."""
    found = np.full(len(table), np.nan)
    for band in by_rank(bands_of(table.colnames, stem)):
        values = plain(table, f"{stem}_{band}").astype(float)
        found = np.where(np.isfinite(found), found, values)
    return found


def seeing(table: Table) -> NDArray[np.float64]:
    """(N,) PSF-FWHM of each galaxy's reference band, arcsec; NaN where there is none.

    Parameters
    ----------
    table
        Hosts, or a run's galaxies.
    """
    return of_reference(table, "psf_fwhm")
