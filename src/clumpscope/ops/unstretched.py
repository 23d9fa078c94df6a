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
_SOME = 4
_UPPER_HALF = float(np.sqrt(1 / 2 - 1 / (2 * np.pi)))  # rms of max(0, x), x normal
_LEAST = 0.25  # of a grey level, noise of a picture that shows none


def unstretched(image: ColourImage, config: CompositeConfig) -> GalaxyImage:
    """Undo the stretch of Lupton et al. 2004 (eq. 2, scaled as by astropy) that made a picture.

    Light in three bands, with the noise of the picture's own sky and a WCS of the right scale at
    no particular place. Where a channel is full, the others are right and the mean is too low.
    Noise that was cut off at black is made up again, the same for the same galaxy.
    """
    pixels = image.pixels.astype(float)
    mean = pixels.mean(axis=2)
    steepness = np.arcsinh(_LINEAR * config.softening) / _LINEAR
    light = config.minimum + config.stretch * np.sinh(steepness * mean) / config.softening
    gain = np.divide(light, mean, out=np.full_like(mean, config.stretch), where=mean > _DARK)
    wcs = _wcs(image)
    rng = np.random.default_rng(list(image.galaxy_id.encode()))
    step = max(1, round(image.psf_fwhm_arcsec / image.pixscale_arcsec / _SAMPLED))
    good = np.zeros(mean.shape, dtype=np.uint8)
    bands = {}
    for channel, (band, scale) in enumerate(zip(config.bands, config.scales, strict=True)):
        data = pixels[..., channel] * gain / scale
        black = data <= 0
        cut_off = bool(black.mean() > _CUT_OFF)
        level, rms = _sky(data, step, cut_off)
        rms = max(rms, _LEAST / 255 * config.stretch / scale)
        if cut_off:  # the lower half of the sky's noise is drawn anew
            data[black], level = -rms * np.abs(rng.standard_normal(int(black.sum()))), 0.0
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


def _sky(data: NDArray[np.float64], step: int, cut_off: bool) -> Sky:
    """Level of a band's sky, and its noise a pixel as seen on pixels ``step`` times as large.

    Pictures are enlarged, so that neighbours share their noise. Where the sky was cut off at black,
    means of some pixels are spread normally again, less widely than those of the whole sky.
    """
    step = max(step, _SOME) if cut_off else step
    ny, nx = (max(1, size // step) for size in data.shape)
    step_y, step_x = data.shape[0] // ny, data.shape[1] // nx
    large = data[: ny * step_y, : nx * step_x].reshape(ny, step_y, nx, step_x).mean(axis=(1, 3))
    level, rms = sky(large, np.isfinite(large))
    return Sky(level, rms * step / (_UPPER_HALF if cut_off else 1))


def _wcs(image: ColourImage) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crpix = (image.shape[1] + 1) / 2, (image.shape[0] + 1) / 2
    wcs.wcs.crval = 0.0, 0.0
    wcs.wcs.cdelt = -image.pixscale_arcsec / 3600, image.pixscale_arcsec / 3600
    return wcs
