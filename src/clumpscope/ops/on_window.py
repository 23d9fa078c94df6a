"""A field's band on a window of a frame: cut, or resampled."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.core.sip import shifted
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.carried_psf import carried_psf
from clumpscope.ops.pixel_map import pixel_map
from clumpscope.ops.resample import MAX_RESIDUAL_PX, nearest_affine, resample
from clumpscope.ops.resample_mapped import POINT_SCALE, resample_mapped
from clumpscope.ops.window import Window, cut

_SAME_PX = 0.005  # to which the pixels of two frames lie on one another
_STEADY = 1e-3  # of the side, that a distortion must change to count

Planes = tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.generic]]


def on_window(band: Band, window: Window, *, own: bool) -> BandImage:
    """One band on a window of a frame: cut if that is its ``own``, else resampled.

    The PSF is carried onto the window's pixels with the light.

    Raises
    ------
    FrameError
        If the band's frame has no place for the window's middle, or its PSF no width.
    """
    frame = band.frame
    ny, nx = window.shape
    middle = ((nx - 1) / 2, (ny - 1) / 2)
    col, row = (float(v) for v in sky_to_native(native_to_sky(middle, window.wcs), frame.wcs)[0])
    if not np.isfinite([col, row]).all():
        raise FrameError(expected_got(f"{frame.path} WCS", "a pixel for the window", "none"))
    psf, side = band.psf.at(row, col), pixel_side(band, col, row)
    if own:
        data, variance, mask = _cut(band, window)
    else:
        (data, variance, mask), steps = _resampled(band, window)
        carried = carried_psf(psf, steps)
        if carried is not psf:
            psf, side = carried, pixel_side_arcsec(window.wcs, middle)
    if not psf.fwhm_px > 0:
        raise FrameError(expected_got(f"{frame.path} PSF", "a width", psf.fwhm_px))
    return BandImage(
        data=data.astype(np.float32),
        variance=variance.astype(np.float32),
        mask=mask.astype(np.uint8),
        wcs=window.wcs,
        psf_fwhm_arcsec=psf.fwhm_px * side,
        psf=psf.image,
        psf_assumed=psf.assumed,
        noise_assumed=band.noise_assumed,
    )


def _cut(band: Band, window: Window) -> Planes:
    frame = band.frame
    return (
        cut(frame.data, window, 0.0),
        cut(frame.variance, window, 0.0),
        cut(band.mask, window, float(MaskBit.NO_DATA)),
    )


def _resampled(band: Band, window: Window) -> tuple[Planes, NDArray[np.float64]]:
    """Planes on a window, and (2, 2) frame row and column by window row and column, there."""
    frame = band.frame
    matrix, offset, residual = nearest_affine(window.wcs, window.shape, frame.wcs)
    start = np.rint(offset)
    reach = np.array(window.shape, dtype=float)
    off = residual + np.abs(matrix - np.eye(2)) @ reach + np.abs(offset - start)
    if off.max() < _SAME_PX:  # the same pixels, of which nothing shall be smeared
        y0, x0 = (int(value) for value in start)
        there = replace(window, x0=x0, y0=y0)
        return _cut(band, there), matrix
    if residual <= MAX_RESIDUAL_PX and np.hypot(*matrix).max() <= POINT_SCALE:
        planes = resample(frame.data, frame.variance, band.mask, matrix, offset, window.shape)
        return planes, matrix
    pixels = pixel_map(window.wcs, window.shape, frame.wcs)
    ny, nx = window.shape
    planes = resample_mapped(frame.data, frame.variance, band.mask, pixels)
    return planes, pixels.steps[:, :, ny // 2, nx // 2]


def pixel_side(band: Band, x: float | None = None, y: float | None = None) -> float:
    """Pixel side of a band's frame, arcsec, at a pixel or, without one, its reference pixel.

    Raises
    ------
    FrameError
        If its WCS has none.
    """
    wcs = band.frame.wcs
    area = abs(float(np.linalg.det(wcs.pixel_scale_matrix)))
    if not area > 0:
        raise FrameError(
            expected_got(f"{band.frame.path} CD", "a matrix that can be inverted", area)
        )
    plain = float(np.sqrt(area) * 3600)
    if x is None or y is None:
        return plain
    local = pixel_side_arcsec(wcs, (x, y))
    # Bit for bit that of the matrix where the projection changes it by nothing that counts.
    return local if abs(local / plain - 1) > _STEADY else plain


def trimmed(plane: BandImage, window: Window, side: int) -> BandImage:
    """The square of ``side`` px in the middle of a band that lies on ``window``."""
    inner = window.inner(side)
    wcs = window.wcs
    if side != window.shape[0]:
        wcs = shifted(wcs, inner[1].start, inner[0].start)
    return BandImage(
        data=np.ascontiguousarray(plane.data[inner]),
        variance=np.ascontiguousarray(plane.variance[inner]),
        mask=np.ascontiguousarray(plane.mask[inner]),
        wcs=wcs,
        psf_fwhm_arcsec=plane.psf_fwhm_arcsec,
        psf=plane.psf,
        psf_assumed=plane.psf_assumed,
        noise_assumed=plane.noise_assumed,
    )
