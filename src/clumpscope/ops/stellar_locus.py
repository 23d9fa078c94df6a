"""How near a clump's colours are to those of main-sequence stars."""

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

Values = NDArray[np.float64]

LOCUS_BANDS = ("u", "g", "r", "i")

# Median stellar locus in u-g, g-r, r-i: polynomials of g-i, lowest order first
# (Covey et al. 2007, AJ 134, 2398, Table 4).
_LOCUS = np.array(
    [
        [1.0636113, -1.6267818, 4.9389572, -3.2809081, 0.8725109, -0.0828035],
        [0.4290263, -0.8852323, 2.0740616, -1.1091553, 0.2397461, -0.0183195],
        [-0.4113500, 1.8229991, -1.9989772, 1.0662075, -0.2284455, 0.0172212],
    ]
)
_G_I = np.arange(0.1, 3.8, 0.02)  # where the u-g polynomial still follows the stars
_WIDTH = 0.05  # mag: of the locus, and of zero points
_CHI2 = 5.99  # 95 % for the two dimensions across the locus
_LEAST_PRECISION = 0.2  # mag: larger errors agree with everything


def stellar_locus() -> Values:
    """(m, 3) u-g, g-r, r-i along the main sequence, 0.02 mag apart in g-i."""
    locus: Values = polynomial.polyval(_G_I, _LOCUS.T).T
    return locus


def stellar_distance(magnitudes: Values, errors: Values) -> tuple[Values, NDArray[np.bool_]]:
    """Distance from the stellar locus, and whether a clump has the colours of a star.

    Parameters
    ----------
    magnitudes, errors
        (n, 4) u g r i, corrected for extinction; NaN where unknown.

    Returns
    -------
    (n,) Euclidean distance in mag from the most likely point of the locus, NaN without all
    four bands; and (n,) True where the colours, all known to 0.2 mag, agree with the locus at
    95 % given their errors and the locus's width of 0.05 mag.
    """
    difference = np.array([[1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1]], dtype=float)
    colours = magnitudes @ difference.T
    known = np.isfinite(colours).all(axis=1) & np.isfinite(errors).all(axis=1)
    distance = np.full(len(colours), np.nan)
    stellar = np.zeros(len(colours), dtype=bool)
    if not known.any():
        return distance, stellar
    # Neighbouring colours share a band, so their errors are correlated.
    covariance = np.einsum("ik,nk,jk->nij", difference, errors[known] ** 2, difference)
    precise = (np.sqrt(np.einsum("nii->ni", covariance)) < _LEAST_PRECISION).all(axis=1)
    inverse = np.linalg.inv(covariance + _WIDTH**2 * np.eye(3))
    offsets = colours[known, None] - stellar_locus()
    chi2 = np.einsum("nmi,nij,nmj->nm", offsets, inverse, offsets)
    nearest = np.argmin(chi2, axis=1)
    rows = np.arange(len(nearest))
    distance[known] = np.linalg.norm(offsets[rows, nearest], axis=1)
    stellar[known] = precise & (chi2[rows, nearest] < _CHI2)
    return distance, stellar
