"""Where an image's pixels lie: what can be known of it without reading them."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales


def pixel_side_arcsec(wcs: WCS) -> float:
    """Pixel side, arcsec (geometric mean of both axes)."""
    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)


@dataclass(frozen=True, eq=False)
class Grid:
    """The pixel grid of one image.

    Attributes
    ----------
    shape
        (ny, nx).
    wcs
        Celestial WCS, or ``None`` for an image without one.
    psf_fwhm_px
        PSF-FWHM in its reference band, pixels; NaN where the pixels' side is not known.
    """

    shape: tuple[int, int]
    wcs: WCS | None = None
    psf_fwhm_px: float = float("nan")
