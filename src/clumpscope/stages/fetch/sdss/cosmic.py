"""Cosmic rays in a frame: light sharper than any that came through the PSF.

After SDSS's photo (Lupton et al. 2001), which compares a pixel with its neighbours on opposite
sides, on the PSF *at that place*. The measure is the least that the PSF leaves beside any of its
pixels, at any fraction of a pixel. In 8162-6-80 i (FWHM 2.5 to 3.05 px over the frame, a lopsided
PSF) the neighbours along one diagonal have 0.44 of the mean PSF's middle pixel, but 0.19 to 0.30
of a pixel on its flank: a limit of 0.6 x 0.44 makes cosmic rays of the stars themselves.

Besides, photo has taken the cores of bright stars there for rays and interpolated over a row of
most, which leaves single pixels two to four times as bright as a star allows. So light must
also stand out of its surroundings: beside a core nothing is decided. Both hold for rays that photo
has left, which are few; raw images would want more.
"""

import numpy as np
from numpy.typing import NDArray

from clumpscope.stages.fetch.sdss.sharpness import (
    Sharpness,
    around,
    background,
    inner,
    neighbour_means,
)

_SIGMA = 6.0
_SLACK = 0.65  # of the PSF's least ratio, for what is not known of the PSF
_NOISE = 2.5
_ROUNDS = 8
_CONTRAST = 0.5
_CONTRAST_NEXT = 0.2
_NEAR = 4  # px around a pixel, out of whose light it must stand
_WINGS = 0.01  # of the brightest pixel near, for what is not known of a star's wings
_FAR = 15  # px
_RIM = 6  # px of a frame: the pipeline makes up to four columns there
# Of the means of two opposite neighbours, and of three such pairs.
_MEAN_NOISE = np.repeat([2**-0.5, 6**-0.5], 4)[:, None]

Flags = NDArray[np.bool_]


def cosmic_rays(
    data: NDArray[np.floating], noise: NDArray[np.floating], sharpness: Sharpness
) -> Flags:
    """Pixels sharper than the PSF at their place allows: (ny, nx) bool.

    A pixel above 6 sigma is sharp if, along any of four directions, the mean of its two
    neighbours, or that of the six others, is less than 0.65 of the least that the PSF leaves
    there (`sharpness.least_ratios`), all over the light 4 px away, 2.5 sigma of noise granted
    to both. It is hit if it also exceeds the median of 5x5 px by half of what the brightest of
    9x9 px exceeds theirs by, and by 1 % of the brightest pixel within 15 px.
    Neighbours of hit pixels above 3 sigma are tried in the same way without the grace, the hit
    ones filled. The frame's rim, 6 px, is not tried.

    Parameters
    ----------
    data, noise
        (ny, nx) sky-subtracted image and its standard deviation.
    sharpness
        Of its PSF.
    """
    light = np.nan_to_num(data, posinf=0.0, neginf=0.0)
    hit = np.zeros(data.shape, dtype=bool)
    rows, cols = inner(light > _SIGMA * noise, _RIM)
    grace, contrast, faintest = _NOISE, _CONTRAST, _SIGMA
    for _ in range(1 + _ROUNDS):
        sigma, level = noise[rows, cols], background(light, rows, cols)
        least = _SLACK * sharpness.over_background_at(rows, cols)
        pixels = light[rows, cols] - level
        means = neighbour_means(light, rows, cols) - level + grace * sigma * _MEAN_NOISE
        sharp = (means < least * (pixels - grace * sigma)).any(axis=0) & (pixels > faintest * sigma)
        rows, cols = rows[sharp], cols[sharp]
        stands = _stand_out(light, rows, cols, contrast)
        if not stands.any():
            break
        hit[rows[stands], cols[stands]] = True
        rows, cols = inner(hit, _RIM)
        light[rows, cols] = _filling(light, hit, rows, cols)
        rows, cols = _beside(hit, rows, cols)
        grace, contrast, faintest = 0.0, _CONTRAST_NEXT, _SIGMA / 2
    return hit


def _beside(
    hit: Flags, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what touches the N hit pixels and is not hit nor on the rim."""
    steps = np.arange(-1, 2)
    r = np.repeat(rows[:, None] + steps, 3, axis=1)
    c = np.tile(cols[:, None] + steps, 3)
    ny, nx = hit.shape
    tried = (r >= _RIM) & (r < ny - _RIM) & (c >= _RIM) & (c < nx - _RIM) & ~hit[r, c]
    flat = np.unique(r[tried] * nx + c[tried])
    return flat // nx, flat % nx


def _stand_out(
    light: NDArray[np.floating], rows: NDArray[np.intp], cols: NDArray[np.intp], share: float
) -> Flags:
    """Which of N pixels stand out of their surroundings, see `cosmic_rays`."""
    wide, near = around(light, rows, cols, _NEAR), around(light, rows, cols, 2)
    contrast = wide.max(axis=1) - np.median(wide, axis=1)
    least = np.maximum(share * contrast, _WINGS * around(light, rows, cols, _FAR).max(axis=1))
    stands: Flags = light[rows, cols] - np.median(near, axis=1) > least
    return stands


def filled(data: NDArray[np.floating], bad: Flags) -> NDArray[np.floating]:
    """``data`` with each bad pixel replaced by the median of the good ones in 5x5 around it.

    0 where none of them is good.
    """
    rows, cols = np.nonzero(bad)
    out = data.copy()
    out[rows, cols] = _filling(data, bad, rows, cols)
    return out


def _filling(
    data: NDArray[np.floating], bad: Flags, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> NDArray[np.floating]:
    """What `filled` puts into N bad pixels."""
    good = np.where(around(bad, rows, cols, 2), np.nan, around(data, rows, cols, 2))
    good[np.isnan(good).all(axis=1)] = 0
    filling: NDArray[np.floating] = np.nanmedian(good, axis=1)
    return filling
