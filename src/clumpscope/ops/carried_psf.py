"""The PSF of a frame as it is on the pixels of a window."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.field import LocalPsf
from clumpscope.ops.pixel_map import PixelMap
from clumpscope.ops.psf import normalised
from clumpscope.ops.psf_image import psf_moments
from clumpscope.ops.resample_mapped import resample_mapped

_ALIKE = 2e-3  # 0.1 %, 0.1 degrees: SDSS's frames of one field differ by less
_BLANK = 10  # px of nothing around the image


def carried_psf(psf: LocalPsf, steps: ArrayLike) -> LocalPsf:
    """PSF on a window's pixels: turned, mirrored, finer or coarser as the frame's light is.

    The very same where the two grids are alike to 0.1 % and 0.1 degrees.

    Parameters
    ----------
    psf
        On the frame's pixels.
    steps
        (2, 2): frame row and column by window row and column, there.

    Returns
    -------
    The PSF; its width is NaN where the image has none.
    """
    step = np.asarray(steps, dtype=float)
    if np.abs(step - np.eye(2)).max() <= _ALIKE:
        return psf
    half = (psf.image.shape[0] - 1) / 2
    reach = int(np.ceil(np.abs(np.linalg.inv(step)).sum(axis=1).max() * (half + 0.5)))
    offsets = np.indices((2 * reach + 1, 2 * reach + 1), dtype=float) - reach
    padded = np.pad(psf.image, _BLANK)
    centre = half + _BLANK
    places = np.einsum("ij,jkl->ikl", step, offsets) + centre
    grown = np.broadcast_to(step[:, :, None, None], (2, 2, *offsets.shape[1:]))
    image, _, _ = resample_mapped(
        padded, np.zeros_like(padded), _nothing(padded.shape), PixelMap(places, np.array(grown))
    )
    image = normalised(image)
    return LocalPsf(image, psf_moments(image)[0], psf.assumed)


def _nothing(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.zeros(shape, dtype=np.uint8)
