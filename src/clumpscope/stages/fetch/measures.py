"""What the host table wants to know of a galaxy and a target list may not say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.ops.background import sky
from clumpscope.stages.fetch.band import Band
from clumpscope.stages.fetch.host import Host, axis_ratio_and_angle, find_host
from clumpscope.stages.fetch.petrosian import NO_PETROSIAN, Petrosian, aperture_flux, petrosian
from clumpscope.stages.fetch.resample import Grid, cut

_FIRST_SIDE = 201  # px of the first stamp, 80" in SDSS; doubled until the aperture is well inside
_SKY = (1.25, 2.0)  # ring of the sky around an aperture, in the aperture's radius
_LEAST_SKY = 200  # px


@dataclass(frozen=True, eq=False)
class HostShape:
    """A host measured in the grid band.

    Attributes
    ----------
    petrosian
        Radii (pixels) and flux; NaN where it could not be measured.
    axis_ratio, position_angle_deg
        From second moments; NaN without a source.
    host
        The host in its stamp.
    grid
        The stamp's place on that band's frame.
    """

    petrosian: Petrosian
    axis_ratio: float
    position_angle_deg: float
    host: Host
    grid: Grid

    @property
    def side_px(self) -> int:
        """Side of a window around the target that holds the aperture and sky beyond; odd."""
        aperture = self.petrosian.aperture
        if not aperture > 0:
            return 1
        middle = (self.grid.shape[0] - 1) / 2
        aside = max(abs(self.host.x - middle), abs(self.host.y - middle))
        return min(2 * int(np.ceil(_SKY[1] * aperture + aside)) + 1, self.grid.shape[0])


def measure_host(band: Band, x: float, y: float, largest: float) -> HostShape:
    """Measure the galaxy at pixel (x, y) of a frame in a stamp that grows to hold its aperture.

    Parameters
    ----------
    band
        The grid band.
    x, y
        0-based pixels of the frame.
    largest
        Side beyond which no stamp grows, pixels.
    """
    side = _FIRST_SIDE
    while True:
        shape = _measure(band, Grid.centred(band.frame.wcs, x, y, side))
        half = (side - 1) / 2
        if _SKY[1] * shape.petrosian.aperture < half or 2 * side > largest:
            return shape
        side = 2 * side + 1


def _measure(band: Band, grid: Grid) -> HostShape:
    data = cut(band.frame.data, grid, 0.0).astype(np.float32)
    variance = cut(band.frame.variance, grid, 0.0).astype(np.float32)
    mask = cut(band.mask, grid, float(MaskBit.NO_DATA)).astype(np.uint8)
    empty = (mask & MaskBit.NO_DATA) > 0
    middle = (grid.shape[0] - 1) / 2
    fwhm = band.psf.at(grid.y0 + middle, grid.x0 + middle).fwhm_px
    host = find_host(data, variance, _unusable(mask), empty, middle, middle, fwhm)
    light = data - np.float32(host.level)
    limit = middle - max(abs(host.x - middle), abs(host.y - middle))
    # Without a source there is only noise, which also has a ratio of 0.2 somewhere.
    seen = bool(host.member.any())
    found = petrosian(light, host.good, host.x, host.y, limit) if seen else NO_PETROSIAN
    if found.aperture > 0:  # once more on the sky next to it, as the fluxes will be
        host = replace(host, level=_sky_around(data, host.good, host.x, host.y, found.aperture)[0])
        light = data - np.float32(host.level)
        again = petrosian(light, host.good, host.x, host.y, limit)
        found = again if again.aperture > 0 else found
    ratio, angle = axis_ratio_and_angle(light, host, grid.wcs)
    return HostShape(found, ratio, angle, host, grid)


def _unusable(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # A cosmic ray's pixels are filled in, which serves a galaxy's total well.
    bad: NDArray[np.bool_] = (mask & ~np.uint8(MaskBit.COSMIC_RAY)) > 0
    return bad


def fluxes(planes: Mapping[str, BandImage], shape: HostShape) -> dict[str, tuple[float, float]]:
    """Flux and error (nanomaggy) in each band through the grid band's Petrosian aperture.

    Neighbours found in it are masked in all bands. Frames are sky-subtracted and nothing more is
    taken off, as in SDSS's photoObj; the error includes that of the sky around the aperture.

    Parameters
    ----------
    planes
        Bands on its pixels, in windows of one odd side around the target.
    shape
        Of `measure_host`.
    """
    found = {}
    for name, plane in planes.items():
        inset = (shape.grid.shape[0] - plane.data.shape[0]) // 2
        x, y, radius = shape.host.x - inset, shape.host.y - inset, shape.petrosian.aperture
        apart = _centred(shape.host.good, inset, fill=True)
        usable = apart & ~_unusable(plane.mask)
        _, level_error = _sky_around(plane.data, usable, x, y, radius)
        flux, error = aperture_flux(plane.data, plane.variance, usable, x, y, radius)
        found[name] = (flux, float(np.hypot(error, np.pi * radius**2 * level_error)))
    return found


def _centred(plane: NDArray[np.bool_], inset: int, *, fill: bool) -> NDArray[np.bool_]:
    """``plane`` less ``inset`` px on all sides, or more where that is negative."""
    if inset > 0:
        return plane[inset:-inset, inset:-inset]
    return np.pad(plane, -inset, constant_values=fill)


def _sky_around(
    data: NDArray[np.floating], good: NDArray[np.bool_], x: float, y: float, aperture: float
) -> tuple[float, float]:
    """Clipped median of the sky around an aperture and its error.

    Both are 0 where too few pixels are left to tell: frames come sky-subtracted.
    """
    rows, cols = np.indices(data.shape)
    radius = np.hypot(rows - y, cols - x)
    ring = good & (radius > _SKY[0] * aperture) & (radius < _SKY[1] * aperture)
    seen = int(ring.sum())
    if seen < _LEAST_SKY:
        return 0.0, 0.0
    level, rms = sky(data, ring)
    # The median of N normal values scatters by sqrt(pi / 2N).
    return level, rms * float(np.sqrt(np.pi / 2 / seen))
