"""What a classical finder looks at: a blue and a red plane without holes, and the noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.ops.host import psf_fwhm_px

Plane = NDArray[np.float64]

_BLUE, _RED = "g", "r"


@dataclass(frozen=True, eq=False)
class Scene:
    """One galaxy, or a picture of it.

    Attributes
    ----------
    blue, red
        (ny, nx) nanomaggy, or brightness of a picture; pixels that cannot be used hold the value
        of the nearest that can.
    variance
        (ny, nx) of ``blue``, likewise; 1 everywhere in a picture, where it is not known.
    good
        (ny, nx) True where both planes can be used.
    fwhm_px
        PSF-FWHM in the blue plane.
    """

    blue: Plane
    red: Plane
    variance: Plane
    good: NDArray[np.bool_]
    fwhm_px: float


def scene(image: AnyImage) -> Scene:
    """Take g and r of an image, or blue and green of a picture.

    The finders' papers search the rest-frame ultraviolet. SDSS's u is too shallow for it (a clump
    of 3 % has a signal-to-noise of about 4 there), so g stands for it in every survey.

    Raises
    ------
    ImageError
        If a `GalaxyImage` lacks the g or r band or a WCS.
    """
    if isinstance(image, ColourImage):
        blue, red = image.pixels[..., 2].astype(float), image.pixels[..., 1].astype(float)
        good = np.isfinite(blue) & np.isfinite(red)
        variance = np.ones(image.shape)
        fwhm_px = psf_fwhm_px(image)
    else:
        g, r = image[_BLUE], image[_RED]
        blue, red, variance = g.data.astype(float), r.data.astype(float), g.variance.astype(float)
        good = g.good & r.good & np.isfinite(blue) & np.isfinite(red)
        good &= np.isfinite(variance) & (variance > 0)
        fwhm_px = psf_fwhm_px(image, _BLUE)
    blue, red, variance = (_filled(plane, good) for plane in (blue, red, variance))
    return Scene(blue, red, variance, good, fwhm_px)


def _filled(plane: Plane, good: NDArray[np.bool_]) -> Plane:
    """``plane`` with the nearest good value in place of the others; 0 if none is good."""
    if good.all():
        return plane
    if not good.any():
        return np.zeros_like(plane)
    rows, cols = distance_transform_edt(~good, return_distances=False, return_indices=True)
    filled: Plane = plane[rows, cols]
    return filled
