"""The host in its image: which band shows it, where it is, how wide a point is there."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import reference_of
from clumpscope.core.frames import sky_to_native
from clumpscope.core.galaxy import GalaxyImage


def reference_band(image: GalaxyImage) -> str:
    """Band that outlines the host and sets the merge radius: r, else i, z, g, y, u."""
    return reference_of(image.bands)


def psf_fwhm_px(image: GalaxyImage, band: str) -> float:
    """PSF-FWHM of ``band`` in native pixels.

    Raises
    ------
    ImageError
        If the image has no such band or no WCS.
    """
    return image[band].psf_fwhm_arcsec / image.pixscale_arcsec


def host_centre(image: GalaxyImage) -> NDArray[np.float64]:
    """(2,) native x, y of the host: its sky position if that is on the image, else the centre."""
    ny, nx = image.shape
    centre = np.array([(nx - 1) / 2, (ny - 1) / 2])
    if image.wcs is None or not np.isfinite([image.ra, image.dec]).all():
        return centre
    xy = sky_to_native([[image.ra, image.dec]], image.wcs)[0]
    inside = (xy >= -0.5) & (xy <= [nx - 0.5, ny - 0.5])
    return xy if inside.all() else centre
