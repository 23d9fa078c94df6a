"""A colour picture as the bands that it was made of."""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.run import CompositeConfig
from clumpscope.core.galaxy import BandImage, ColourImage, GalaxyImage
from clumpscope.ops.background import Sky, sky

_LINEAR = 0.1  # mean colour at that share of the stretch (astropy.visualization.lupton_rgb)
_DARK = 1e-3  # of a mean colour: less says nothing of the light
_CUT_OFF = 0.2  # of the pixels black: the sky is not all there
_LEAST = 0.25  # of a grey level, noise of a picture that shows none


def unstretched(image: ColourImage, config: CompositeConfig) -> GalaxyImage:
    """Undo the stretch of Lupton et al. 2004 (eq. 2, scaled as by astropy) that made a picture.

    Light in three bands, with the noise of the picture's own sky and a WCS of the right scale at
    no particular place. Where a channel is full, the others are right and the mean is too low.
    """
    pixels = image.pixels.astype(float)
    mean = pixels.mean(axis=2)
    steepness = np.arcsinh(_LINEAR * config.softening) / _LINEAR
    light = config.minimum + config.stretch * np.sinh(steepness * mean) / config.softening
    gain = np.divide(light, mean, out=np.full_like(mean, config.stretch), where=mean > _DARK)
    wcs = _wcs(image)
    good = np.zeros(mean.shape, dtype=np.uint8)
    bands = {}
    for channel, (band, scale) in enumerate(zip(config.bands, config.scales, strict=True)):
        data = pixels[..., channel] * gain / scale
        level, rms = _sky(data, _LEAST / 255 * config.stretch / scale)
        bands[band] = BandImage(
            data=(data - level).astype(np.float32),
            variance=np.full(mean.shape, rms**2, dtype=np.float32),
            mask=good,
            wcs=wcs,
            psf_fwhm_arcsec=image.psf_fwhm_arcsec,
            psf_assumed=image.psf_assumed,
            noise_assumed=True,
        )
    return GalaxyImage(image.galaxy_id, bands)


def _sky(data: NDArray[np.float64], darkest: float) -> Sky:
    """Sky of a band, whose lower half may have been cut off at black."""
    black = data <= 0
    if black.mean() > _CUT_OFF:
        bright = data[~black]
        data = np.concatenate([bright, -bright])
    level, rms = sky(data, np.isfinite(data))
    return Sky(level, max(rms, darkest))


def _wcs(image: ColourImage) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix = (image.shape[1] + 1) / 2, (image.shape[0] + 1) / 2
    wcs.wcs.crval = 0.0, 0.0
    wcs.wcs.cdelt = -image.pixscale_arcsec / 3600, image.pixscale_arcsec / 3600
    return wcs
