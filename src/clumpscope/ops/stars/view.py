"""One band in which stars are looked for, of a field or of a cutout."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.frames import middle_of, sky_to_native
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.ops.profiles import Profile

Values = NDArray[np.float64]
Image = NDArray[np.float32]

_CELL = 256  # px over which one PSF serves
_BESIDE = np.indices((3, 3)).reshape(2, -1) - 1


@dataclass(frozen=True, eq=False)
class View:
    """One band.

    Attributes
    ----------
    data, variance, mask
        (ny, nx): nanomaggy, its square, `MaskBit`.
    wcs
        Celestial WCS.
    psf
        From row and column to the PSF's image (k, k) there, of sum 1, or None, and its FWHM in
        pixels.
    """

    data: Image
    variance: Image
    mask: NDArray[np.uint8]
    wcs: WCS
    psf: Callable[[float, float], tuple[Image | None, float]]
    _profiles: dict[tuple[int, int], tuple[Profile, float] | None] = field(default_factory=dict)

    @cached_property
    def noise(self) -> float:
        """Median noise a pixel, nanomaggy; NaN where there are no data."""
        sample = self.variance[::7, ::7]
        known = sample[np.isfinite(sample) & (sample > 0)]
        return float(np.sqrt(np.median(known))) if known.size else float("nan")

    @cached_property
    def pixscale_arcsec(self) -> float:
        """Pixel side, arcsec."""
        return pixel_side_arcsec(self.wcs, middle_of(self.data.shape))

    def xy(self, sky: Values) -> Values:
        """(n, 2) pixels of places (n, 2) on the sky, degrees."""
        return sky_to_native(sky, self.wcs)

    def profile(self, x: float, y: float) -> tuple[Profile, float] | None:
        """PSF near a pixel, and its FWHM in pixels: one for each 256 px; none where it is void."""
        cell = int(y // _CELL), int(x // _CELL)
        if cell not in self._profiles:
            found = self._local(*((index + 0.5) * _CELL for index in cell))
            self._profiles[cell] = None if found is None else (Profile.of(*found), found[1])
        return self._profiles[cell]

    def _local(self, row: float, col: float) -> tuple[Image | None, float] | None:
        try:
            return self.psf(row, col)
        except Exception:  # a PSF that fails somewhere leaves no field without its stars
            return None

    @cached_property
    def fwhm_px(self) -> float:
        """PSF-FWHM in the middle, pixels; NaN where it is void."""
        ny, nx = self.data.shape
        found = self._local(ny / 2, nx / 2)
        return float("nan") if found is None else found[1]

    def saturated(self, xy: Values) -> NDArray[np.bool_]:
        """(n,) True where a saturated pixel is within a pixel of a place (n, 2)."""
        ny, nx = self.data.shape
        col, row = np.rint(xy).astype(int).T[..., None]
        y, x = row + _BESIDE[0], col + _BESIDE[1]
        on = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        bits = self.mask[np.clip(y, 0, ny - 1), np.clip(x, 0, nx - 1)]
        hit: NDArray[np.bool_] = (on & (bits & MaskBit.SATURATED > 0)).any(axis=1)
        return hit


def views_of(image: GalaxyImage) -> dict[str, View]:
    """The bands of a cutout; none without a WCS."""
    views = {}
    for band, plane in image.bands.items():
        if plane.wcs is None:
            return {}
        fwhm = plane.psf_fwhm_arcsec / image.pixscale_arcsec
        views[band] = View(
            plane.data, plane.variance, plane.mask, plane.wcs, _same(plane.psf, fwhm)
        )
    return views


def _same(psf: Image | None, fwhm: float) -> Callable[[float, float], tuple[Image | None, float]]:
    return lambda _row, _col: (psf, fwhm)
