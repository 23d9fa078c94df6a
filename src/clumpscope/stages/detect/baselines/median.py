"""SEP on what a median filter leaves: the residual that users make first.

The image is smoothed by the PSF (the best filter for a point in white noise). The host is its
median over a square some PSF-FWHM wide, in which a point source is a minority; what is above it,
over the image's error map, goes to SEP (Barbary 2016, JOSS 1, 58; SExtractor: Bertin & Arnouts
1996, A&AS 117, 393). There is no paper whose parameters to keep: the width of the square was
chosen on simulated galaxies.
"""

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from scipy.ndimage import gaussian_filter, median_filter

from clumpscope.stages.detect.baselines.method import Method, Peaks, connected
from clumpscope.stages.detect.baselines.scene import Plane

_SQUARE_FWHM = 4.0
_SIGMA = 2.0
_PIXELS = 3
_CONTRAST = 0.001


def _sharpen(plane: Plane, fwhm_px: float) -> Plane:
    smooth = gaussian_filter(plane, fwhm_px / gaussian_sigma_to_fwhm)
    # Pixels of a smooth image that are nearer to each other say the same.
    step = max(1, round(fwhm_px / 2))
    half = round(_SQUARE_FWHM * fwhm_px / 2 / step) * step
    square = np.zeros((2 * half + 1,) * 2, dtype=bool)
    square[::step, ::step] = True
    sharp: Plane = smooth - median_filter(smooth, footprint=square)
    return sharp


def _pick(significance: Plane, _: float) -> Peaks:
    return connected(significance, _SIGMA, _PIXELS, _CONTRAST)


SEP = Method(_sharpen, _pick, by_error=True)
