"""How far a clump's row can be used, from its flags by one table.

=======  =====================================  ==================================================
quality  meaning                                flags
=======  =====================================  ==================================================
2        do not use: no clump, or no flux of    ``NUCLEUS``, ``NO_WCS``, ``SATURATED``,
         it                                     ``DUPLICATE``, ``STAR``, ``HOST_IS_STAR``
1        use with care: the flux, its error,    ``NO_OUTLINE``, ``COSMIC_RAY``, ``NO_DATA``,
         the host's flux or the finding itself  ``MASKED_ANNULUS``, ``LOW_SNR``, ``NO_HOST_FLUX``,
         may be wrong                           ``EDGE``, ``RESOLVED``, ``STELLAR_COLOURS``,
                                                ``OUT_OF_RANGE``, ``LOCAL_BACKGROUND``,
                                                ``HOST_CROWDED``, ``NEAR_STAR``
0        good                                   none of these
=======  =====================================  ==================================================

The other flags say how a row was made, and take nothing from it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.flags import ClumpFlag

GOOD, CARE, BAD = 0, 1, 2
MEANINGS = {GOOD: "good", CARE: "to be used with care", BAD: "not to be used"}

OF_QUALITY = {
    BAD: ClumpFlag.NUCLEUS
    | ClumpFlag.NO_WCS
    | ClumpFlag.SATURATED
    | ClumpFlag.DUPLICATE
    | ClumpFlag.STAR
    | ClumpFlag.HOST_IS_STAR,
    CARE: ClumpFlag.NO_OUTLINE
    | ClumpFlag.COSMIC_RAY
    | ClumpFlag.NO_DATA
    | ClumpFlag.MASKED_ANNULUS
    | ClumpFlag.LOW_SNR
    | ClumpFlag.NO_HOST_FLUX
    | ClumpFlag.EDGE
    | ClumpFlag.RESOLVED
    | ClumpFlag.STELLAR_COLOURS
    | ClumpFlag.OUT_OF_RANGE
    | ClumpFlag.LOCAL_BACKGROUND
    | ClumpFlag.HOST_CROWDED
    | ClumpFlag.NEAR_STAR,
}


def quality(flags: ArrayLike) -> NDArray[np.int32]:
    """(n,) 0 good, 1 to be used with care, 2 not to be used, of the flags of n clumps."""
    bits = np.asarray(flags).astype(np.int64)
    bad, care = (bits & int(OF_QUALITY[level]) > 0 for level in (BAD, CARE))
    return np.where(bad, BAD, np.where(care, CARE, GOOD)).astype(np.int32)
