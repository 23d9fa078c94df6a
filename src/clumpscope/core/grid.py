"""Where an image's pixels lie: what can be known of it without reading them."""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import ArrayLike, NDArray

_WIDEST_DEG = 1.0  # side of a pixel
_STEADY = 1e-3  # of the side, that a distortion must change to count


def pixel_side_arcsec(wcs: WCS, at: ArrayLike | None = None) -> float:
    """Pixel side, arcsec (geometric mean of both axes).

    That of the matrix, unless distortion or projection make it another by 0.1 % or more.

    Parameters
    ----------
    wcs
        Celestial WCS.
    at
        (x, y) native pixel where it holds; the reference pixel if not given.
    """
    plain = float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs))) * 3600)
    here = np.asarray(wcs.wcs.crpix - 1 if at is None else at, dtype=float)
    local = float(np.sqrt(abs(pixel_area(wcs, here))) * 3600)
    return local if np.isfinite(local) and abs(local / plain - 1) > _STEADY else plain


def pixel_area(wcs: WCS, at: ArrayLike) -> float:
    """Area of the pixel at native (x, y) on the sky, square degrees; its sign is the parity."""
    return float(pixel_areas(wcs, np.asarray(at, dtype=float)[None])[0])


def pixel_areas(wcs: WCS, places: ArrayLike) -> NDArray[np.float64]:
    """Areas (n,) of the pixels at native (n, 2) x and y, as `pixel_area`."""
    ends = np.asarray(places, dtype=float)[:, None] + [[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]]
    a, d = np.radians(wcs.all_pix2world(ends.reshape(-1, 2), 0).T).reshape(2, -1, 4)
    sky = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    (x1, y1, z1), (x2, y2, z2) = (sky[:, :, k] - sky[:, :, k + 1] for k in (0, 2))
    outward = sky.mean(axis=2)
    cross = np.array([y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2])
    return np.asarray(np.degrees(np.degrees((cross * outward).sum(axis=0))))


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
