"""A sharp image as worse seeing would have it: what a detector trained on such seeing knows."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.ops.host import psf_fwhm_px

_REACH = 4.0  # sigma of the kernel


def blurred(
    image: GalaxyImage, bands: Iterable[str], fwhm_px: float, factor: float = 1.0
) -> GalaxyImage:
    """The image with some bands at a PSF-FWHM of at least ``fwhm_px`` native pixels, for looking.

    Their light is multiplied by ``factor``. A Gaussian is laid over each band that is sharper, of
    the width that is missing in quadrature. Bad pixels count for nothing and are filled from their
    neighbours; what is farther from good ones than the kernel reaches is 0. Variance, mask and PSF
    image stay as they were: nothing is to be measured on it.

    Raises
    ------
    ImageError
        If the image lacks one of the bands or a WCS.
    """
    changed = dict(image.bands)
    for band in bands:
        plane = image[band]
        missing = fwhm_px**2 - psf_fwhm_px(image, band) ** 2
        sigma = np.sqrt(max(missing, 0)) / gaussian_sigma_to_fwhm
        light = _smooth(plane, sigma) if missing > 0 else plane.data
        changed[band] = replace(plane, data=(light * np.float32(factor)).astype(np.float32))
    return replace(image, bands=changed)


def _smooth(plane: BandImage, sigma_px: float) -> NDArray[np.float32]:
    """Weighted mean of the good pixels under a Gaussian."""
    good = plane.good & np.isfinite(plane.data)
    light = np.where(good, plane.data, 0).astype(float)
    weight = _gaussian(good.astype(float), sigma_px)
    mean = np.divide(_gaussian(light, sigma_px), weight, out=np.zeros_like(light), where=weight > 0)
    smooth: NDArray[np.float32] = mean.astype(np.float32)
    return smooth


def _gaussian(plane: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(
        plane, sigma_px, mode="constant", truncate=_REACH
    )
    return smooth
