"""What the other bands of a field show where one of them has a cosmic ray.

A ray is in one band, a star in several. Where another band has a point source at the same place on
the sky, about as sharp, the light is a star's. A ray on a galaxy's nucleus is sharper than that.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.field import Frame, Psf
from clumpscope.core.frames import native_to_sky, sky_to_native

_SIGMA = 5.0
_SEARCH = 1  # px around the place
_RING = 4  # px from a source to the square ring that tells whether it is a point
_REACH = _RING + _SEARCH
_WIDER = 0.1  # of its light there, beyond the PSF's
_FULLER = 0.75  # of another band's fullness that the same source has at least

Flags = NDArray[np.bool_]
Seen = tuple[Frame, Psf]


def seen_elsewhere(hit: Flags, frame: Frame, others: Iterable[Seen]) -> Flags:
    """Which hit pixels lie in groups that another band shows as a point source.

    It has one at the group's brightest pixel (`point_sources`), and the group is not much
    sharper: the mean of its 3x3 px, over the brightest of them, is 0.75 of the other band's.

    Parameters
    ----------
    hit
        (ny, nx) pixels of ``frame`` taken for cosmic rays.
    frame
        The frame.
    others
        Frames and PSFs of the other bands.
    """
    labels, number = ndimage.label(hit, np.ones((3, 3)))
    if not number:
        return np.zeros_like(hit)
    rows, cols = np.nonzero(hit)
    order = np.lexsort((frame.data[rows, cols], labels[rows, cols]))
    # The last of each group, of rising light, is its brightest.
    last = order[np.flatnonzero(np.diff(labels[rows, cols][order], append=number + 1))]
    rows, cols = rows[last], cols[last]
    sky = native_to_sky(np.column_stack([cols, rows]).astype(float), frame.wcs)
    seen = np.zeros(number + 1, dtype=bool)
    own = np.array([fullness for _, _, fullness in _profiles(frame.data, rows, cols)])
    for other, psf in others:
        there = np.rint(sky_to_native(sky, other.wcs)).astype(np.intp)
        found, fullness = point_sources(other, psf, there[:, 1], there[:, 0])
        seen[1:] |= found & (own > _FULLER * fullness)
    inside: Flags = seen[labels]
    return inside


def point_sources(
    frame: Frame, psf: Psf, rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> tuple[Flags, NDArray[np.float64]]:
    """At which of N pixels a frame has a point source, and its fullness: (N,), (N,).

    It has one where the mean of 3x3 px, the brightest within a pixel, is above 5 sigma, and the
    median of the square ring 4 px from it has no larger share of that than the PSF's and a
    tenth; none at its rim. Fullness is that mean over the brightest of the nine pixels.
    """
    ny, nx = frame.data.shape
    model = psf.at(ny / 2, nx / 2).image
    half = model.shape[0] // 2
    [(centre, ring, _)] = _profiles(model, np.array([half]), np.array([half]))
    allowed = ring / centre + _WIDER
    found = np.zeros(len(rows), dtype=bool)
    fullness = np.ones(len(rows))
    inside = (rows >= _REACH) & (rows < ny - _REACH) & (cols >= _REACH) & (cols < nx - _REACH)
    numbers = np.flatnonzero(inside)
    profiles = _profiles(frame.data, rows[numbers], cols[numbers])
    for number, (centre, ring, fullness[number]) in zip(numbers, profiles, strict=True):
        sigma = np.sqrt(frame.variance[rows[number], cols[number]]) / 3
        found[number] = centre > _SIGMA * sigma and ring < allowed * centre
    return found, fullness


def _profiles(
    image: NDArray[np.floating], rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> list[tuple[float, float, float]]:
    """Brightest mean of 3x3 px near each pixel, median of the ring around it, and fullness."""
    profiles = []
    for row, col in zip(rows, cols, strict=True):
        window = image[row - _REACH : row + _REACH + 1, col - _REACH : col + _REACH + 1]
        window = np.nan_to_num(window.astype(float), posinf=0.0, neginf=0.0)
        near = ndimage.uniform_filter(window, 3)[_RING:-_RING, _RING:-_RING]
        dy, dx = np.unravel_index(np.argmax(near), near.shape)
        around = window[dy : dy + 2 * _RING + 1, dx : dx + 2 * _RING + 1]
        rim = np.concatenate([around[[0, -1]].ravel(), around[1:-1, [0, -1]].ravel()])
        centre = float(near.max())
        peak = around[_RING - 1 : _RING + 2, _RING - 1 : _RING + 2].max()
        profiles.append((centre, float(np.median(rim)), centre / max(float(peak), 1e-30)))
    return profiles
