"""The clump finder of Guo et al. 2015 (ApJ 800, 39; section 3.1), in units of the PSF.

Theirs, on HST images of 0.06 arcsec a pixel whose PSF-FWHM is about 0.12 arcsec: smooth the image
by a square boxcar of 10 px (0.6 arcsec), take it from the image, mask what is below 2 sigma of the
background's fluctuation, found by clipping, and run SExtractor on what is left, with at least 5
pixels a source.

Here the boxcar is 5 PSF-FWHM wide as theirs is. Their 5 pixels are 1.25 PSF-FWHM^2 if the PSF is
0.12 arcsec wide, 0.8 if it is 0.15; the latter, the area that a PSF has above half its height, is
taken, as it finds more on simulated galaxies. Their cut at half the host's semi-major axis, which
leaves the nucleus out, is `refine`'s work, and that of 8 % of the host's flux a matter of the
catalogue's flux ratio.
"""

import numpy as np
from scipy.ndimage import uniform_filter

from clumpscope.stages.detect.baselines.method import Method, Peaks, connected, odd_width
from clumpscope.stages.detect.baselines.scene import Plane

_BOXCAR_FWHM = 5.0
_SIGMA = 2.0
_AREA_FWHM2 = 0.8


def _sharpen(plane: Plane, fwhm_px: float) -> Plane:
    sharp: Plane = plane - uniform_filter(plane, odd_width(fwhm_px, _BOXCAR_FWHM))
    return sharp


def _pick(significance: Plane, fwhm_px: float) -> Peaks:
    return connected(significance, _SIGMA, max(1, int(np.rint(_AREA_FWHM2 * fwhm_px**2))))


GUO = Method(_sharpen, _pick)
