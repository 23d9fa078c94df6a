"""What the other bands of a field show where one of them has a cosmic ray.

A ray is in one band, a star in several. Where another band has a point source at the same place on
the sky, the light is a star's, however sharp it seems.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.stages.fetch.band import Frame, Psf

_SIGMA = 5.0
_SEARCH = 1  # px around the place
_RING = 4  # px from a source to the square ring that tells whether it is a point
_WIDER = 0.1  # of its light there, beyond the PSF's

Flags = NDArray[np.bool_]
Seen = tuple[Frame, Psf]


def seen_elsewhere(hit: Flags, frame: Frame, others: Iterable[Seen]) -> Flags:
    """Which hit pixels lie in groups at whose brightest pixel another band has a point source.

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
    light = np.nan_to_num(frame.data, posinf=0.0, neginf=0.0)
    peaks = ndimage.maximum_position(light, labels, np.arange(1, number + 1))
    sky = native_to_sky(np.array(peaks, dtype=float)[:, ::-1], frame.wcs)
    seen = np.zeros(number + 1, dtype=bool)
    for other, psf in others:
        places = np.rint(sky_to_native(sky, other.wcs)).astype(np.intp)
        seen[1:] |= point_sources(other, psf, places[:, 1], places[:, 0])
    inside: Flags = seen[labels]
    return inside


def point_sources(frame: Frame, psf: Psf, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> Flags:
    """At which of N pixels a frame has a point source: (N,); none at its rim.

    One is where the mean of 3x3 px, the brightest within a pixel, is above 5 sigma, and the
    median of the square ring 4 px from it has no larger share of that than the PSF's and a tenth.
    The flank of a star counts, too: there as well its light was thought sharp.
    """
    reach = _RING + _SEARCH
    ny, nx = frame.data.shape
    inside = (rows >= reach) & (rows < ny - reach) & (cols >= reach) & (cols < nx - reach)
    found = np.zeros(len(rows), dtype=bool)
    model = psf.at(ny / 2, nx / 2).image
    half = model.shape[0] // 2
    centre, ring = _centre_and_ring(
        model[half - reach : half + reach + 1, half - reach : half + reach + 1]
    )
    allowed = ring / centre + _WIDER
    for number in np.flatnonzero(inside):
        row, col = rows[number], cols[number]
        window = np.s_[row - reach : row + reach + 1, col - reach : col + reach + 1]
        centre, ring = _centre_and_ring(np.nan_to_num(frame.data[window], posinf=0.0, neginf=0.0))
        sigma = np.sqrt(frame.variance[row, col]) / 3
        found[number] = centre > _SIGMA * sigma and ring < allowed * centre
    return found


def _centre_and_ring(window: NDArray[np.floating]) -> tuple[float, float]:
    """Brightest mean of 3x3 px near a window's middle, and the median of the ring around it."""
    means = ndimage.uniform_filter(window.astype(float), 3)
    middle = _RING + _SEARCH
    near = means[_RING : middle + _SEARCH + 1, _RING : middle + _SEARCH + 1]
    dy, dx = np.unravel_index(np.argmax(near), near.shape)
    around = window[dy : dy + 2 * _RING + 1, dx : dx + 2 * _RING + 1]
    ring = np.concatenate([around[[0, -1]].ravel(), around[1:-1, [0, -1]].ravel()])
    return float(near.max()), float(np.median(ring))
