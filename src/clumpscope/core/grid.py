"""Where an image's pixels lie: what can be known of it without reading them."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

_WIDEST_DEG = 1.0  # side of a pixel


def pixel_side_arcsec(wcs: WCS) -> float:
    """Pixel side, arcsec (geometric mean of both axes)."""
    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)


def flaw_of(wcs: WCS) -> str:
    """What makes a celestial WCS useless; empty if nothing does."""
    with np.errstate(invalid="ignore"):  # of infinity, which is told
        matrix = wcs.pixel_scale_matrix
    if not np.isfinite([*wcs.wcs.crval, *wcs.wcs.crpix, *matrix.flat]).all():
        return "a number that is not finite"
    area = abs(np.linalg.det(matrix))
    if not 0 < area < _WIDEST_DEG**2:
        return f"pixels of {np.sqrt(area):g} degrees"
    return ""


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
