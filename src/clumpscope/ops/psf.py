"""Point-spread functions: their width, Gaussian and Moffat models.

The width is everywhere the adaptive-moment FWHM, 2.3548 sigma of the best-fitting elliptical
Gaussian (SDSS's ``PSF_FWHM``; Bernstein & Jarvis 2002), with sigma^2 the root of the
determinant of its second moments.
"""

import galsim
import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import ArrayLike, NDArray

from clumpscope.errors import ImageError, expected_got

Image = NDArray[np.float32]


def adaptive_fwhm_px(image: ArrayLike, centre: tuple[float, float] | None = None) -> float:
    """Adaptive-moment FWHM of a single source, pixels.

    Parameters
    ----------
    image
        (ny, nx), background-subtracted.
    centre
        First guess of (x, y), 0-based; the image's middle if not given.

    Returns
    -------
    FWHM in pixels; NaN where the moments do not converge.
    """
    return adaptive_moments(image, centre)[0]


def adaptive_moments(
    image: ArrayLike, centre: tuple[float, float] | None = None
) -> tuple[float, float, float, float]:
    """Adaptive moments of a single source: (FWHM in pixels, x, y, total flux of the Gaussian).

    All are NaN where the moments do not converge. Parameters as of `adaptive_fwhm_px`.
    """
    moments = _hsm(image, centre)
    if moments is None:
        return (np.nan,) * 4
    return (
        gaussian_sigma_to_fwhm * float(moments.moments_sigma),
        float(moments.moments_centroid.x),
        float(moments.moments_centroid.y),
        float(moments.moments_amp),
    )


def adaptive_covariance(
    image: ArrayLike, centre: tuple[float, float] | None = None
) -> tuple[float, float, float]:
    """Second adaptive moments of a single source, px squared: (xx, yy, xy).

    All are NaN where they do not converge. Parameters as of `adaptive_fwhm_px`, whose FWHM is
    2.3548 times the fourth root of their determinant.
    """
    moments = _hsm(image, centre)
    if moments is None:
        return (np.nan,) * 3
    shape = moments.observed_shape  # e1 = (xx - yy) / (xx + yy), e2 = 2 xy / (xx + yy)
    mean = float(moments.moments_sigma) ** 2 / np.sqrt(1 - shape.e1**2 - shape.e2**2)
    return mean * (1 + shape.e1), mean * (1 - shape.e1), mean * shape.e2


def _hsm(image: ArrayLike, centre: tuple[float, float] | None) -> galsim.hsm.ShapeData | None:
    """Galsim's adaptive moments, ``None`` where they do not converge."""
    pixels = np.ascontiguousarray(image, dtype=float)
    ny, nx = pixels.shape
    x, y = ((nx - 1) / 2, (ny - 1) / 2) if centre is None else centre
    # galsim counts pixels from (xmin, ymin); 0 makes its frame ours.
    picture = galsim.Image(pixels, xmin=0, ymin=0, scale=1.0)
    moments = galsim.hsm.FindAdaptiveMom(
        picture, guess_centroid=galsim.PositionD(x, y), strict=False
    )
    usable = moments.moments_sigma > 0 and moments.moments_amp > 0
    return None if moments.error_message or not usable else moments


def gaussian_psf(fwhm_px: float, side: int | None = None) -> Image:
    """A round Gaussian integrated over pixels: (side, side) float32, centred, sum 1.

    ``side`` is odd; by default wide enough for 4.5 sigma. ``fwhm_px`` is the width of the
    Gaussian before the pixels integrate it.

    Raises
    ------
    ImageError
        If the width is not positive or the side not odd.
    """
    model = galsim.Gaussian(fwhm=_positive(fwhm_px))
    if side is None:
        side = int(gaussian_side(fwhm_px))
    return _drawn(model, side)


def _positive(fwhm_px: float) -> float:
    if not (np.isfinite(fwhm_px) and fwhm_px > 0):
        raise ImageError(expected_got("fwhm_px", "a positive width", fwhm_px))
    return fwhm_px


def _drawn(model: galsim.GSObject, side: int) -> Image:
    if side < 1 or side % 2 == 0:
        raise ImageError(expected_got("side of a PSF", "an odd number", side))
    return normalised(model.drawImage(nx=side, ny=side, scale=1.0).array.astype(float))


def gaussian_side(fwhm_px: float) -> float:
    """Side of the image of `sampled_gaussian`, px, which reaches to 4.5 sigma."""
    return 2 * float(np.ceil(4.5 * fwhm_px / gaussian_sigma_to_fwhm)) + 1


def sampled_gaussian(fwhm_px: float) -> Image:
    """A round Gaussian sampled at pixel centres: (side, side) float32, side odd, sum 1.

    ``fwhm_px`` is the width of the *effective* PSF, pixel included, as the adaptive moments of
    an image give it; the image reaches to 4.5 sigma.

    Raises
    ------
    ImageError
        If the width is not positive.
    """
    sigma = _positive(fwhm_px) / gaussian_sigma_to_fwhm
    half = int(gaussian_side(fwhm_px)) // 2
    line = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return normalised(np.outer(line, line))


def normalised(image: ArrayLike) -> Image:
    """``image`` over its sum, float32.

    Raises
    ------
    ImageError
        If the sum is not positive and finite.
    """
    pixels = np.asarray(image, dtype=float)
    total = float(pixels.sum())
    if not (np.isfinite(total) and total > 0):
        raise ImageError(expected_got("PSF", "a positive sum", total))
    return (pixels / total).astype(np.float32)
