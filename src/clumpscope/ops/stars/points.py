"""Unsaturated stars: point sources in all bands that can tell.

Squared widths beyond the PSF, over the PSF's own, are within 0.1 for stars and above 0.3 for
galaxies down to 19th magnitude (five SDSS fields). On a galaxy's light a star must also stand far
above it and have the colours of the main sequence, as clumps do not: they are as narrow, but blue.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from photutils.detection import DAOStarFinder
from photutils.utils.exceptions import NoDetectionsWarning

from clumpscope.core.bands import reference_of
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.magnitudes import magnitude, magnitude_error
from clumpscope.ops.stars.bright import star_halo
from clumpscope.ops.stars.point_fit import PointFit, fit_point
from clumpscope.ops.stars.view import View
from clumpscope.ops.stellar_locus import LOCUS_BANDS, stellar_distance

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_THRESHOLD = 6.0  # sigma a pixel, of what is tried
_MOST = 1500  # the brightest are tried
_LEAST_SNR = 20.0
_TARGET_SNR = 8.0  # of what the target list names
_WIDE = 0.16  # squared width over that of the PSF, and ...
_WIDEST = 0.4  # whatever the error
_NARROW = -0.3
_SIGMAS = 2.0  # ... so many errors that are granted
_CONTRAST = 6.0  # least peak over the light that a star lies on
_ON_LIGHT = 0.4  # sigma a pixel: on more than that a star must have stellar colours
_OWN_LIGHT = 0.012  # of the peak, that the PSF's error may leave around a star
_CORE = 0.5  # PSF-FWHM
_RING, _RING_WIDTH = 1.5, 0.2  # PSF-FWHM
_RING_LIGHT = 0.2  # of the core's, where no point source has so much
_SHAPE_BANDS = ("g", "r", "i")
_OFF_LOCUS = 0.3  # mag: metal-poor stars are so much bluer in u - g, clumps more
_LEAST_G_I = 0.3  # mag: few stars, but most clumps are bluer
_KNOWN = 0.02  # of its peak: how well a star can be fitted


@dataclass(frozen=True, eq=False)
class Points:
    """n stars: places on the sky (n, 2), fluxes (n, b), and which can be fitted to the noise."""

    sky: Values
    flux: Values
    faint: Flags

    @classmethod
    def found(cls, views: Mapping[str, View], reference: str) -> "Points":
        """The stars of signal-to-noise 20 in the reference band, brightest first."""
        kept: list[tuple[Values, list[PointFit | None]]] = []
        for place in _candidates(views[reference]):
            fits = {reference: _fit(views[reference], place)}
            if not (_narrow(fits[reference]) and _stands_out(fits[reference])):
                continue
            fits |= {band: _fit(view, place) for band, view in views.items() if band != reference}
            if _is_star(fits):
                kept.append((place, [fits[band] for band in views]))
        column = list(views).index(reference)
        kept.sort(key=lambda one: -_flux(one[1][column]))
        shape = (len(kept), len(views))
        return cls(
            np.array([place for place, _ in kept]).reshape(-1, 2),
            np.array([[_flux(fit) for fit in fits] for _, fits in kept]).reshape(shape),
            np.array([all(map(_faint, fits)) for _, fits in kept], dtype=bool),
        )


def point_like(views: Mapping[str, View], place: Values) -> bool:
    """Whether what lies at a place (ra, dec in degrees) is a star or quasar, and no galaxy.

    It is if it is seen well in a band of g, r and i (in the reference band, where there is none
    of them), and in most that see it well as narrow as the PSF, on no light but its own. Bands
    in which it is saturated do not count, since nuclei of galaxies are, too; where no other tells,
    it is a star if its halo falls as steeply as a star's.
    """
    known = [views[band] for band in _SHAPE_BANDS if band in views]
    known = known or [views[reference_of(views)]]
    burnt = [view for view in known if view.saturated(view.xy(place[None]))[0]]
    whole = [view for view in known if view not in burnt]
    points = others = 0
    for view in whole:
        extended = _extended(view, place)
        fit = None if extended else _fit(view, place)
        if not extended and (fit is None or fit.flux < _TARGET_SNR * fit.flux_err):
            continue
        narrow = fit is not None and _narrow(fit, _TARGET_SNR) and not _on_light(fit)
        points, others = points + narrow, others + (not narrow)
        if 2 * others >= len(whole):  # as most galaxies end, after two bands
            return False
    if burnt and not points:
        col, row = burnt[0].xy(place[None])[0]
        return star_halo(burnt[0], float(col), float(row))
    return points > others


def _extended(view: View, place: Values) -> bool:
    """Whether there is much light where a point has next to none: a look before fitting one.

    A Moffat profile of beta 2.5 has 0.06 of its peak 1.3 FWHM from its centre.
    """
    col, row = (round(float(value)) for value in view.xy(place[None])[0])
    fwhm = view.fwhm_px
    half = int(np.ceil(_RING * fwhm)) if fwhm > 0 else 0
    ny, nx = view.data.shape
    if not (0 < half <= row < ny - half and half <= col < nx - half):
        return False
    window = np.s_[row - half : row + half + 1, col - half : col + half + 1]
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    distance = np.hypot(x, y) / fwhm
    ring = view.data[window][np.abs(distance - _RING) < _RING_WIDTH]
    core = view.data[window][distance < _CORE]
    if not (np.isfinite(ring).all() and np.isfinite(core).all()):
        return False
    error = view.noise / np.sqrt(len(ring)) + _RING_LIGHT * view.noise / np.sqrt(len(core))
    return bool(np.median(ring) > _RING_LIGHT * core.mean() + 5 * error)


def _candidates(view: View) -> Values:
    """(n, 2) places on the sky of what may be a point source, degrees."""
    fwhm = view.fwhm_px
    if not fwhm > 0:
        return np.empty((0, 2))
    finder = DAOStarFinder(_THRESHOLD * view.noise, fwhm, n_brightest=_MOST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDetectionsWarning)
        found = finder(np.nan_to_num(view.data), mask=(view.mask & MaskBit.NO_DATA) > 0)
    if found is None:
        return np.empty((0, 2))
    xy = np.column_stack([found["x_centroid"], found["y_centroid"]])
    return native_to_sky(xy, view.wcs)


def _fit(view: View, place: Values) -> PointFit | None:
    x, y = (float(value) for value in view.xy(place[None])[0])
    ny, nx = view.data.shape
    if not (0 <= x < nx and 0 <= y < ny):
        return None
    psf = view.profile(x, y)
    return None if psf is None else fit_point(view.data, view.variance, view.mask, (x, y), *psf)


def _narrow(fit: PointFit | None, least_snr: float = _LEAST_SNR) -> bool:
    """Whether a source is well seen and no wider than the PSF."""
    if fit is None or fit.flux < least_snr * fit.flux_err:
        return False
    error = _SIGMAS * fit.width_err
    return _NARROW - error < fit.width < min(_WIDE + error, _WIDEST)


def _stands_out(fit: PointFit | None) -> bool:
    """Whether a source is far above what it lies on."""
    return fit is not None and fit.peak > _CONTRAST * fit.level


def _is_star(fits: Mapping[str, PointFit | None]) -> bool:
    """Whether all bands that see a source well find it narrow, and its colours fit."""
    known = [fit for fit in fits.values() if fit is not None]
    seen = [fit for fit in known if fit.flux > _LEAST_SNR * fit.flux_err]
    if not all(map(_narrow, seen)):
        return False
    return _red(fits) and (_stellar(fits) or not any(map(_on_light, known)))


def _on_light(fit: PointFit) -> bool:
    """Whether a source lies on light that is not its own wings."""
    return fit.level > max(_ON_LIGHT * fit.noise, _OWN_LIGHT * fit.peak)


def _stellar(fits: Mapping[str, PointFit | None]) -> bool:
    """Whether the colours are those of the main sequence; not, where a band is missing."""
    bands = [fits.get(band) for band in LOCUS_BANDS]
    flux = np.array([[np.nan if fit is None else fit.flux for fit in bands]])
    error = np.array([[np.nan if fit is None else fit.flux_err for fit in bands]])
    distance, stellar = stellar_distance(magnitude(flux), magnitude_error(flux, error))
    return bool(stellar[0] or distance[0] < _OFF_LOCUS)


def _red(fits: Mapping[str, PointFit | None]) -> bool:
    """Whether a source is no bluer than nearly all stars are; it is, where that is not known."""
    g, i = fits.get("g"), fits.get("i")
    if g is None or i is None or not (g.flux > 0 and i.flux > 0):
        return True
    return bool(2.5 * np.log10(i.flux / g.flux) > _LEAST_G_I)


def _flux(fit: PointFit | None) -> float:
    return float("nan") if fit is None else fit.flux


def _faint(fit: PointFit | None) -> bool:
    """Whether what the PSF's own error leaves of a star is less than the noise."""
    return fit is not None and _KNOWN * fit.peak < fit.noise
