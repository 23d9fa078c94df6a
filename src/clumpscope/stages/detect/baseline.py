"""A classical finder to compare a detector with: SEP on a difference of Gaussians.

Peaks sharper than the host; those bluer than the median peak-free host are called clumps, the
others odd. Nucleus and outline are left to `refine`, as with a detector's boxes.
"""

import numpy as np
import sep
from astropy.stats import gaussian_sigma_to_fwhm, mad_std
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.ops.host import psf_fwhm_px

Plane = NDArray[np.float64]

_WIDER = 2.5  # of the subtracted Gaussian over the PSF
_DETECT_SIGMA = 2.0
_MIN_PIXELS = 3


def baseline(image: AnyImage) -> Boxes:
    """Find peaks; boxes of side two PSF-FWHM as fractions of the stored array.

    Scores are s / (s + 10) of a peak's significance s; probabilities are NaN.

    Raises
    ------
    ImageError
        If a `GalaxyImage` lacks the g or r band or a WCS.
    """
    if isinstance(image, ColourImage):
        blue, red = image.pixels[..., 2].astype(float), image.pixels[..., 1].astype(float)
        fwhm = psf_fwhm_px(image)
    else:
        blue, red = image["g"].data.astype(float), image["r"].data.astype(float)
        fwhm = psf_fwhm_px(image, "g")
    xy, significance, is_blue = peaks(blue, red, fwhm)
    return Boxes.of(
        boxes_native_to_fraction(np.column_stack([xy - fwhm, xy + fwhm]), image.shape),
        np.where(is_blue, Label.CLUMP, Label.ODD),
        significance / (significance + 10),
        np.full((len(xy), len(Label)), np.nan),
    )


def peaks(
    blue: Plane, red: Plane, fwhm_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Positions (N, 2) px, significance (N,) and whether each is bluer than the image's light."""
    sigma = fwhm_px / gaussian_sigma_to_fwhm
    sharp_blue, sharp_red = _sharpened(blue, sigma), _sharpened(red, sigma)
    noise = float(mad_std(sharp_blue))
    if noise <= 0:
        return np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool)
    found = sep.extract(
        np.ascontiguousarray(sharp_blue),
        _DETECT_SIGMA,
        err=noise,
        minarea=_MIN_PIXELS,
        filter_kernel=None,
        deblend_cont=0.001,
    )
    rows, cols = found["ypeak"], found["xpeak"]
    peak_red = np.maximum(sharp_red[rows, cols], 1e-12)
    bright = blue > 3 * mad_std(blue)
    usual = float(np.median(blue[bright] / np.maximum(red[bright], 1e-12))) if bright.any() else 1.0
    is_blue = sharp_blue[rows, cols] / peak_red > usual
    xy = np.column_stack([found["x"], found["y"]]).astype(float)
    return xy, found["peak"] / noise, is_blue


def _sharpened(plane: Plane, sigma: float) -> Plane:
    """Smoothed by the PSF, less smoothed by a wider Gaussian."""
    sharp: Plane = gaussian_filter(plane, sigma) - gaussian_filter(plane, _WIDER * sigma)
    return sharp
