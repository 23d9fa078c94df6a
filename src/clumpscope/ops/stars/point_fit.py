"""A point source fitted to a stamp: its flux, whether it is wider than the PSF, what is around."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray

from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.profiles import Profile, drawn

Values = NDArray[np.float64]

_STEPS = np.array([[0, 0], [0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])  # px: place and its shifts
_WINDOW = 2.0  # radius, PSF-FWHM
_CORE = 0.5  # within this no pixel may be bad
_BAD = MaskBit.SATURATED | MaskBit.COSMIC_RAY | MaskBit.NO_DATA
_CLIP = 5.0  # sigma, and ...
_CLIP_SHARE = 0.05  # ... of the peak: what stands out by more is a neighbour


@dataclass(frozen=True)
class PointFit:
    """One source in one band.

    Attributes
    ----------
    flux, flux_err
        Of a point source, unit of the data.
    width, width_err
        Squared intrinsic width over that of the PSF; 0 for a point.
    level
        Light a pixel of whatever it lies on.
    peak
        Of the point source, a pixel.
    noise
        Median noise a pixel of the stamp.
    """

    flux: float
    flux_err: float
    width: float
    width_err: float
    level: float
    peak: float
    noise: float


def fit_point(
    data: NDArray[np.floating],
    variance: NDArray[np.floating],
    mask: NDArray[np.uint8],
    xy: tuple[float, float],
    profile: Profile,
    fwhm: float,
) -> PointFit | None:
    """Fit the PSF, its shifts, its broadening and a plane around a place, within 2 FWHM.

    The broadening is the PSF's Laplacian, as in `clumpscope.stages.measure.size`; the flux is
    that of a fit without it. What stands out by 5 sigma and a twentieth of the peak is left out.

    Parameters
    ----------
    data, variance, mask
        (ny, nx) of one band.
    xy
        Place, 0-based pixels; true to a tenth of the FWHM or so.
    profile, fwhm
        PSF at that place, and its FWHM in pixels.

    Returns
    -------
    None where the stamp reaches over the edge, or the source's core is masked.
    """
    half = int(np.ceil(_WINDOW * fwhm))
    col, row = (round(value) for value in xy)
    ny, nx = data.shape
    if not (half <= row < ny - half and half <= col < nx - half):
        return None
    window = np.s_[row - half : row + half + 1, col - half : col + half + 1]
    y, x = np.mgrid[-half : half + 1, -half : half + 1].reshape(2, -1).astype(float)
    dx, dy = x + (col - xy[0]), y + (row - xy[1])
    distance = np.hypot(dx, dy)
    values, spread = data[window].ravel().astype(float), variance[window].ravel().astype(float)
    good = (mask[window].ravel() & _BAD == 0) & np.isfinite(values) & (spread > 0)
    if not good[distance < _CORE * fwhm].all():
        return None
    good &= distance < _WINDOW * fwhm
    weight: Values = good / np.where(good, spread, 1)
    values = np.where(good, values, 0)
    off = np.array([xy[0] - col, xy[1] - row])
    drawings = drawn([profile.coefficients], off + _STEPS, half)[0].reshape(len(_STEPS), -1)
    point, right, left, above, below = drawings
    curl = drawn([profile.curl], off[None], half).ravel()
    terms = np.stack([point, right - left, above - below, np.ones_like(point), dx, dy, curl])
    try:
        solution, _ = _solve(terms, values, weight)
        allowed = _CLIP * np.sqrt(spread) + _CLIP_SHARE * abs(solution[0]) * point.max()
        weight[np.abs(values - solution @ terms) > allowed] = 0
        solution, covariance = _solve(terms, values, weight)
        plain, errors = _solve(terms[:-1], values, weight)
    except np.linalg.LinAlgError:
        return None
    square = (fwhm / gaussian_sigma_to_fwhm) ** 2
    total = max(abs(float(solution[0])), 1e-12)
    return PointFit(
        flux=float(plain[0]),
        flux_err=float(np.sqrt(errors[0, 0])),
        width=2 * float(solution[-1]) / total / square,
        width_err=2 * float(np.sqrt(covariance[-1, -1])) / total / square,
        level=float(plain[3]),
        peak=float(plain[0] * point.max()),
        noise=float(np.sqrt(np.median(spread))),
    )


def _solve(terms: Values, values: Values, weight: Values) -> tuple[Values, Values]:
    """Weighted least squares: coefficients and their covariance.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the pixels do not tell the terms apart, exactly or to the precision of numbers.
    """
    weighted = terms * weight
    covariance: Values = np.linalg.inv(weighted @ terms.T).astype(float)
    if (np.diag(covariance) < 0).any():
        raise np.linalg.LinAlgError("terms are alike")
    return covariance @ (weighted @ values), covariance
