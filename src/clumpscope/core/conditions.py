"""How an image was taken: what is doubtful of it, and whether a detector has seen the like."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clumpscope.core.bands import reference_of
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import AnyImage, ColourImage

# Noise of single-epoch SDSS in r over a square arcsec, nmgy: a sky of 20.86 mag a square arcsec,
# gain 4.72, 0.005 nmgy a DN (SDSS data model; simulated surveys).
SDSS_NOISE_R = 0.071
SLACK = 1.02  # a pixel of 0.3961 arcsec is one of 0.396
_BAND = "r"  # of that noise
_QUIET = 25  # percentile of the variance: the sky, not the galaxy


def image_flags(image: AnyImage, bands: Iterable[str] | None = None) -> ClumpFlag:
    """What is doubtful of a whole image: PSF_ASSUMED, NOISE_ASSUMED and NO_WCS.

    Parameters
    ----------
    image
        Bands or a picture.
    bands
        Those that count, by default all; one that the image lacks says nothing.
    """
    if isinstance(image, ColourImage):
        return ClumpFlag.NO_WCS | (ClumpFlag.PSF_ASSUMED if image.psf_assumed else 0)
    planes = [image.bands[band] for band in bands or image.bands if band in image.bands]
    flags = ClumpFlag(0)
    if image.wcs is None:
        flags |= ClumpFlag.NO_WCS
    if any(plane.psf_assumed for plane in planes):
        flags |= ClumpFlag.PSF_ASSUMED
    if any(plane.noise_assumed for plane in planes):
        flags |= ClumpFlag.NOISE_ASSUMED
    return flags


@dataclass(frozen=True)
class Conditions:
    """PSF-FWHM and pixel side in arcsec, noise over that of SDSS; NaN where unknown."""

    psf_fwhm_arcsec: float
    pixscale_arcsec: float
    noise_over_sdss: float

    @classmethod
    def of(cls, image: AnyImage) -> "Conditions":
        """Those of the reference band of an image with a WCS, or of a bare picture.

        Noise is that in r; nobody says what it would be for SDSS in another band.
        """
        if isinstance(image, ColourImage):
            return cls(image.psf_fwhm_arcsec, image.pixscale_arcsec, float("nan"))
        if image.wcs is None:
            return cls(float("nan"), float("nan"), float("nan"))
        fwhm = image[reference_of(image.bands)].psf_fwhm_arcsec
        if _BAND not in image.bands:
            return cls(fwhm, image.pixscale_arcsec, float("nan"))
        plane = image[_BAND]
        variance = plane.variance[plane.good & np.isfinite(plane.variance)]
        variance = variance[variance > 0]
        sky = float(np.sqrt(np.percentile(variance, _QUIET))) if variance.size else float("nan")
        noise = sky / image.pixscale_arcsec / SDSS_NOISE_R
        return cls(fwhm, image.pixscale_arcsec, noise)
