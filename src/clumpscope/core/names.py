"""Names made of positions on the sky."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_DAY = 24 * 360000  # hundredths of a second
_HAIR = 1e-6  # of the last digit, so that rounding of binary numbers does not cut one off


def iau_names(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.str_]:
    """Names by the IAU's rules, JHHMMSS.ss+DDMMSS.s: cut off, not rounded.

    Parameters
    ----------
    ra, dec
        (N,) ICRS, degrees; a name is empty where one of them is NaN.

    Returns
    -------
    (N,) names.
    """
    ra, dec = np.asarray(ra, dtype=float), np.asarray(dec, dtype=float)
    known = np.isfinite(ra) & np.isfinite(dec)
    names = np.full(len(ra), "", dtype="U20")
    # Whole units of the last digit; a hair below 24 h is 0 h.
    time = np.floor(ra[known] % 360 / 15 * 360000 + _HAIR).astype(np.int64) % _DAY
    arc = np.floor(np.abs(dec[known]) * 36000 + _HAIR).astype(np.int64)
    signs = np.where(dec[known] < 0, "-", "+")
    names[known] = [
        f"J{t // 360000:02d}{t // 6000 % 60:02d}{t // 100 % 60:02d}.{t % 100:02d}"
        f"{sign}{a // 36000:02d}{a // 600 % 60:02d}{a // 10 % 60:02d}.{a % 10}"
        for t, sign, a in zip(time.tolist(), signs.tolist(), arc.tolist(), strict=True)
    ]
    return names
