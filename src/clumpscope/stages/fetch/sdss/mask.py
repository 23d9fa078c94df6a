"""Pixels of a frame not to be trusted: saturated stars, bleeding trails, cosmic rays, no data.

SDSS's pipeline has interpolated along rows over what it knew to be saturated, bled or hit, so
nothing stands at full well in a corrected frame. What it leaves is measured instead: the cores
of saturated stars are wider than the PSF and striped from row to row, in a way that no image
seen through the PSF can be. Measured over 27 shared frames: in 600 whole stars the least mean of
two opposite neighbours, over the pixel itself, is 0.91 to 1.2 of the least that the PSF leaves
there (`sharpness.least_ratios`); in saturated ones, and in those over whose cores the pipeline
has interpolated, it falls to 0.2 to 0.8, or the area above 1500 DN is more than twice the PSF's.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.field import Psf
from clumpscope.core.galaxy import MaskBit
from clumpscope.stages.fetch.sdss.cosmic import cosmic_rays
from clumpscope.stages.fetch.sdss.elsewhere import Seen, seen_elsewhere
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame
from clumpscope.stages.fetch.sdss.sharpness import Sharpness, neighbour_means

_BRIGHT_COUNTS = 1500.0  # DN: isophote of bright sources
_PEAK_COUNTS = 4000.0  # DN: fainter sources have no saturated pixel
_SURE_COUNTS = 8000.0  # DN: no galaxy's core is this bright over twice the PSF's area
_SHARP = 0.8  # of the PSF's least ratio of neighbours to pixel: unphysical below
_DOUBTFUL = 0.9
_WIDE = 2.0  # times the area the PSF would have above the isophote
_GROW = 2  # px around saturated cores
_TRAIL_SMOOTH = 15  # rows
_TRAIL_SIGMA = 3.0
_TRAIL_SIDE = 8  # columns on both sides that tell the light beside a trail

Flags = NDArray[np.bool_]


def frame_mask(frame: CorrectedFrame, psf: Psf, others: Iterable[Seen] = ()) -> NDArray[np.uint8]:
    """Mask of a frame: (ny, nx) uint8 of `MaskBit`.

    Parameters
    ----------
    frame, psf
        The frame and its PSF.
    others
        The field's other bands: what they show too is no cosmic ray.
    """
    counts = np.nan_to_num(frame.data / frame.calibration, posinf=0.0, neginf=0.0)
    noise = np.sqrt(frame.variance)
    sharpness = Sharpness.of(psf, frame.data.shape)
    cores = saturated_cores(counts, sharpness)
    saturated = cores | bleeding_trails(counts, noise / frame.calibration, cores)
    cosmic = cosmic_rays(frame.data, noise, sharpness) & ~saturated
    cosmic &= ~seen_elsewhere(cosmic, frame, others)
    mask = np.zeros(frame.data.shape, dtype=np.uint8)
    mask[saturated] |= np.uint8(MaskBit.SATURATED)
    mask[cosmic] |= np.uint8(MaskBit.COSMIC_RAY)
    mask[~np.isfinite(frame.data)] |= np.uint8(MaskBit.NO_DATA)
    return mask


def saturated_cores(counts: NDArray[np.floating], sharpness: Sharpness) -> Flags:
    """Saturated stars' cores.

    A source brighter than 4000 DN is saturated where its pixels cannot be an image through the
    PSF (see the module). The whole of it above 1500 DN is flagged, holes filled, and 2 px
    around.

    Parameters
    ----------
    counts
        (ny, nx) DN, sky-subtracted.
    sharpness
        Of the frame's PSF.
    """
    labels, _ = ndimage.label(counts > _BRIGHT_COUNTS)
    cores = np.zeros(counts.shape, dtype=bool)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[window] == number
        peak = float(counts[window][inside].max())
        if peak < _PEAK_COUNTS:
            continue
        rows, cols = (at + part.start for at, part in zip(np.nonzero(inside), window, strict=True))
        brightest = np.argmax(counts[rows, cols])
        image = sharpness.image(rows[brightest], cols[brightest])
        area = float((image > image.max() * _BRIGHT_COUNTS / peak).sum())
        if inside.sum() < 0.6 * area:  # a cosmic ray
            continue
        sharp = _sharpest(counts, rows, cols, sharpness)
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
    sharpness: Sharpness,
) -> float:
    """Least ratio of neighbours along a row or a column to their pixel, over the PSF's least."""
    ny, nx = counts.shape
    within = (rows > 0) & (rows < ny - 1) & (cols > 0) & (cols < nx - 1)
    rows, cols = rows[within], cols[within]
    ratios = neighbour_means(counts, rows, cols) / counts[rows, cols] / sharpness.at(rows, cols)
    return float(ratios[:2].min(initial=np.inf))


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
