"""A target that is a star: its PSF fitted on the sky around, nothing else being under it.

The PSF that a band states is not quite a star's: in the shared SDSS frames squared widths of bright
stars differ from it by 0.02 to 0.04 of its own (rms; up to 0.08 in u), places by 0.02 to 0.03 FWHM.
A fit of the PSF alone would make 1 to 2 % of it, of faint stars little beside their noise. So both
are fitted, too, as far as the star tells more of them than these widths do. What is left is the
scatter of bright stars about apertures of 7.4 arcsec: 0.5 to 0.7 % in r i z, 1.3 % in g.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray

from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.background import sky
from clumpscope.ops.host import host_centre
from clumpscope.ops.profiles import REACH_FWHM, Profile

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SHARE = 0.007  # of a star's flux, that the PSF leaves in doubt however bright it is
# In PSF-FWHM.
SKY_FWHM = (REACH_FWHM, 9.0)  # ring of the sky, where next to nothing of a star is left
_FIT = 1.5
_OFF = 0.5  # of a position from the target, at most
_SHIFT = 0.1  # prior rms of the place: positions from detections are worse than the PSF
_WIDTH = 0.05  # prior rms of the squared width beyond the PSF, over the PSF's own
_CLIP = 3.0  # rms of the sky
_LEAST_SKY = 100  # pixels


class StarFit(NamedTuple):
    """Weights (p,) on a band's pixels, the sky's level, and the share of the flux left in doubt."""

    weights: Values
    level: float
    doubt: float


def at_target(image: GalaxyImage, xy: Values, fwhm: float) -> int | None:
    """Which of the positions (n, 2) is the target itself, ``fwhm`` being the PSF's in pixels."""
    apart = np.hypot(*(xy - host_centre(image)).T)
    nearest = int(np.argmin(apart))
    return nearest if apart[nearest] <= _OFF * fwhm else None


def star_fit(
    data: Values,
    variance: Values,
    profile: Profile,
    offsets: tuple[Values, Values],
    usable: Flags,
    blank: Flags,
    fwhm: float,
) -> StarFit | None:
    """Fit the PSF, its shifts and its broadening to a star.

    Weights are least squares with a Gaussian prior on all terms but the flux, in units of the flux
    that the PSF alone gives.

    Parameters
    ----------
    data, variance
        (p,) pixels and their variance.
    profile, fwhm
        PSF, and its FWHM in pixels.
    offsets
        (p,) columns and rows of the pixels from the star.
    usable
        (p,) True where a pixel counts.
    blank
        (p,) True where it tells of the sky.

    Returns
    -------
    None where there is too little sky, or nothing is seen of the star.
    """
    dx, dy = offsets
    distance = np.hypot(dx, dy)
    level, rms = sky(data, blank)
    ring = blank & (np.abs(data - level) <= _CLIP * rms)
    near = usable & (distance < _FIT * fwhm)
    if np.count_nonzero(ring) < _LEAST_SKY or not near.any():
        return None
    reach = distance < REACH_FWHM * fwhm
    shifts = [
        profile.at(dx - a / 2, dy - b / 2, reach) - profile.at(dx + a / 2, dy + b / 2, reach)
        for a, b in ((1, 0), (0, 1))
    ]
    terms = np.stack([profile.at(dx, dy, reach), *shifts, profile.laplacian(dx, dy, reach)])
    square = (fwhm / gaussian_sigma_to_fwhm) ** 2
    spread = np.array([_SHIFT * fwhm, _SHIFT * fwhm, _WIDTH * square / 2])
    fitted = terms * near
    plain = _above(fitted[0], ring)
    noise = float(np.median(variance[near]))
    flux = max(plain @ data / (plain @ terms[0]), 1e-3 * np.sqrt(noise))
    normal = fitted @ fitted.T
    normal[np.diag_indices(4)] += np.append(0.0, noise / (flux * spread) ** 2)
    weights = _above(np.linalg.solve(normal, fitted)[0], ring)
    left = spread * (terms[1:] @ weights) / (terms[0] @ weights)
    doubt = np.sqrt(_SHARE**2 + (left**2).sum())
    return StarFit(weights, float(data[ring].mean()), float(doubt))


def _above(weights: Values, ring: Flags) -> Values:
    """Weights that take the ring's mean off."""
    above: Values = weights - weights.sum() / np.count_nonzero(ring) * ring
    return above
