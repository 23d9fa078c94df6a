"""The frame of every classical finder: what differs is how it sharpens and what it picks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import sep
from astropy.stats import gaussian_sigma_to_fwhm, mad_std
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.galaxy import AnyImage
from clumpscope.stages.detect.baselines.scene import Plane, Scene, scene

_FAINTEST_RED = 1e-12  # in a ratio's denominator
_BRIGHT_SIGMA = 3.0  # pixels that tell the image's usual colour
_WIDER = 2.5  # of the Gaussian that takes the host from a source, over the PSF
_HALF_SCORE = 10.0  # significance of score 1/2


class Peaks(NamedTuple):
    """N sources: ``xy`` (N, 2) px, ``pixel`` (N, 2) row and column of the brightest pixel."""

    xy: Plane
    pixel: NDArray[np.intp]


@dataclass(frozen=True)
class Method:
    """A classical finder.

    Attributes
    ----------
    sharpen
        From a plane (ny, nx) and the PSF-FWHM in px to what rises above the host in it.
    pick
        From the significance (ny, nx) of what rises, and the PSF-FWHM in px, to the sources.
    by_error
        Whether the noise is that of the error map after smoothing by the PSF, or one number.
    """

    sharpen: Callable[[Plane, float], Plane]
    pick: Callable[[Plane, float], Peaks]
    by_error: bool = False


def find(method: Method, image: AnyImage) -> Boxes:
    """Find sources; boxes of side two PSF-FWHM as fractions of the stored array.

    Scores are s / (s + 10) of the significance s of a source's brightest pixel, in units of the
    robust width of all pixels, so that noise which is correlated or of unknown level counts as it
    is. Probabilities are NaN. A source is a clump if it is bluer than the image's usual light, else
    odd.

    Raises
    ------
    ImageError
        If a `GalaxyImage` lacks the g or r band or a WCS.
    """
    seen = scene(image)
    if not seen.good.any():
        return Boxes.empty()
    sharp = method.sharpen(seen.blue, seen.fwhm_px)
    weighed = sharp / _smoothed_error(seen) if method.by_error else sharp
    noise = float(mad_std(weighed[seen.good]))
    if noise <= 0:
        return Boxes.empty()
    significance = np.ascontiguousarray(np.where(seen.good, weighed / noise, 0.0))
    xy, pixel = method.pick(significance, seen.fwhm_px)
    if not len(xy):
        return Boxes.empty()
    rows, cols = pixel.T
    height = significance[rows, cols]
    return Boxes.of(
        boxes_native_to_fraction(
            np.column_stack([xy - seen.fwhm_px, xy + seen.fwhm_px]), image.shape
        ),
        np.where(_blue(seen)[rows, cols], Label.CLUMP, Label.ODD),
        height / (height + _HALF_SCORE),
        np.full((len(xy), len(Label)), np.nan),
    )


def _smoothed_error(seen: Scene) -> Plane:
    """Noise of ``seen.blue`` smoothed by the PSF, but for a factor that is the same everywhere.

    The weights of independent variances are the squares of the Gaussian's: one of width over √2.
    """
    sigma = seen.fwhm_px / gaussian_sigma_to_fwhm
    error: Plane = np.sqrt(gaussian_filter(seen.variance, sigma / np.sqrt(2)))
    return error


def _blue(seen: Scene) -> NDArray[np.bool_]:
    """(ny, nx) whether what rises at the scale of the PSF is bluer than the bright pixels' median.

    Whatever the finder: the colour of one pixel is mostly noise.
    """
    rising = [_rising(plane, seen.fwhm_px) for plane in (seen.blue, seen.red)]
    bright = seen.good & (seen.blue > _BRIGHT_SIGMA * mad_std(seen.blue[seen.good]))
    usual = float(np.median(_ratio(seen.blue[bright], seen.red[bright]))) if bright.any() else 1.0
    blue: NDArray[np.bool_] = _ratio(*rising) > usual
    return blue


def _rising(plane: Plane, fwhm_px: float) -> Plane:
    """Smoothed by the PSF, less smoothed by a wider Gaussian."""
    sigma = fwhm_px / gaussian_sigma_to_fwhm
    sharp: Plane = gaussian_filter(plane, sigma) - gaussian_filter(plane, _WIDER * sigma)
    return sharp


def _ratio(blue: Plane, red: Plane) -> Plane:
    ratio: Plane = blue / np.maximum(red, _FAINTEST_RED)
    return ratio


def connected(significance: Plane, sigma: float, least: int, contrast: float = 0.005) -> Peaks:
    """Pixels above ``sigma`` that hang together, at least so many of them, blended ones parted.

    As SExtractor does it (Bertin & Arnouts 1996), but without its own filter, and without its
    cleaning: a residual has no wings of bright sources that would look like faint ones, and what
    cleaning takes away depends on the order of rows. ``contrast`` is the least share of flux of a
    blend's part, by default SExtractor's.
    """
    found = sep.extract(
        significance, sigma, minarea=least, filter_kernel=None, deblend_cont=contrast, clean=False
    )
    return Peaks(
        np.column_stack([found["x"], found["y"]]).astype(float),
        np.column_stack([found["ypeak"], found["xpeak"]]).astype(np.intp),
    )


def odd_width(fwhm_px: float, widths: float) -> int:
    """The least odd number of pixels above ``widths`` PSF-FWHM less one: its middle is a pixel."""
    return 2 * int(widths * fwhm_px / 2) + 1
