"""Stars of a field that is fetched from."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.field import Band, Psf
from clumpscope.core.frames import sky_to_native
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.stars import Stars
from clumpscope.ops.stars import View, find_stars


def field_stars(bands: Mapping[str, Band]) -> Stars:
    """All stars of a field, found in its bands together, see `clumpscope.ops.stars.find_stars`."""
    views = {}
    for name, band in bands.items():
        frame = band.frame
        views[name] = View(frame.data, frame.variance, band.mask, frame.wcs, _local(band.psf))
    return find_stars(views)


def stars_near(stars: Stars, image: GalaxyImage) -> Stars:
    """Those whose light reaches a cutout."""
    if image.wcs is None or not len(stars):
        return stars[:0]
    xy = sky_to_native(np.column_stack([stars.ra, stars.dec]), image.wcs)
    reach = np.maximum(stars.radius_arcsec, stars.spike_arcsec) / image.pixscale_arcsec
    ny, nx = image.shape
    beyond = np.maximum(np.maximum(-xy, xy - [nx - 1, ny - 1]), 0)
    near: NDArray[np.bool_] = np.hypot(*beyond.T) < reach
    return stars[near]


def _local(psf: Psf) -> Callable[[float, float], tuple[NDArray[np.float32], float]]:
    def at(row: float, col: float) -> tuple[NDArray[np.float32], float]:
        local = psf.at(row, col)
        return local.image, local.fwhm_px

    return at
