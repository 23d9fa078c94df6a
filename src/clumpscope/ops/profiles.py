"""Images of point sources at sub-pixel positions, from a band's sampled PSF."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.ops.psf import sampled_gaussian

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

REACH_FWHM = 4.0  # radius to which a source's light is followed


@dataclass(frozen=True, eq=False)
class Profile:
    """The effective PSF of a band, pixel included, as a function of the offset from its centre.

    Attributes
    ----------
    coefficients, curl
        (k, k) coefficients of the cubic splines through the sampled PSF and its Laplacian, k odd.
    """

    coefficients: Values
    curl: Values

    @classmethod
    def of(cls, psf: NDArray[np.float32] | None, fwhm_px: float) -> "Profile":
        """A sampled PSF (k, k), k odd; where only the width is known, a Gaussian of that FWHM."""
        image = sampled_gaussian(fwhm_px) if psf is None else psf
        # Crop, with a margin for the spline: filtering the whole image takes longer.
        half = min(image.shape[0] // 2, int(np.ceil(REACH_FWHM * fwhm_px)) + 3)
        middle = image.shape[0] // 2
        pixels = image[middle - half : middle + half + 1, middle - half : middle + half + 1]
        pixels = pixels.astype(float)
        filtered, second = _filter(len(pixels)), _second(len(pixels))
        curl = pixels @ second + second @ pixels
        return cls(*(filtered @ one @ filtered.T for one in (pixels, curl)))

    def at(self, dx: Values, dy: Values, where: Flags) -> Values:
        """Flux per pixel of a source of flux 1 at pixel offsets; 0 off ``where``, or the image."""
        return _spline(self.coefficients, dx, dy, where)

    def laplacian(self, dx: Values, dy: Values, where: Flags) -> Values:
        """Second difference of `at` over one pixel, both axes.

        Its second moments are those of a Laplacian: a source of Gaussian width s px (s small)
        looks like the PSF plus s^2 / 2 times this.
        """
        return _spline(self.curl, dx, dy, where)


@lru_cache(maxsize=32)
def _filter(k: int) -> Values:
    """(k, k) matrix from values to the coefficients of the cubic spline through them."""
    matrix: Values = ndimage.spline_filter1d(np.eye(k), order=3, axis=0)
    return matrix


@lru_cache(maxsize=32)
def _second(k: int) -> Values:
    """(k, k) matrix of the second difference along an axis; nothing is beyond its ends."""
    return np.eye(k, k=-1) - 2 * np.eye(k) + np.eye(k, k=1)


def drawn(coefficients: Sequence[Values], off: Values, half: int) -> Values:
    """(b, n, s, s) splines of coefficients (k, k) on squares of s = 2 half + 1 pixels.

    All pixels of a square lie at one fraction of a pixel from its source, so that the spline is a
    product of matrices, and one for all that are of one size.

    Parameters
    ----------
    off
        (n, 2) x and y of the sources from the middle pixels.
    """
    side = 2 * half + 1
    sizes = [len(one) for one in coefficients]
    taps = _taps(off.T, half, max(sizes))
    found = np.empty((len(sizes), len(off), side, side))
    for k in set(sizes):
        across, down = _mirrored(taps, off.T, k)
        some = [b for b, size in enumerate(sizes) if size == k]
        those = np.array([coefficients[b] for b in some])[:, None]
        found[some] = down @ those @ across.swapaxes(1, 2)
    return found


def _taps(off: Values, half: int, k: int) -> Values:
    """(..., 2 half + 1, k + 2) weights at pixels around ``off`` (...) of a spline's coefficients.

    Of the k of an image, around its middle, and one more on each side.
    """
    places = np.arange(-half, half + 1) - off[..., None] + k // 2
    away = np.abs(places[..., None] - np.arange(-1, k + 1))
    far, close = np.maximum(2 - away, 0), np.maximum(1 - away, 0)
    taps: Values = (far * far * far - 4 * close * close * close) / 6
    return taps


def _mirrored(taps: Values, off: Values, k: int) -> Values:
    """(..., s, k) the same of an image of k coefficients, of those of a larger one.

    The spline is mirrored at its ends, and nothing beyond them, as `ndimage.map_coordinates` has
    it.
    """
    cut = (taps.shape[-1] - 2 - k) // 2
    weights = taps[..., cut : cut + k + 2].copy()
    weights[..., 2] += weights[..., 0]
    weights[..., -3] += weights[..., -1]
    half = taps.shape[-2] // 2
    if half + 1 > k // 2:
        weights[np.abs(np.arange(-half, half + 1) - off[..., None]) > k // 2] = 0
    return weights[..., 1:-1]


def _spline(coefficients: Values, dx: Values, dy: Values, where: Flags) -> Values:
    middle = coefficients.shape[0] // 2
    values = np.zeros(dx.shape)
    values[where] = ndimage.map_coordinates(
        coefficients,
        [dy[where] + middle, dx[where] + middle],
        order=3,
        prefilter=False,
        mode="constant",
    )
    return values
