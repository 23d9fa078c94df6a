"""Local maxima of the image smoothed by the PSF, above a ring median: photutils' `find_peaks`.

The background is the median of a ring about each pixel, which a point source in its middle does not
reach (Secker 1995, PASP 107, 496, for globular clusters before their galaxy). A source is the
highest pixel of a square of a PSF-FWHM on either side, as in DAOFIND (Stetson 1987, PASP 99, 191).
The ring, 2 PSF-FWHM in radius and a pixel wide, is ours.
"""

import warnings

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from photutils.detection import find_peaks
from photutils.utils.exceptions import NoDetectionsWarning
from scipy.ndimage import gaussian_filter, median_filter

from clumpscope.stages.detect.baselines.method import Method, Peaks, odd_width
from clumpscope.stages.detect.baselines.scene import Plane

_RING_FWHM = 2.0  # radius
_RING_HALF_PX = 0.5
_SIGMA = 2.0
_BOX_FWHM = 2.0


def _sharpen(plane: Plane, fwhm_px: float) -> Plane:
    ring = _RING_FWHM * fwhm_px
    half = int(np.ceil(ring))
    y, x = np.indices((2 * half + 1,) * 2) - half
    smooth = gaussian_filter(plane, fwhm_px / gaussian_sigma_to_fwhm)
    footprint = np.abs(np.hypot(x, y) - ring) < _RING_HALF_PX
    footprint[half, half] = True  # an odd number of pixels has a middle one
    sharp: Plane = smooth - median_filter(smooth, footprint=footprint)
    return sharp


def _pick(significance: Plane, fwhm_px: float) -> Peaks:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDetectionsWarning)
        found = find_peaks(significance, _SIGMA, box_size=odd_width(fwhm_px, _BOX_FWHM))
    if found is None:
        return Peaks(np.zeros((0, 2)), np.zeros((0, 2), dtype=np.intp))
    pixel = np.column_stack([found["y_peak"], found["x_peak"]]).astype(np.intp)
    return Peaks(pixel[:, ::-1].astype(float), pixel)


PEAKS = Method(_sharpen, _pick, by_error=True)
