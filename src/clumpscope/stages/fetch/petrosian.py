"""Petrosian radii and fluxes by SDSS's circular definition.

The Petrosian ratio at radius r is the mean surface brightness between 0.8 r and 1.25 r over
that within r; r_P is where it falls to 0.2; the flux is that within 2 r_P, and R50 and R90 hold
50 and 90 % of it (Blanton et al. 2001; Strauss et al. 2002). All bands are measured through
the aperture of one, in SDSS that of r. Nothing is corrected for seeing, as in SDSS.
"""

from dataclasses import dataclass

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

_RATIO = 0.2
_APERTURE = 2.0  # in r_P
_RING = (0.8, 1.25)  # in r
_FIRST_PX = 1.5  # smallest r tried
_STEP = 1.06  # between radii of the growth curve
_LEAST_SEEN = 0.1  # share of a ring that must be good for its own mean


@dataclass(frozen=True)
class Petrosian:
    """Petrosian radii, pixels, and flux; NaN where the ratio never falls to 0.2."""

    radius: float
    r50: float
    r90: float
    flux: float

    @property
    def aperture(self) -> float:
        """Radius of the Petrosian aperture, pixels."""
        return _APERTURE * self.radius


NO_PETROSIAN = Petrosian(np.nan, np.nan, np.nan, np.nan)


def petrosian(
    data: NDArray[np.floating], good: NDArray[np.bool_], x: float, y: float, limit: float
) -> Petrosian:
    """Petrosian radii and flux around (x, y).

    Parameters
    ----------
    data
        (ny, nx) background-subtracted, in any unit.
    good
        (ny, nx) False where a neighbour or a defect lies; there a ring's mean stands in.
    x, y
        Centre, 0-based pixels.
    limit
        Radius to which to look, pixels; the aperture 2 r_P must lie within.
    """
    radii = _radii(limit)
    growth = growth_curve(data, good, x, y, radii)
    curve = PchipInterpolator(np.concatenate([[0.0], radii]), np.concatenate([[0.0], growth]))
    tried = np.arange(_FIRST_PX, limit / _RING[1], 0.05)
    if not tried.size:
        return NO_PETROSIAN
    inner, outer = _RING
    ring = (curve(outer * tried) - curve(inner * tried)) / (outer**2 - inner**2)
    within = curve(tried)
    low = (ring <= _RATIO * within) & (within > 0)
    if within[0] <= 0 or low[0] or not low.any():
        return NO_PETROSIAN
    radius = float(tried[np.argmax(low)])
    if _APERTURE * radius > limit:
        return NO_PETROSIAN
    flux = float(curve(_APERTURE * radius))
    fine = np.linspace(0, _APERTURE * radius, 4000)
    share = curve(fine) / flux
    r50, r90 = (float(fine[np.argmax(share >= part)]) for part in (0.5, 0.9))
    return Petrosian(radius, r50, r90, flux)


def _radii(limit: float) -> NDArray[np.float64]:
    """Radii of a growth curve: 0.5 px apart at first, then by 6 %, to ``limit``."""
    start = np.arange(0.5, 8.5, 0.5)
    steps = max(int(np.ceil(np.log(max(limit / start[-1], 1)) / np.log(_STEP))), 0)
    radii = np.concatenate([start, start[-1] * _STEP ** np.arange(1, steps + 1)])
    return np.append(radii[radii < limit - 1e-6], limit)


def growth_curve(
    data: NDArray[np.floating],
    good: NDArray[np.bool_],
    x: float,
    y: float,
    radii: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Flux within each of the growing ``radii`` (pixels), bad pixels taken at their ring's mean.

    Circles are cut exactly through pixels. A ring of which less than a tenth is good takes
    its mean from its neighbours.
    """
    weights = good.astype(float)
    light = np.where(good, data, 0).astype(float)
    at_x, at_y = np.full(radii.shape, x), np.full(radii.shape, y)
    fluxes = np.diff(sep.sum_circle(light, at_x, at_y, radii, subpix=0)[0], prepend=0.0)
    seen = np.diff(sep.sum_circle(weights, at_x, at_y, radii, subpix=0)[0], prepend=0.0)
    areas = np.diff(np.pi * radii**2, prepend=0.0)
    known = seen > _LEAST_SEEN * areas
    if not known.any():
        return np.zeros(radii.shape)
    means = fluxes[known] / seen[known]
    return np.cumsum(np.interp(radii, radii[known], means) * areas)


def aperture_flux(
    data: NDArray[np.floating],
    variance: NDArray[np.floating],
    good: NDArray[np.bool_],
    x: float,
    y: float,
    radius: float,
) -> tuple[float, float]:
    """Flux within ``radius`` of (x, y) and its error from the variance plane.

    NaN for both where the radius is not a number or no pixel within it is good. Parameters as
    of `petrosian`.
    """
    if not radius > 0:
        return np.nan, np.nan
    weights = good.astype(float)
    seen = float(sep.sum_circle(weights, [x], [y], [radius], subpix=0)[0][0])
    if seen <= 0:
        return np.nan, np.nan
    flux = float(growth_curve(data, good, x, y, _radii(radius))[-1])
    noise = np.where(good, variance, 0).astype(float)
    total = float(sep.sum_circle(noise, [x], [y], [radius], subpix=0)[0][0])
    # The unseen part of the aperture is as uncertain as the seen part.
    return flux, float(np.sqrt(total) * np.pi * radius**2 / seen)
