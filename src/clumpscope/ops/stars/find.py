"""All stars of a field or cutout, and how far the light of each reaches."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import reference_of
from clumpscope.core.stars import Stars
from clumpscope.ops.magnitudes import magnitude
from clumpscope.ops.stars.bright import Bright
from clumpscope.ops.stars.points import Points
from clumpscope.ops.stars.view import View
from clumpscope.ops.stars.wings import wing_radius

Values = NDArray[np.float64]

_WINGS_END = 0.3  # sigma a pixel
_LEAST_RADIUS = 1.5  # PSF-FWHM


def find_stars(views: Mapping[str, View]) -> Stars:
    """Stars of a field or cutout, saturated ones first, each kind brightest first.

    Saturated are those that the reference band's mask says (r where there is one); the others
    are point sources of signal-to-noise 20 in it, at most 1,500.

    Parameters
    ----------
    views
        Bands, which need not share a pixel grid.
    """
    bands = tuple(views)
    if not bands or not np.isfinite(views[reference_of(bands)].noise):
        return Stars.none(bands)
    reference = reference_of(bands)
    bright, points = Bright.found(views, reference), Points.found(views, reference)
    n, m = len(bright.sky), len(points.sky)
    sky = np.concatenate([bright.sky, points.sky])
    flux = np.concatenate([bright.flux, points.flux])
    hit = np.any([view.saturated(view.xy(sky)) for view in views.values()], axis=0)
    hit[:n] = True
    core = np.append(bright.core_arcsec, np.zeros(m))
    return Stars(
        bands=bands,
        ra=sky[:, 0],
        dec=sky[:, 1],
        mag=magnitude(flux),
        radius_arcsec=np.maximum(_radius(views, flux), core),
        spike_arcsec=np.append(bright.spike_arcsec, np.zeros(m)),
        spike_angle_deg=np.append(bright.spike_angle_deg, np.zeros(m)),
        saturated=hit,
        faint=np.append(np.zeros(n, dtype=bool), points.faint) & ~hit,
    )


def _radius(views: Mapping[str, View], flux: Values) -> Values:
    """(n,) radius where wings fall below 0.3 sigma a pixel in every band, arcsec."""
    radius = np.zeros(len(flux))
    for one, view in zip(flux.T, views.values(), strict=True):
        limit = _WINGS_END * view.noise / view.pixscale_arcsec**2
        found = wing_radius(limit / np.where(one > 0, one, np.nan))
        least = _LEAST_RADIUS * view.fwhm_px * view.pixscale_arcsec
        radius = np.maximum(radius, np.fmax(found, least))
    return radius
