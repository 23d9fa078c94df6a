"""The host in its image: which band shows it, where it is, how wide a point is there."""

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.bands import reference_of
from clumpscope.core.frames import middle_of
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage

_NUCLEUS_BANDS = ("i", "r")
_OFF_ARCSEC = 3.0  # of a target from its galaxy's nucleus, at most ...
_OFF_RADIUS = 0.4  # ... of the host's radius


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
    return middle_of(image.shape) if isinstance(image, ColourImage) else image.centre


def light_centre(image: GalaxyImage, outline: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(2,) native x, y of the brightest point of the host's light near its given position.

    In i, else r, else the reference band, where clumps are faint beside the nucleus; smoothed by
    the PSF-FWHM, masked pixels left out. Looked for inside the outline, within 3 arcsec and 0.4
    of its radius; the given position is kept where there is no outline.

    Parameters
    ----------
    outline
        (ny, nx) True inside the host.
    """
    given = host_centre(image)
    if not outline.any():
        return given
    band = next((name for name in _NUCLEUS_BANDS if name in image.bands), reference_band(image))
    plane = image[band]
    reach = min(_OFF_ARCSEC / image.pixscale_arcsec, _OFF_RADIUS * np.sqrt(outline.sum() / np.pi))
    half = int(np.ceil(reach + 2 * psf_fwhm_px(image, band)))
    start = np.maximum(np.rint(given).astype(int) - half, 0)
    window = np.s_[start[1] : start[1] + 2 * half + 1, start[0] : start[0] + 2 * half + 1]
    good = plane.good[window] & np.isfinite(plane.data[window])
    light = np.where(good, plane.data[window], 0).astype(float)
    smooth = ndimage.gaussian_filter(light, psf_fwhm_px(image, band) / gaussian_sigma_to_fwhm)
    y, x = np.indices(light.shape)
    near = np.hypot(x + start[0] - given[0], y + start[1] - given[1]) <= reach
    near &= good & outline[window]
    if not near.any():
        return given
    row, col = np.unravel_index(np.argmax(np.where(near, smooth, -np.inf)), smooth.shape)
    return np.array([col + start[0], row + start[1]], dtype=float)
