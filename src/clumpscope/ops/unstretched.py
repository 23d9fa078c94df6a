"""A colour picture as the bands that it was made of."""

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.run import CompositeConfig
from clumpscope.core.galaxy import BandImage, ColourImage, GalaxyImage
from clumpscope.ops.background import Sky, sky

_LINEAR = 0.1  # mean colour at that share of the stretch (astropy.visualization.lupton_rgb)
_SAMPLED = 3.0  # pixels a PSF-FWHM, at least, on which its noise counts
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
    step = max(1, round(image.psf_fwhm_arcsec / image.pixscale_arcsec / _SAMPLED))
    good = np.zeros(mean.shape, dtype=np.uint8)
    bands = {}
    for channel, (band, scale) in enumerate(zip(config.bands, config.scales, strict=True)):
        data = pixels[..., channel] * gain / scale
        level, rms = _sky(data, step, _LEAST / 255 * config.stretch / scale)
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


def _sky(data: NDArray[np.float64], step: int, darkest: float) -> Sky:
    """Level of a band's sky, and its noise a pixel as seen on pixels ``step`` times as large.

    Pictures are enlarged, so that neighbours share their noise. The sky's lower half may have been
    cut off at black.
    """
    ny, nx = (size // step for size in data.shape)
    large = data[: ny * step, : nx * step].reshape(ny, step, nx, step).mean(axis=(1, 3))
    black = data <= 0
    if black.mean() > _CUT_OFF:
        bright = data[~black]
        rms = sky(np.concatenate([bright, -bright]), np.ones(2 * bright.size, dtype=bool)).rms
        return Sky(rms / np.sqrt(2 * np.pi), max(rms, darkest))  # the mean of its upper half
    level, rms = sky(large, np.isfinite(large))
    return Sky(level, max(rms * step, darkest))


def _wcs(image: ColourImage) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix = (image.shape[1] + 1) / 2, (image.shape[0] + 1) / 2
    wcs.wcs.crval = 0.0, 0.0
    wcs.wcs.cdelt = -image.pixscale_arcsec / 3600, image.pixscale_arcsec / 3600
    return wcs
