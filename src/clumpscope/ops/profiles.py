"""Images of point sources at sub-pixel positions, from a band's sampled PSF."""

from dataclasses import dataclass

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
        curl = ndimage.laplace(pixels, mode="constant")
        return cls(*(ndimage.spline_filter(one, order=3) for one in (pixels, curl)))

    def at(self, dx: Values, dy: Values, where: Flags) -> Values:
        """Flux per pixel of a source of flux 1 at pixel offsets; 0 off ``where``, or the image."""
        return _spline(self.coefficients, dx, dy, where)

    def laplacian(self, dx: Values, dy: Values, where: Flags) -> Values:
        """Second difference of `at` over one pixel, both axes.

        Its second moments are those of a Laplacian: a source of Gaussian width s px (s small)
        looks like the PSF plus s^2 / 2 times this.
        """
        return _spline(self.curl, dx, dy, where)


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
