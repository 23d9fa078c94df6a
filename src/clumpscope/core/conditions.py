"""How an image was taken: what a detector must have seen in training to be trusted."""

from dataclasses import dataclass

import numpy as np

from clumpscope.core.galaxy import ColourImage, GalaxyImage

# Noise of single-epoch SDSS in r over a square arcsec, nmgy: a sky of 20.86 mag a square arcsec,
# gain 4.72, 0.005 nmgy a DN (FACTS.md; the benchmark of simulated surveys).
SDSS_NOISE_R = 0.071
_QUIET = 25  # percentile of the variance: the sky, not the galaxy


@dataclass(frozen=True)
class Conditions:
    """PSF-FWHM and pixel side in arcsec, noise over that of SDSS; NaN where unknown."""

    psf_fwhm_arcsec: float
    pixscale_arcsec: float
    noise_over_sdss: float

    @classmethod
    def of(cls, image: GalaxyImage | ColourImage) -> "Conditions":
        """Those of the r band of an image with a WCS, or of a bare picture."""
        if isinstance(image, ColourImage):
            return cls(image.psf_fwhm_arcsec, image.pixscale_arcsec, float("nan"))
        if image.wcs is None or "r" not in image.bands:
            return cls(float("nan"), float("nan"), float("nan"))
        plane = image["r"]
        variance = plane.variance[plane.good & np.isfinite(plane.variance)]
        variance = variance[variance > 0]
        sky = float(np.sqrt(np.percentile(variance, _QUIET))) if variance.size else float("nan")
        noise = sky / image.pixscale_arcsec / SDSS_NOISE_R
        return cls(plane.psf_fwhm_arcsec, image.pixscale_arcsec, noise)
