"""A colour picture as the bands that it was made of."""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.run import CompositeConfig
from clumpscope.core.galaxy import BandImage, ColourImage, GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.background import sky

_DARK = 1e-3  # of a mean colour: less says nothing of the light
_LEAST = 0.25  # of a grey level, noise of a picture that shows none


def unstretched(image: ColourImage, config: CompositeConfig) -> GalaxyImage:
    """Undo the stretch of Lupton et al. 2004 (eq. 2) that made a picture.

    Light in three bands, with the noise of the picture's own sky and a WCS of the right scale at
    no particular place. Where a channel is full, the others are right and the mean is too low.

    Raises
    ------
    ImageError
        If the picture shows no sky and no light.
    """
    pixels = image.pixels.astype(float)
    mean = pixels.mean(axis=2)
    light = config.minimum + config.stretch * np.sinh(config.softening * mean) / config.softening
    gain = np.divide(light, mean, out=np.full_like(mean, config.stretch), where=mean > _DARK)
    wcs = _wcs(image)
    good = np.zeros(mean.shape, dtype=np.uint8)
    bands = {}
    for channel, (band, scale) in enumerate(zip(config.bands, config.scales, strict=True)):
        data = pixels[..., channel] * gain / scale
        bands[band] = BandImage(
            data=(data - _level(image, data)).astype(np.float32),
            variance=np.full(mean.shape, _noise(data, config, scale) ** 2, dtype=np.float32),
            mask=good,
            wcs=wcs,
            psf_fwhm_arcsec=image.psf_fwhm_arcsec,
            psf_assumed=image.psf_assumed,
            noise_assumed=True,
        )
    return GalaxyImage(image.galaxy_id, bands)


def _level(image: ColourImage, data: NDArray[np.float64]) -> float:
    level = sky(data, np.isfinite(data)).level
    if not np.isfinite(level):
        raise ImageError(expected_got(image.galaxy_id, "a picture with finite pixels", "none"))
    return level


def _noise(data: NDArray[np.float64], config: CompositeConfig, scale: float) -> float:
    """Rms of the sky; a picture whose sky is black still has that of its grey levels."""
    return max(sky(data, np.isfinite(data)).rms, _LEAST / 255 * config.stretch / scale)


def _wcs(image: ColourImage) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix = (image.shape[1] + 1) / 2, (image.shape[0] + 1) / 2
    wcs.wcs.crval = 0.0, 0.0
    wcs.wcs.cdelt = -image.pixscale_arcsec / 3600, image.pixscale_arcsec / 3600
    return wcs
