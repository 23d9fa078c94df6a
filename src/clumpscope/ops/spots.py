"""How hard a point source is to see where it lies: signal-to-noise and contrast, closed forms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.galaxy import AnyImage, BandImage, ColourImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.profiles import REACH_FWHM, Profile

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

RING_FWHM = (1.0, 2.5)  # radii between which the host's light is read
_APERTURE_FWHM = 0.5  # radius in which the source's own light is averaged: one FWHM across
_MIN_PIXELS = 5  # of the ring
_FINE = 0.1  # px, step at which a PSF is averaged over its aperture


@dataclass(frozen=True, eq=False)
class Spots:
    """N point sources at their places in an image.

    Attributes
    ----------
    snr
        (N,) signal-to-noise of an optimally weighted measurement, F sqrt(sum P^2 / V).
    contrast
        (N,) mean surface brightness of the source in a circle one PSF-FWHM across, over the
        host's around it; ``inf`` where there is no host light (its median is not positive).

    Both are NaN off the image, where the flux is unknown, and where no good pixel tells.
    """

    snr: Values
    contrast: Values


def spots(image: AnyImage, xy: ArrayLike, flux: ArrayLike, band: str = "g") -> Spots:
    """Signal-to-noise and contrast of point sources of given fluxes at given places.

    P is the PSF centred on the source, V the image's variance there, masked pixels left out
    (Naylor 1998, MNRAS 296, 339, for a background-limited source). An image does not know its
    gain: photons of the source itself count as far as the variance of its pixels holds them.
    The host's light is the median of a ring of 1 to 2.5 PSF-FWHM radius, without pixels nearer
    than one FWHM to another of the sources.

    Parameters
    ----------
    xy
        (N, 2) native pixels.
    flux
        (N,) nanomaggy in ``band``.

    Returns
    -------
    NaN for all in a bare colour picture, which has no fluxes.

    Raises
    ------
    ImageError
        If the image lacks the band or a WCS, or there is not one flux a place.
    """
    places = np.asarray(xy, dtype=float).reshape(-1, 2)
    fluxes = np.asarray(flux, dtype=float).reshape(-1)
    if len(places) != len(fluxes):
        raise ImageError(expected_got("fluxes of spots", f"{len(places)} values", len(fluxes)))
    result = Spots(*(np.full(len(places), np.nan) for _ in range(2)))
    if isinstance(image, ColourImage):
        return result
    plane, fwhm, (ny, nx) = image[band], psf_fwhm_px(image, band), image.shape
    profile = Profile.of(plane.psf, fwhm)
    own = _brightness(profile, fwhm)
    usable: Flags = plane.good & np.isfinite(plane.data + plane.variance)
    usable &= plane.variance > 0
    inside: Flags = np.all((places >= -0.5) & (places <= [nx - 0.5, ny - 0.5]), axis=1)
    seen = places[inside]
    for n, k in enumerate(np.flatnonzero(inside)):
        snr, host = _at(plane, usable, seen[n], np.delete(seen, n, axis=0), profile, fwhm)
        result.snr[k] = fluxes[k] * snr
        if np.isfinite(host):
            result.contrast[k] = fluxes[k] * own / host if host > 0 else np.inf
    result.contrast[~np.isfinite(fluxes)] = np.nan
    return result


def _at(
    plane: BandImage, usable: Flags, place: Values, others: Values, profile: Profile, fwhm: float
) -> tuple[float, float]:
    """Signal-to-noise of a source of flux 1 and the host's light a pixel; NaN if unseen."""
    half = int(np.ceil(REACH_FWHM * fwhm))
    low = np.maximum(np.rint(place).astype(int) - half, 0)
    window = np.s_[low[1] : low[1] + 2 * half + 1, low[0] : low[0] + 2 * half + 1]
    good = usable[window]
    rows, columns = np.indices(good.shape)
    dx, dy = columns + low[0] - place[0], rows + low[1] - place[1]
    distance = np.hypot(dx, dy)
    light = profile.at(dx, dy, good & (distance < REACH_FWHM * fwhm))
    weight = np.sum(light[good] ** 2 / plane.variance[window][good].astype(float))
    ring = good & (distance > RING_FWHM[0] * fwhm) & (distance < RING_FWHM[1] * fwhm)
    for x, y in others - place:
        ring &= np.hypot(dx - x, dy - y) >= fwhm
    enough = np.count_nonzero(ring) >= _MIN_PIXELS
    host = float(np.median(plane.data[window][ring])) if enough else float("nan")
    return float(np.sqrt(weight)) if weight > 0 else float("nan"), host


def _brightness(profile: Profile, fwhm: float) -> float:
    """Mean flux a pixel of a source of flux 1 in its aperture: 2 / (pi FWHM^2) of a Gaussian."""
    radius = _APERTURE_FWHM * fwhm
    steps = np.arange(-radius, radius, _FINE) + _FINE / 2
    dx, dy = np.meshgrid(steps, steps)
    within = np.hypot(dx, dy) < radius
    return float(profile.at(dx, dy, within)[within].mean())
