"""The PSF of a band, from the image that lies beside it and from what is said of its width."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.cards import number
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.psf_image import prepared_psf, psf_moments

_OFF_CENTRE_PX = 0.05  # moments of SDSS's own images are off by up to 0.04
_OFF_SUM = 1e-3
_OFF_WIDTH = 1.2  # ratio: the same PSF by another definition of its width differs less
_WRONG_WIDTH = 1.5  # ratio: a wrong unit, or finer pixels


def read_psf(
    band: str, hdu: fits.ImageHDU | None, fwhm_arcsec: float, wcs: WCS | None, *, said: bool
) -> tuple[NDArray[np.float32] | None, float, bool]:
    """PSF image of a band, its FWHM in arcsec, and whether that is in doubt.

    An image that is an odd square of sum 1 and centred to 0.05 px stays as it is, others are
    made so (`prepared_psf`); a card OVERSAMP says that its pixels are finer. Where the image's
    adaptive width is not ``fwhm_arcsec`` to a factor of 1.2 the image counts, in doubt.

    Parameters
    ----------
    hdu
        ``<band>_PSF``; where there is none, the width is all that is known.
    fwhm_arcsec, said
        What is known of the width, and whether the band's own header says it.
    wcs
        Of the band; without one the widths cannot be compared.

    Raises
    ------
    ImageError
        If the image cannot be used, or the header's width is off by more than a factor of 1.5.
    """
    if hdu is None:
        return None, fwhm_arcsec, False
    what = f"band {band} psf"
    oversampling = 1.0
    if "OVERSAMP" in hdu.header:
        oversampling = number(hdu.header, "OVERSAMP", what, ImageError)
    image = np.asarray(hdu.data).astype(np.float32)
    width_px = _width_if_ready(image) if oversampling == 1 else None
    if width_px is None:
        image = prepared_psf(image, what, oversampling)
        width_px = psf_moments(image)[0]
    if wcs is None:
        return image, fwhm_arcsec, False
    measured = width_px * pixel_side_arcsec(wcs)
    off = max(measured / fwhm_arcsec, fwhm_arcsec / measured)
    if said and off > _WRONG_WIDTH:
        raise ImageError(
            expected_got(
                f"band {band} PSFFWHM",
                f"that of {band}_PSF, {measured:.3g} arcsec",
                f"{fwhm_arcsec:.3g} arcsec",
                "give PSFFWHM in arcsec, and OVERSAMP in the header of a PSF image whose pixels "
                "are finer; or leave one of the two out",
            )
        )
    return image, measured if off > _OFF_WIDTH else fwhm_arcsec, off > _OFF_WIDTH


def _width_if_ready(image: NDArray[np.float32]) -> float | None:
    """FWHM in pixels of an image that needs nothing done to it, else none."""
    if image.ndim != 2 or image.shape[0] != image.shape[1] or image.shape[0] % 2 == 0:
        return None
    if not abs(float(image.sum()) - 1) <= _OFF_SUM:
        return None
    fwhm, x, y = psf_moments(image)
    half = image.shape[0] // 2
    centred = max(abs(x - half), abs(y - half)) <= _OFF_CENTRE_PX
    return fwhm if centred and 0.5 <= fwhm <= image.shape[0] / 2 else None
