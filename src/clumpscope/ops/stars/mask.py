"""Stars taken out of a galaxy's image: bright ones masked, faint ones named to be fitted."""

from dataclasses import replace

import numpy as np
from astropy.coordinates import angular_separation
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.frames import middle_of, native_to_sky, sky_to_native
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.core.stars import Stars
from clumpscope.ops.host import host_centre, reference_band

Flags = NDArray[np.bool_]

_OWN = 2.0  # PSF-FWHM: a star so near to the target is the target
_ARM = 2.0  # px, half the width of a diffraction spike
# A target in the halo of a bright star is measured on it, not masked with it.
_HALO = 15.0  # arcsec: smaller masks stay
_INNER = 0.4  # of a halo's radius, masked in any case: it is about 3 sigma there


def with_stars(image: GalaxyImage, stars: Stars) -> GalaxyImage:
    """``image`` with bright stars in its masks, and the places of faint ones as its ``stars``.

    Parameters
    ----------
    image
        With a WCS; without one it is returned as it is.
    stars
        Of its field or of itself, anywhere on the sky; see `seen_from`.
    """
    if image.wcs is None or not len(stars):
        return image
    target = native_to_sky(host_centre(image), image.wcs)[0]
    fwhm = image[reference_band(image)].psf_fwhm_arcsec
    stars = seen_from(stars, float(target[0]), float(target[1]), fwhm)
    bright = star_mask(image.shape, image.wcs, stars[~stars.faint])
    faint = sky_to_native(np.column_stack([stars.ra, stars.dec])[stars.faint], image.wcs)
    ny, nx = image.shape
    faint = faint[((faint > -0.5) & (faint < [nx - 0.5, ny - 0.5])).all(axis=1)]
    col, row = np.rint(faint).astype(int).T
    faint = faint[~bright[row, col]]  # in the light of a bright star none can be fitted
    star = np.uint8(MaskBit.STAR)
    bands = {
        band: replace(plane, mask=np.where(bright, plane.mask | star, plane.mask).astype(np.uint8))
        for band, plane in image.bands.items()
    }
    return replace(image, bands=bands if bright.any() else image.bands, stars=faint)


def seen_from(stars: Stars, ra: float, dec: float, fwhm_arcsec: float) -> Stars:
    """Stars as they count for a target: without itself, halos in which it lies cut back.

    Parameters
    ----------
    ra, dec
        Of the target, degrees.
    fwhm_arcsec
        PSF-FWHM; a star within two of it is the target.
    """
    away, radius = _away(stars, ra, dec), stars.radius_arcsec
    halo = (radius > _HALO) & (away < radius)
    cut = np.minimum(radius, np.maximum(_INNER * radius, away / 2))
    return replace(stars, radius_arcsec=np.where(halo, cut, radius))[away >= _OWN * fwhm_arcsec]


def in_halo(stars: Stars, ra: float, dec: float) -> bool:
    """Whether a target lies in the halo of a bright star, which `seen_from` cuts back."""
    radius = stars.radius_arcsec
    return bool(((radius > _HALO) & (_away(stars, ra, dec) < radius)).any())


def _away(stars: Stars, ra: float, dec: float) -> NDArray[np.float64]:
    """(n,) arcsec from a place."""
    places = np.radians([stars.ra, stars.dec])
    away: NDArray[np.float64] = angular_separation(*places, *np.radians([ra, dec]))
    return np.degrees(away) * 3600


def star_mask(shape: tuple[int, int], wcs: WCS, stars: Stars) -> Flags:
    """(ny, nx) True within the radius of a star, and on its diffraction spikes."""
    masked = np.zeros(shape, dtype=bool)
    if not len(stars):
        return masked
    sky = np.column_stack([stars.ra, stars.dec])
    xy, scale = sky_to_native(sky, wcs), pixel_side_arcsec(wcs, middle_of(shape))
    arm = sky_to_native(sky + _ahead(stars) / 3600, wcs) - xy
    arm /= np.maximum(np.hypot(*arm.T), 1e-9)[:, None]
    radius = stars.radius_arcsec / scale
    length = np.where(stars.spike_arcsec > stars.radius_arcsec, stars.spike_arcsec / scale, 0)
    reach = np.maximum(radius, length)
    ny, nx = shape
    near = ((xy > -reach[:, None] - 1) & (xy < np.array([nx, ny]) + reach[:, None])).all(axis=1)
    for k in np.flatnonzero(near):
        rows, cols = (
            slice(max(int(at - reach[k]) - 1, 0), max(min(int(at + reach[k]) + 3, n), 0))
            for at, n in ((xy[k, 1], ny), (xy[k, 0], nx))
        )
        y, x = np.mgrid[rows, cols]
        dx, dy = x - xy[k, 0], y - xy[k, 1]
        along, across = dx * arm[k, 0] + dy * arm[k, 1], dy * arm[k, 0] - dx * arm[k, 1]
        there = np.hypot(dx, dy) < radius[k]
        there |= (np.abs(across) < _ARM) & (np.abs(along) < length[k])
        there |= (np.abs(along) < _ARM) & (np.abs(across) < length[k])
        masked[rows, cols] |= there
    return masked


def _ahead(stars: Stars) -> NDArray[np.float64]:
    """(n, 2) steps in ra and dec of an arcsec along a spike, arcsec."""
    turn = np.radians(stars.spike_angle_deg)
    return np.column_stack([np.sin(turn) / np.cos(np.radians(stars.dec)), np.cos(turn)])
