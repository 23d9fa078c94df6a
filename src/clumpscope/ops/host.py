"""The host in its image: which band shows it, where it is, how wide a point is there."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import reference_of
from clumpscope.core.frames import middle_of, sky_to_native
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage


def reference_band(image: GalaxyImage) -> str:
    """Band that outlines the host and sets the merge radius; r where there is one."""
    return reference_of(image.bands)


def psf_fwhm_px(image: AnyImage, band: str | None = None) -> float:
    """PSF-FWHM in native pixels: of ``band``, else of the reference band, or of a bare picture.

    Raises
    ------
    ImageError
        If the image has no such band or no WCS.
    """
    if isinstance(image, ColourImage):
        return image.psf_fwhm_arcsec / image.pixscale_arcsec
    plane = image[reference_band(image) if band is None else band]
    return plane.psf_fwhm_arcsec / image.pixscale_arcsec


def host_centre(image: AnyImage) -> NDArray[np.float64]:
    """(2,) native x, y of the host: its sky position if that is on the image, else the middle."""
    ny, nx = image.shape
    centre = middle_of(image.shape)
    if isinstance(image, ColourImage) or image.wcs is None:
        return centre
    if not np.isfinite([image.ra, image.dec]).all():
        return centre
    xy = sky_to_native([[image.ra, image.dec]], image.wcs)[0]
    inside = (xy >= -0.5) & (xy <= [nx - 0.5, ny - 0.5])
    return xy if inside.all() else centre
