"""What the host table wants to know of a galaxy and a target list may not say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.field import Band
from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.core.stars import Stars
from clumpscope.ops.background import sky
from clumpscope.ops.stars import star_mask
from clumpscope.ops.window import Window, cut
from clumpscope.stages.fetch.host import Host, axis_ratio_and_angle, find_host
from clumpscope.stages.fetch.petrosian import NO_PETROSIAN, Petrosian, petrosian, two_apertures

_FIRST_SIDE = 201  # px of the first stamp, 80" in SDSS; doubled until the aperture is well inside
_SKY = (1.25, 2.0)  # ring of the sky around an aperture, in the aperture's radius
_LEAST_SKY = 200  # px
_SECTORS = 12  # of that ring: their scatter tells the sky's own
_BRIGHT = 8.0  # sigma: brighter pixels of sectors count as this
_GROWN = 1.25  # of an aperture: where the growth curve is looked at again
_CROWDED = 0.2  # of an aperture, masked


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
    masked
        Share of the aperture that is masked: stars, neighbours, defects.
    """

    petrosian: Petrosian
    axis_ratio: float
    position_angle_deg: float
    host: Host
    grid: Window
    masked: float

    @property
    def crowded(self) -> bool:
        """Whether more than a fifth of the aperture is masked."""
        return self.masked > _CROWDED

    @property
    def side_px(self) -> int:
        """Side of a window around the target that holds the aperture and sky beyond; odd."""
        aperture = self.petrosian.aperture
        if not aperture > 0:
            return 1
        middle = (self.grid.shape[0] - 1) / 2
        aside = max(abs(self.host.x - middle), abs(self.host.y - middle))
        return min(2 * int(np.ceil(_SKY[1] * aperture + aside)) + 1, self.grid.shape[0])


def measure_host(band: Band, x: float, y: float, stars: Stars, largest: float) -> HostShape:
    """Measure the galaxy at pixel (x, y) of a frame in a stamp that grows to hold its aperture.

    Parameters
    ----------
    band
        The grid band.
    x, y
        0-based pixels of the frame.
    stars
        Those of the field, as they count for this target.
    largest
        Side beyond which no stamp grows, pixels; nor does one beyond twice the frame.
    """
    ny, nx = band.frame.data.shape
    largest = min(largest, 4 * max(x, nx - 1 - x, y, ny - 1 - y))
    side = _FIRST_SIDE
    while True:
        shape = _measure(band, Window.centred(band.frame.wcs, x, y, side), stars)
        half = (side - 1) / 2
        if _SKY[1] * shape.petrosian.aperture < half or 2 * side > largest or shape.host.blank:
            return shape
        side = 2 * side + 1


def _measure(band: Band, grid: Window, stars: Stars) -> HostShape:
    data = cut(band.frame.data, grid, 0.0).astype(np.float32)
    variance = cut(band.frame.variance, grid, 0.0).astype(np.float32)
    mask = cut(band.mask, grid, float(MaskBit.NO_DATA)).astype(np.uint8)
    empty = (mask & MaskBit.NO_DATA) > 0
    middle = (grid.shape[0] - 1) / 2
    fwhm = band.psf.at(grid.y0 + middle, grid.x0 + middle).fwhm_px
    starlit = star_mask(grid.shape, grid.wcs, stars[~stars.faint])
    host = find_host(
        data, variance, _unusable(mask) | starlit, empty | starlit, middle, middle, fwhm
    )
    light = data - np.float32(host.level)
    limit = middle - max(abs(host.x - middle), abs(host.y - middle))
    # Without a source there is only noise, which also has a ratio of 0.2 somewhere.
    seen = bool(host.member.any())
    found = petrosian(light, host.good, host.x, host.y, limit) if seen else NO_PETROSIAN
    if found.aperture > 0:  # once more on the sky next to it, as the fluxes will be
        around = _sky_around(data, host.good, host.x, host.y, found.aperture)
        host = replace(host, level=around.level)
        light = data - np.float32(host.level)
        again = petrosian(light, host.good, host.x, host.y, limit)
        found = again if again.aperture > 0 else found
    ratio, angle = axis_ratio_and_angle(light, host, grid.wcs)
    return HostShape(found, ratio, angle, host, grid, _masked(host, found.aperture))


