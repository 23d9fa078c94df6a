"""A field's band on a window of a frame: cut, or resampled."""

import numpy as np

from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.resample import fit_affine, resample
from clumpscope.ops.window import Window, cut


def on_window(band: Band, window: Window, *, own: bool) -> BandImage:
    """One band on a window of a frame: cut if that is its ``own``, else resampled."""
    frame = band.frame
    ny, nx = window.shape
    middle = native_to_sky([(nx - 1) / 2, (ny - 1) / 2], window.wcs)
    col, row = (float(value) for value in sky_to_native(middle, frame.wcs)[0])
    if own:
        data = cut(frame.data, window, 0.0)
        variance = cut(frame.variance, window, 0.0)
        mask = cut(band.mask, window, float(MaskBit.NO_DATA))
    else:
        matrix, offset = fit_affine(window.wcs, window.shape, frame.wcs)
        data, variance, mask = resample(
            frame.data, frame.variance, band.mask, matrix, offset, window.shape
        )
    psf = band.psf.at(row, col)
    pixscale = pixel_side(band)
    return BandImage(
        data=data.astype(np.float32),
        variance=variance.astype(np.float32),
        mask=mask.astype(np.uint8),
        wcs=window.wcs,
        psf_fwhm_arcsec=psf.fwhm_px * pixscale,
        psf=psf.image,
        psf_assumed=psf.assumed,
        noise_assumed=band.noise_assumed,
    )


def pixel_side(band: Band) -> float:
    """Pixel side of a band's frame, arcsec.

    Raises
    ------
    FrameError
        If its WCS has none.
    """
    area = abs(float(np.linalg.det(band.frame.wcs.pixel_scale_matrix)))
    if not area > 0:
        raise FrameError(
            expected_got(f"{band.frame.path} CD", "a matrix that can be inverted", area)
        )
    return float(np.sqrt(area) * 3600)


def trimmed(plane: BandImage, window: Window, side: int) -> BandImage:
    """The square of ``side`` px in the middle of a band that lies on ``window``."""
    inner = window.inner(side)
    wcs = window.wcs
    if side != window.shape[0]:
        wcs = wcs.deepcopy()
        wcs.wcs.crpix = wcs.wcs.crpix - [inner[1].start, inner[0].start]
        wcs.wcs.set()
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
