"""Source finding on frames and cutouts with SEP, its limits raised and its errors named."""

import numpy as np
import sep
from numpy.typing import NDArray

from clumpscope.errors import FrameError

_OBJECTS = 20000  # deblended parts of one source; a globular cluster's core has thousands
_SPARE = 1000
_LEVELS = 32


def extract(
    data: NDArray[np.float32],
    noise: NDArray[np.float32],
    sigma: float,
    *,
    contrast: float,
    mask: NDArray[np.bool_] | None = None,
    min_pixels: int = 5,
) -> tuple[NDArray[np.void], NDArray[np.int32]]:
    """Find sources.

    Parameters
    ----------
    data, noise
        (ny, nx) background-subtracted image and its standard deviation.
    sigma
        Threshold a pixel, of the image smoothed by SEP's 3x3 kernel.
    contrast
        SExtractor's ``DEBLEND_MINCONT``; 1 does not deblend.
    mask
        (ny, nx) True where a pixel does not count.
    min_pixels
        Connected pixels of a source.

    Returns
    -------
    SEP's table, and the segmentation map: 0 or a source's row + 1.

    Raises
    ------
    FrameError
        If SEP gives up.
    """
    # All of the stack is made at each call: no larger than the pixels that can be on it.
    sep.set_extract_pixstack(data.size + _SPARE)
    sep.set_sub_object_limit(_OBJECTS)
    try:
        found, segments = sep.extract(
            np.ascontiguousarray(data),
            sigma,
            err=np.ascontiguousarray(noise),
            mask=mask,
            minarea=min_pixels,
            deblend_cont=contrast,
            # What no branch can satisfy need not be tried level by level.
            deblend_nthresh=_LEVELS if contrast < 1 else 1,
            segmentation_map=True,
        )
    except Exception as error:  # SEP raises the bare class
        raise FrameError(f"source finding failed: {error}") from error
    return found, segments
