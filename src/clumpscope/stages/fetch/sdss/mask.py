"""Pixels of a frame not to be trusted: saturated stars, bleeding trails, cosmic rays, no data.

SDSS's pipeline has interpolated along rows over what it knew to be saturated, bled or hit, so
nothing stands at full well in a corrected frame. What it leaves is measured instead: the cores
of saturated stars are wider than the PSF and striped from row to row, in a way that no image
seen through the PSF can be. Measured over 16 shared frames: in 200 unsaturated stars the mean of
two opposite neighbours, over the pixel itself, is 0.87 to 1.3 of the PSF's; in saturated ones
it falls to 0.2 to 0.8, or the area above 1500 DN is more than twice the PSF's.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.galaxy import MaskBit
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame

_BRIGHT_COUNTS = 1500.0  # DN: isophote of bright sources
_PEAK_COUNTS = 4000.0  # DN: fainter sources have no saturated pixel
_SURE_COUNTS = 8000.0  # DN: no galaxy's core is this bright over twice the PSF's area
_SHARP = 0.8  # of the PSF's own ratio of neighbours to pixel: unphysical below
_DOUBTFUL = 0.9
_WIDE = 2.0  # times the area the PSF would have above the isophote
_GROW = 2  # px around saturated cores
_TRAIL_SMOOTH = 15  # rows
_TRAIL_SIGMA = 3.0
_TRAIL_SIDE = 8  # columns on both sides that tell the light beside a trail
_COSMIC_SIGMA = 6.0
_COSMIC_SLACK = 0.6  # of the PSF's ratio; leaves room for stars off a pixel's centre
_COSMIC_NOISE = 2.5
_COSMIC_ROUNDS = 3

Flags = NDArray[np.bool_]


def frame_mask(frame: CorrectedFrame, psf: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mask of a frame: (ny, nx) uint8 of `MaskBit`.

    Parameters
    ----------
    frame
        The frame.
    psf
        (k, k) PSF of the frame, k odd.
    """
    counts = np.nan_to_num(frame.data / frame.calibration, posinf=0.0, neginf=0.0)
    cores = saturated_cores(counts, psf)
    saturated = cores | bleeding_trails(counts, np.sqrt(frame.variance) / frame.calibration, cores)
    cosmic = cosmic_rays(frame.data, np.sqrt(frame.variance), psf) & ~saturated
    mask = np.zeros(frame.data.shape, dtype=np.uint8)
    mask[saturated] |= np.uint8(MaskBit.SATURATED)
    mask[cosmic] |= np.uint8(MaskBit.COSMIC_RAY)
    mask[~np.isfinite(frame.data)] |= np.uint8(MaskBit.NO_DATA)
    return mask


def saturated_cores(counts: NDArray[np.floating], psf: NDArray[np.float32]) -> Flags:
    """Saturated stars' cores.

    A source brighter than 4000 DN is saturated where its pixels cannot be an image through the
    PSF (see the module). The whole of it above 1500 DN is flagged, holes filled, and 2 px
    around.

    Parameters
    ----------
    counts
        (ny, nx) DN, sky-subtracted.
    psf
        (k, k), k odd.
    """
    labels, _ = ndimage.label(counts > _BRIGHT_COUNTS)
    cores = np.zeros(counts.shape, dtype=bool)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[window] == number
        peak = float(counts[window][inside].max())
        if peak < _PEAK_COUNTS:
            continue
        area = float((psf > psf.max() * _BRIGHT_COUNTS / peak).sum())
        if inside.sum() < 0.6 * area:  # a cosmic ray
            continue
        rows, cols = np.nonzero(inside)
        sharp = _sharpest(counts, rows + window[0].start, cols + window[1].start, psf)
        wide = inside.sum() > _WIDE * area
        if sharp < _SHARP or (wide and (peak > _SURE_COUNTS or sharp < _DOUBTFUL)):
            cores[window] |= ndimage.binary_fill_holes(inside)
    if cores.any():
        cores = ndimage.binary_dilation(cores, iterations=_GROW)
    return cores


def _sharpest(
    counts: NDArray[np.floating],
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    psf: NDArray[np.float32],
) -> float:
    """Least ratio of neighbours along a row or a column to their pixel, over the PSF's own."""
    pixels, means = _opposite_means(counts, rows, cols)
    ratios = means[:2] / pixels / _psf_ratios(psf)[:2, None]
    return float(ratios.min(initial=np.inf))