def _masked(host: Host, aperture: float) -> float:
    """Share of the aperture that is not good; 0 without one."""
    if not aperture > 0:
        return 0.0
    rows, cols = np.ogrid[: host.good.shape[0], : host.good.shape[1]]
    inside = np.hypot(rows - host.y, cols - host.x) < aperture
    return float(np.mean(~host.good[inside]))


def _unusable(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # A cosmic ray's pixels are filled in, which serves a galaxy's total well.
    bad: NDArray[np.bool_] = (mask & ~np.uint8(MaskBit.COSMIC_RAY)) > 0
    return bad


def fluxes(planes: Mapping[str, BandImage], shape: HostShape) -> dict[str, tuple[float, float]]:
    """Flux and error (nanomaggy) in each band through the grid band's Petrosian aperture.

    Stars and neighbours found in it are masked in all bands. The sky around the aperture is taken
    off: halos of stars, and what the frame's own sky left. The error includes that of this sky,
    from the scatter of its sectors.

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
        around = _sky_around(plane.data, usable, x, y, radius)
        light = plane.data - np.float32(around.level)
        flux, error, further = two_apertures(
            light, plane.variance, usable, x, y, radius, _GROWN * radius
        )
        of_sky = np.pi * radius**2 * np.hypot(around.error, around.patchy)
        # The growth curve should be flat here: what it still gains beyond the noise of that ring
        # is as uncertain as the radius.
        of_radius = max((further - flux) ** 2 - (_GROWN**2 - 1) * error**2, 0.0)
        found[name] = (flux, float(np.sqrt(error**2 + of_sky**2 + of_radius)))
    return found


def _centred(plane: NDArray[np.bool_], inset: int, *, fill: bool) -> NDArray[np.bool_]:
    """``plane`` less ``inset`` px on all sides, or more where that is negative."""
    if inset > 0:
        return plane[inset:-inset, inset:-inset]
    return np.pad(plane, -inset, constant_values=fill)


class _Sky(NamedTuple):
    """Sky around an aperture, a pixel: its level, and twice what its scatter tells.

    ``error`` is of the level, ``patchy`` the scatter between patches as large as the aperture,
    beyond the noise of pixels: faint sources, halos, what a frame's own sky left.
    """

    level: float
    error: float
    patchy: float


def _sky_around(
    data: NDArray[np.floating], good: NDArray[np.bool_], x: float, y: float, aperture: float
) -> _Sky:
    """Clipped mean of the sky around an aperture, and its scatter between twelve sectors.

    All are 0 where too few pixels are left to tell: frames come sky-subtracted.
    """
    if not aperture > 0:
        return _Sky(0.0, 0.0, 0.0)
    ys, xs = (
        slice(max(int(at - _SKY[1] * aperture), 0), int(at + _SKY[1] * aperture) + 2)
        for at in (y, x)
    )
    data, good = data[ys, xs], good[ys, xs]
    x, y = x - xs.start, y - ys.start
    rows, cols = np.ogrid[: data.shape[0], : data.shape[1]]
    radius = np.hypot(rows - y, cols - x)
    ring = good & (radius > _SKY[0] * aperture) & (radius < _SKY[1] * aperture)
    seen = int(ring.sum())
    if seen < _LEAST_SKY:
        return _Sky(0.0, 0.0, 0.0)
    level, rms = sky(data, ring)
    white = rms / float(np.sqrt(seen))
    row, col = np.nonzero(ring)
    turns = np.arctan2(row - y, col - x) / (2 * np.pi) + 0.5
    sector = np.minimum(np.floor(turns * _SECTORS).astype(np.intp), _SECTORS - 1)
    values = np.clip(data[ring] - level, -_BRIGHT * rms, _BRIGHT * rms)
    counts = np.bincount(sector, minlength=_SECTORS)
    means = np.bincount(sector, values, minlength=_SECTORS) / np.maximum(counts, 1)
    full = counts > seen / _SECTORS / 3
    if np.count_nonzero(full) < _SECTORS // 2:
        return _Sky(level, white, 0.0)
    # What is too faint to be masked lies in the aperture, too.
    level += float(np.median(means[full]))
    # Scatter beyond the pixels' own, which falls with area as that of unrelated sources does.
    beyond = float(np.var(means[full], ddof=1) - np.mean(rms**2 / counts[full]))
    excess = np.sqrt(max(beyond, 0.0) * float(np.mean(counts[full])))
    patchy = float(excess / np.sqrt(np.pi) / aperture)
    return _Sky(level, float(np.hypot(white, excess / np.sqrt(seen))), patchy)
