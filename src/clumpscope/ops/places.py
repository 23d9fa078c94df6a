"""One place from sky and pixel coordinates: the rule for every table that a user gives."""

from typing import Literal

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.frames import sky_to_native

Coords = Literal["sky", "pixel"]
Values = NDArray[np.float64]

# Sky and pixel positions of one thing may differ by this much, px, and still agree.
MAX_DISAGREEMENT_PX = 0.5


def places(
    xy: Values, radec: Values, wcs: WCS | None, coords: Coords | None = None
) -> tuple[Values, Values]:
    """One native position for each row, and how far its two positions are apart.

    Parameters
    ----------
    xy, radec
        (n, 2) native pixels and ICRS degrees; NaN where not given.
    wcs
        Of the image; needed only where sky positions are used.
    coords
        "sky" or "pixel" takes these; ``None`` takes what a row has, pixels first.

    Returns
    -------
    (n, 2) native pixels, NaN where there are none; and (n,) px between both positions, 0 where
    only one counts or there is no WCS to compare them.

    Raises
    ------
    ImageError
        If a sky position is needed and there is no WCS.
    """
    has_xy = np.asarray(np.isfinite(xy).all(axis=1) & (coords != "sky"))
    has_sky = np.asarray(np.isfinite(radec).all(axis=1) & (coords != "pixel"))
    both = has_xy & has_sky & (wcs is not None)
    convert = both | (has_sky & ~has_xy)
    from_sky = np.full_like(xy, np.nan)
    if convert.any():
        from_sky[convert] = sky_to_native(radec[convert], wcs)
    apart: Values = np.where(both, np.linalg.norm(from_sky - xy, axis=1), 0.0)
    return np.where(has_xy[:, None], xy, from_sky), apart