def bleeding_trails(
    counts: NDArray[np.floating], noise: NDArray[np.floating], cores: Flags
) -> Flags:
    """Trails along the columns of saturated cores, up and down from each.

    A pixel of those columns is in a trail where the light, averaged over 15 rows, exceeds
    that beside it by 3 sigma and by a quarter, without a gap from the core.

    Parameters
    ----------
    counts, noise
        (ny, nx) DN, sky-subtracted, and its standard deviation.
    cores
        (ny, nx) of `saturated_cores`.
    """
    trails = np.zeros(counts.shape, dtype=bool)
    labels, _ = ndimage.label(cores)
    nx = counts.shape[1]
    for _, columns in ndimage.find_objects(labels):
        beside = [
            *range(max(columns.start - _TRAIL_SIDE, 0), columns.start),
            *range(columns.stop, min(columns.stop + _TRAIL_SIDE, nx)),
        ]
        level = ndimage.uniform_filter1d(np.median(counts[:, beside], axis=1), _TRAIL_SMOOTH)
        light = ndimage.uniform_filter1d(counts[:, columns], _TRAIL_SMOOTH, axis=0)
        least = _TRAIL_SIGMA * noise[:, columns] / np.sqrt(_TRAIL_SMOOTH)
        least = np.maximum(least, 0.25 * np.abs(level)[:, None])
        bright = (light - level[:, None] > least) | cores[:, columns]
        connected = ndimage.binary_propagation(cores[:, columns], mask=bright)
        trails[:, columns] |= connected
    return trails


def cosmic_rays(
    data: NDArray[np.floating], noise: NDArray[np.floating], psf: NDArray[np.float32]
) -> Flags:
    """Pixels sharper than the PSF allows: (ny, nx) bool.

    A pixel above 6 sigma is a cosmic ray if, along any of four directions, the mean of its two
    neighbours is less than 0.6 of what the PSF leaves there, 2.5 sigma of noise granted to
    both. Its neighbours above 3 sigma are then tried against the same without that grace.
    After the method of SDSS's photo (Lupton et al. 2001), on the star's own PSF.

    Parameters
    ----------
    data, noise
        (ny, nx) sky-subtracted image and its standard deviation.
    psf
        (k, k), k odd.
    """
    light = np.nan_to_num(data, posinf=0.0, neginf=0.0)
    ratios = _COSMIC_SLACK * _psf_ratios(psf)[:, None]
    hit = np.zeros(data.shape, dtype=bool)
    tried = light > _COSMIC_SIGMA * noise
    grace = _COSMIC_NOISE
    for _ in range(1 + _COSMIC_ROUNDS):
        rows, cols = np.nonzero(tried)
        pixels, means = _opposite_means(light, rows, cols)
        sigma = noise[rows, cols]
        sharp = means + grace * sigma / np.sqrt(2) < ratios * (pixels - grace * sigma)
        new = sharp.any(axis=0)
        if not new.any():
            break
        hit[rows[new], cols[new]] = True
        light = filled(light, hit)
        tried = ndimage.binary_dilation(hit) & ~hit & (light > _COSMIC_SIGMA / 2 * noise)
        grace = 0.0
    return hit


def filled(data: NDArray[np.floating], bad: Flags) -> NDArray[np.floating]:
    """``data`` with each bad pixel replaced by the median of the good ones in 5x5 around it.

    0 where none of them is good.
    """
    out = data.copy()
    ny, nx = data.shape
    for row, col in zip(*np.nonzero(bad), strict=True):
        window = np.s_[max(row - 2, 0) : min(row + 3, ny), max(col - 2, 0) : min(col + 3, nx)]
        good = data[window][~bad[window]]
        out[row, col] = np.median(good) if good.size else 0
    return out


def _opposite_means(
    image: NDArray[np.floating], rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Pixels (N,), and means of their two opposite neighbours (4, N).

    Directions: along the column, along the row, both diagonals. Pixels on the image's rim
    are left as their own neighbours, so that nothing is ever sharp there.
    """
    ny, nx = image.shape
    inner = (rows > 0) & (rows < ny - 1) & (cols > 0) & (cols < nx - 1)
    pixels = image[rows, cols]
    means = np.broadcast_to(pixels, (4, len(pixels))).copy()
    r, c = rows[inner], cols[inner]
    for n, (dy, dx) in enumerate(((1, 0), (0, 1), (1, 1), (1, -1))):
        means[n, inner] = (image[r + dy, c + dx] + image[r - dy, c - dx]) / 2
    return pixels, means


def _psf_ratios(psf: NDArray[np.float32]) -> NDArray[np.floating]:
    """Mean of two opposite neighbours over the PSF's middle pixel, (4,)."""
    middle = np.array([psf.shape[0] // 2])
    pixels, means = _opposite_means(psf, middle, middle)
    ratios: NDArray[np.floating] = (means / pixels)[:, 0]
    return ratios
