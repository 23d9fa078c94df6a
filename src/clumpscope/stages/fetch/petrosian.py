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
_FIRST_LOOK = 0.4  # of the limit, where the growth curve is first looked at
_LOCAL = 3  # radii on either side that an interpolated value, or a ring without good pixels, needs
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
    # Most galaxies end far within; the curve is local, so that a part of it tells the same.
    some = int(np.searchsorted(radii, _FIRST_LOOK * limit))
    if some + 2 * _LOCAL < len(radii):
        near = _along(data, good, x, y, radii[:some], limit)
        if near is not None and near.aperture < radii[some - 1 - _LOCAL]:
            return near
    found = _along(data, good, x, y, radii, limit)
    return NO_PETROSIAN if found is None else found


def _along(
    data: NDArray[np.floating],
    good: NDArray[np.bool_],
    x: float,
    y: float,
    radii: NDArray[np.float64],
    limit: float,
) -> Petrosian | None:
    """`petrosian` from the growth curve at ``radii``; none where it ends before it can tell."""
    within, count = _circles(data, good, x, y, radii)
    if radii[-1] < limit and not count[-1] - count[-2] > _LEAST_SEEN * np.pi * (
        radii[-1] ** 2 - radii[-2] ** 2
    ):
        return None  # what stands in for this ring lies beyond
    growth = _growth(within, count, radii)
    curve = PchipInterpolator(np.concatenate([[0.0], radii]), np.concatenate([[0.0], growth]))
    inner, outer = _RING
    tried = np.arange(_FIRST_PX, limit / outer, 0.05)
    tried = tried[outer * tried <= radii[-1] + 1e-9]
    if not tried.size:
        return None
    ring = (curve(outer * tried) - curve(inner * tried)) / (outer**2 - inner**2)
    within = curve(tried)
    low = (ring <= _RATIO * within) & (within > 0)
    if within[0] <= 0 or low[0] or not low.any():
        return None
    radius = float(tried[np.argmax(low)])
    if _APERTURE * radius > min(limit, radii[-1]):
        return None
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
    return _growth(*_circles(data, good, x, y, radii), radii)


def _circles(
    data: NDArray[np.floating],
    good: NDArray[np.bool_],
    x: float,
    y: float,
    radii: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light of good pixels, and how many they are, within each radius."""
    weights = good.astype(float)
    light = np.where(good, data, 0).astype(float)
    at_x, at_y = np.full(radii.shape, x), np.full(radii.shape, y)
    # Both sums in one pass: an error is the root of the summed variance.
    within, root, _ = sep.sum_circle(light, at_x, at_y, radii, var=weights, subpix=0)
    return within, root**2


def _growth(
    within: NDArray[np.float64], count: NDArray[np.float64], radii: NDArray[np.float64]
) -> NDArray[np.float64]:
    fluxes, seen = np.diff(within, prepend=0.0), np.diff(count, prepend=0.0)
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
    return two_apertures(data, variance, good, x, y, radius)[:2]


def two_apertures(
    data: NDArray[np.floating],
    variance: NDArray[np.floating],
    good: NDArray[np.bool_],
    x: float,
    y: float,
    radius: float,
    wider: float | None = None,
) -> tuple[float, float, float]:
    """Return `aperture_flux`, and the flux within a ``wider`` radius, NaN if there is none."""
    if not radius > 0:
        return np.nan, np.nan, np.nan
    own, beyond = _radii(radius), np.empty(0) if wider is None else _radii(wider)
    radii = np.union1d(own, beyond)
    within, count = _circles(data, good, x, y, radii)
    seen = float(count[np.searchsorted(radii, radius)])
    if seen <= 0:
        return np.nan, np.nan, np.nan
    flux, further = (
        float(_growth(within[at], count[at], some)[-1]) if some.size else np.nan
        for some in (own, beyond)
        for at in [np.searchsorted(radii, some)]
    )
    noise = np.where(good, variance, 0).astype(float)
    total = float(sep.sum_circle(noise, [x], [y], [radius], subpix=0)[0][0])
    # The unseen part of the aperture is as uncertain as the seen part.
    return flux, float(np.sqrt(total) * np.pi * radius**2 / seen), further
