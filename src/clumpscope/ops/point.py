"""Whether a target is a point: a star or a quasar, and no galaxy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.ops.host import host_centre, psf_fwhm_px, reference_band
from clumpscope.ops.profiles import Profile
from clumpscope.ops.psf import adaptive_moments

Values = NDArray[np.float64]

_BANDS = ("g", "r", "i")
# Stars of five SDSS fields, r = 15 to 18.5: widths below 1.17 of the PSF's, light beyond the PSF
# below 0.08; galaxies: above 1.4 and above 0.2.
_WIDEST = 1.2  # adaptive-moment FWHM over that of the PSF
_MOST_BEYOND = 0.1  # light in a ring over what the PSF has there, share of the core's flux
_LEAST_SNR = 4.0
_NOISE = 2.0  # sigma of either by which a faint source may exceed that
# Lengths are in PSF-FWHM.
_REACH = 4.0
_CORE = 0.8
_RINGS = ((1.0, 2.0), (1.5, 3.0))
_HALO = ((3.0, 3.5), (4.0, 4.5))  # rings about a saturated core: of stars, the outer one has ...
_STEEP = 0.6  # ... less than this of the inner one's light


def point_like(image: GalaxyImage) -> bool:
    """Whether the source at the host's centre is as narrow as the PSF in most of g, r, i.

    Where an image has none of these, its reference band tells.

    It is if the median of its adaptive-moment widths is below 1.2 of the PSF's and that of the
    light beyond the PSF below a tenth. Bands in which it is faint do not count; those in which it
    is saturated count only where no other does, by how steeply its halo falls.
    """
    centre = host_centre(image)
    bands = [band for band in _BANDS if band in image.bands] or [reference_band(image)]
    planes = [(image[band], psf_fwhm_px(image, band)) for band in bands]
    halos = [_halo(*pair, centre) for pair in planes if _saturated(*pair, centre)]
    if halos and np.median(halos) < _STEEP:
        return True
    whole = [pair for pair in planes if not _saturated(*pair, centre)]
    sources = [found for pair in whole if (found := _Source.of(*pair, centre)) is not None]
    # Most targets end here: most galaxies are wide.
    if not sources or not np.median([one.least_width for one in sources]) < _WIDEST:
        return False
    return bool(np.median([one.least_beyond() for one in sources]) < _MOST_BEYOND)


def _saturated(plane: BandImage, fwhm: float, centre: Values) -> bool:
    rows, cols = np.nonzero(plane.mask & MaskBit.SATURATED)
    return bool((np.hypot(cols - centre[0], rows - centre[1]) < fwhm).any())


def _grid(shape: tuple[int, ...]) -> tuple[Values, Values]:
    """(ny, nx) rows and columns of pixels."""
    grid = np.indices(shape).astype(float)
    return grid[0], grid[1]


@dataclass(frozen=True, eq=False)
class _Source:
    """The source at a place of a band, in a window.

    Attributes
    ----------
    data, variance
        (ny, nx) of the window; data are 0 where not finite.
    finite
        (ny, nx) where it is.
    x, y
        Centroid in the window.
    width
        Adaptive-moment FWHM over that of the PSF; infinite where moments do not converge.
    fwhm
        Of the PSF, pixels.
    snr
        Signal-to-noise of its flux.
    """

    plane: BandImage
    data: Values
    variance: NDArray[np.float32]
    finite: NDArray[np.bool_]
    x: float
    y: float
    width: float
    fwhm: float
    snr: float

    @classmethod
    def of(cls, plane: BandImage, fwhm: float, centre: Values) -> "_Source | None":
        """The source; ``None`` of a faint one."""
        half = int(np.ceil(_REACH * fwhm))
        x0, y0 = (max(round(float(value)) - half, 0) for value in centre)
        window = slice(y0, y0 + 2 * half + 1), slice(x0, x0 + 2 * half + 1)
        finite = np.isfinite(plane.data[window])
        data = np.where(finite, plane.data[window], 0).astype(float)
        variance = plane.variance[window]
        start = float(centre[0]) - x0, float(centre[1]) - y0
        width, x, y, flux = adaptive_moments(data, start)
        if not np.isfinite(width):
            return cls(plane, data, variance, finite, *start, np.inf, fwhm, np.inf)
        # The noise of a Gaussian's flux, fitted to white noise.
        noise = np.sqrt(np.median(variance) * np.pi / (2 * np.log(2))) * width
        if not (noise > 0 and flux > _LEAST_SNR * noise):
            return None
        return cls(plane, data, variance, finite, x, y, width / fwhm, fwhm, float(flux / noise))

    @property
    def least_width(self) -> float:
        """Width less so many sigma of it: 1 over the signal-to-noise."""
        return self.width * (1 - _NOISE / self.snr)

    def least_beyond(self) -> float:
        """Share of its light that a point source as bright in the core has not, less its noise."""
        rows, cols = _grid(self.data.shape)
        dx, dy = cols - self.x, rows - self.y
        distance = np.hypot(dx, dy) / self.fwhm
        point = Profile.of(self.plane, self.fwhm).at(dx, dy, distance < _REACH)
        core = self.finite & (distance < _CORE)
        flux = float((point * self.data)[core].sum() / max((point[core] ** 2).sum(), 1e-12))
        if not flux > 0:
            return np.inf
        shares = []
        for inner, outer in _RINGS:
            ring = self.finite & (distance >= inner) & (distance < outer)
            area = np.pi * (outer**2 - inner**2) * self.fwhm**2
            rest = self.data[ring] - flux * point[ring]
            noise = np.sqrt(np.pi / 2 * np.mean(self.variance[ring]) / max(rest.size, 1))
            shares.append(float(np.median(rest) - _NOISE * noise) * area / flux)
        return max(shares)


def _halo(plane: BandImage, fwhm: float, centre: Values) -> float:
    """How the light around a saturated core falls by one FWHM; 0 where all is saturated."""
    rows, cols = _grid(plane.data.shape)
    burnt = plane.mask & MaskBit.SATURATED > 0
    core = burnt & (np.hypot(cols - centre[0], rows - centre[1]) < fwhm)
    middle = centre if not core.any() else np.array([np.median(cols[core]), np.median(rows[core])])
    distance = np.hypot(cols - middle[0], rows - middle[1]) / fwhm
    good = ~burnt & np.isfinite(plane.data)
    rings = [good & (distance >= inner) & (distance < outer) for inner, outer in _HALO]
    if not all(ring.any() for ring in rings):
        return 0.0
    near, far = (float(np.median(plane.data[ring])) for ring in rings)
    return far / near if near > 0 else 1.0
