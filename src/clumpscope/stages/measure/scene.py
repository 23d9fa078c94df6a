"""The pixels around a galaxy's clumps: which ones tell of the host, and which of each clump."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray

from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.ops.groups import groups_within
from clumpscope.ops.host import host_centre, reference_band
from clumpscope.ops.outline import bounding
from clumpscope.ops.planes import Planes
from clumpscope.stages.measure.controls import Controls, HostModel
from clumpscope.stages.measure.host import Ellipse, HostBasis
from clumpscope.stages.measure.stamps import Stamps

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
Lengths = float | NDArray[np.float64]

# All in PSF-FWHM.
_CORE = 0.7  # around a clump: not fitted by the host model
_WINDOW = 2.6  # around a clump: measured
_BEYOND = 3.0  # the host is modelled this far beyond the outermost clump
_GUARD = 1.5  # around a clump: not asked whether it is an outlier of the host
_CENTRE = 1.0  # around the given centre: the nucleus is looked for ...
_ALONE = 2.5  # ... if no clump is so near

_MANY = 2000  # pixels of a host; more are thinned, as they add time and no knowledge
_CENTRE_STEPS = 5
_CLIP = 4.0  # sigma of outliers
_CLIP_ROUNDS = 2
_LEAST_RING = 10  # pixels of a background ring
_LEAST_SHARE = 0.5  # of a ring's pixels; fewer are flagged


@dataclass(frozen=True, eq=False)
class Scene:
    """n clumps, the p pixels around them, and others that tell of the host.

    Attributes
    ----------
    image
        The galaxy.
    xy
        (n, 2) positions, native pixels.
    pixels
        Indices into the flattened image, the p pixels of the windows around the clumps first.
    p
        How many those are.
    planes
        The bands on all q pixels.
    outline
        (p,) True inside the host.
    usable
        (p,) True where nothing stands out of the host.
    group
        (n,) number of the blend that a clump belongs to.
    modelled
        (n,) True where the host model reaches.
    basis
        The host model, or none.
    controls
        Where it is tested, with it.
    """

    image: GalaxyImage
    xy: Values
    pixels: NDArray[np.intp]
    p: int
    planes: Planes
    outline: Flags
    usable: Flags
    group: NDArray[np.intp]
    modelled: Flags
    basis: HostBasis | None
    controls: Controls | None

    @classmethod
    def of(
        cls,
        image: GalaxyImage,
        xy: Values,
        config: MeasureConfig,
        outline: Flags,
        fwhm: Mapping[str, float],
        around: float = 0.0,
    ) -> "Scene":
        """Choose the pixels for clumps that all touch the image.

        Parameters
        ----------
        xy
            (n, 2), n > 0.
        outline
            (ny, nx); nowhere True where no host is known.
        fwhm
            Band → PSF-FWHM, pixels; of those that are measured.
        around
            Least radius of the windows around the clumps, widest PSF-FWHM.
        """
        widest = max(fwhm.values())
        unit = fwhm.get(reference_band(image), widest)
        group = groups_within(xy, config.blend_fwhm * unit)
        modelled, ellipse, reach = np.zeros(len(xy), dtype=bool), None, 0.0
        if outline.any() and config.background == "isophotes":
            ellipse = _ellipse(image, xy, outline, unit, widest)
            own = ellipse.radius(xy[:, 0], xy[:, 1], unit)
            y, x = np.nonzero(outline)
            modelled = own <= ellipse.radius(x, y, unit).max()
            reach = float(own[modelled].max()) + _BEYOND if modelled.any() else 0.0
        wide = max(_WINDOW, config.annulus_fwhm[1] * 1.05, around)
        low, high = xy.min(axis=0) - wide * widest, xy.max(axis=0) + wide * widest
        if ellipse is not None and reach:
            middle, half = np.array([ellipse.x, ellipse.y]), ellipse.extent(reach, unit)
            low, high = np.minimum(low, middle - half), np.maximum(high, middle + half)
        columns, rows = (
            np.arange(max(int(first), 0), min(int(last) + 2, side))
            for first, last, side in zip(low, high, image.shape[::-1], strict=True)
        )
        near = _nearest(xy, columns, rows) / widest
        window = near < wide
        within = np.zeros(near.shape, dtype=bool)
        if ellipse is not None and reach:
            within = ellipse.radius(columns, rows[:, None], unit) <= reach
        number = rows[:, None] * image.shape[1] + columns
        first = number[window]
        pixels = np.append(first, _thinned(number[within & ~window], image.shape[1]))
        p, planes = len(first), Planes.of(image, list(fwhm), pixels)
        usable, basis, controls = np.ones(len(pixels), dtype=bool), None, None
        if ellipse is not None and reach:
            y, x = np.divmod(pixels, image.shape[1])
            at = y - rows[0], x - columns[0]
            off, host = near[at], within[at]
            polar = ellipse.polar(np.column_stack([x, y]), unit)
            basis = HostBasis.of(*polar, host & (off > _GUARD) & planes.good, reach)
            usable = ~_outliers(planes.light, basis, at, near.shape)
            basis = replace(basis, fitted=usable & host & (off > _CORE))
            controls = Controls.of(
                ellipse, xy, pixels, image.shape, basis, unit, config.aperture_fwhm
            )
        return cls(
            image,
            xy,
            pixels,
            p,
            planes,
            outline.ravel()[first],
            usable[:p],
            group,
            modelled,
            basis,
            controls,
        )

    @property
    def blended(self) -> Flags:
        """(n,) True where a clump has a neighbour in its group."""
        shared: Flags = np.bincount(self.group)[self.group] > 1
        return shared

    def host(self, good: Flags) -> HostModel | None:
        """The model fitted to good pixels (..., q) only, and where it is tested; or none."""
        if self.basis is None or self.controls is None:
            return None
        return HostModel(self.basis.on(good), self.controls)

    def stamps(self, reach: float) -> Stamps:
        """Of the clumps, on the p pixels around them; all within ``reach`` pixels is drawn."""
        rows, cols = np.divmod(self.pixels[: self.p], self.image.shape[1])
        return Stamps.of(self.xy, cols, rows, reach)

    @cached_property
    def offsets(self) -> tuple[Values, Values]:
        """(n, p) columns and rows of the pixels from each clump."""
        y, x = np.divmod(self.pixels[: self.p], self.image.shape[1])
        return x - self.xy[:, :1], y - self.xy[:, 1:]

    @cached_property
    def distance(self) -> Values:
        """(n, p) pixels from each clump."""
        dx, dy = self.offsets
        distance: Values = np.hypot(dx, dy)
        return distance

    @cached_property
    def _other(self) -> Values:
        """(n, p) pixels from the nearest other clump."""
        if len(self.xy) == 1:
            return np.full(self.distance.shape, np.inf)
        first, second = np.partition(self.distance, 1, axis=0)[:2]
        other: Values = np.where(self.distance == first, second, first)
        return other

    def ring(self, good: Flags, inner: Lengths, outer: Lengths, clear: Lengths) -> Flags:
        """(..., n, p) good and usable pixels around each clump, ``clear`` of all others.

        ``good`` is (..., p) of bands, lengths are in pixels, one or (..., 1, 1).

        A clump's ring lies inside the host if the clump does, else outside, where there are
        pixels enough.
        """
        ring: Flags = (self.distance > inner) & (self.distance < outer)
        ring &= (self.usable & good)[..., None, :]
        ring &= self._other > clear
        same = ring & (self.outline == self.inside[:, None])
        enough = np.count_nonzero(same, axis=-1, keepdims=True) >= _LEAST_RING
        return np.where(enough, same, ring)

    def beyond(self, k: int, inner: float, outer: float) -> Flags:
        """(p,) pixels of a ring around clump ``k`` where no other is nearer than ``inner`` px."""
        ring: Flags = (self.distance[k] > inner) & (self.distance[k] < outer)
        ring &= self._other[k] > inner
        return ring

    @cached_property
    def inside(self) -> Flags:
        """(n,) True where the pixel under a clump is in the outline."""
        inside: Flags = self.outline[np.argmin(self.distance, axis=1)]
        return inside


def ring_flag(ring: Flags, inner_px: Values, outer_px: Values) -> NDArray[np.int64]:
    """(..., n) MASKED_ANNULUS where less than half of the pixels of a ring (..., n, p) are usable.

    Its radii are (..., 1).
    """
    share = np.count_nonzero(ring, axis=-1) / (np.pi * (outer_px**2 - inner_px**2))
    return np.where(share < _LEAST_SHARE, int(ClumpFlag.MASKED_ANNULUS), 0)


def _nearest(xy: Values, columns: NDArray[np.intp], rows: NDArray[np.intp]) -> Values:
    """(ny, nx) distance of pixels in some columns and rows from the nearest clump."""
    square = np.full((len(rows), len(columns)), np.inf)
    for x, y in xy:  # one by one: all at once takes much memory on large images
        np.minimum(square, np.add.outer((rows - y) ** 2, (columns - x) ** 2), out=square)
    distance: Values = np.sqrt(square)
    return distance


def _ellipse(
    image: GalaxyImage, xy: Values, outline: Flags, fwhm_px: float, widest: float
) -> Ellipse:
    """Shape of the host in the reference band, without what is near the clumps (n, 2)."""
    plane = image[reference_band(image)]
    centre = host_centre(image)
    pixel = np.clip(np.round(centre), 0, np.array(image.shape[::-1]) - 1)
    # A clump beside the nucleus would draw the centroid.
    if np.hypot(*(xy - pixel).T).min() > _ALONE * widest:
        centre = _nucleus(plane, centre, fwhm_px)
    box = bounding(outline)
    rows, columns = (np.arange(one.start, one.stop) for one in box)
    far = _nearest(xy, columns, rows) > widest
    start = np.array([columns[0], rows[0]])
    found = Ellipse.of(_light(plane, box), outline[box] & far, centre - start)
    return replace(found, x=float(centre[0]), y=float(centre[1]))


def _light(plane: BandImage, box: tuple[slice, slice]) -> Values:
    """Part of a band, 0 where it cannot be measured."""
    data = plane.data[box]
    return np.where((plane.mask[box] == 0) & np.isfinite(data), data, 0).astype(float)


def _nucleus(plane: BandImage, centre: Values, fwhm_px: float) -> Values:
    """Centroid of the light near ``centre`` (x, y) under a Gaussian of the PSF's width."""
    half = int(np.ceil(2 * fwhm_px))
    start = np.maximum(np.rint(centre).astype(int) - half, 0)
    box = np.s_[start[1] : start[1] + 2 * half + 1, start[0] : start[0] + 2 * half + 1]
    stamp = np.maximum(_light(plane, box), 0)
    x, y = (np.arange(side) + first for side, first in zip(stamp.shape[::-1], start, strict=True))
    moved = centre
    for _ in range(_CENTRE_STEPS):
        along, down = (
            np.exp(-0.5 * (places - at) ** 2 * (gaussian_sigma_to_fwhm / fwhm_px) ** 2)
            for places, at in zip((x, y), moved, strict=True)
        )
        columns, rows = (down @ stamp) * along, (stamp @ along) * down
        total = rows.sum()
        if not total > 0:
            return centre
        # The weight halves the offset of a source as wide as itself.
        moved = moved + 2 * (np.array([columns @ x, rows @ y]) / total - moved)
        if np.hypot(*(moved - centre)) > _CENTRE * fwhm_px:
            return centre
    return moved


def _thinned(pixels: NDArray[np.intp], columns: int) -> NDArray[np.intp]:
    """Every so-manieth of the pixels of an image, in a pattern that leaves no line out."""
    if len(pixels) <= _MANY:
        return pixels
    step = int(np.ceil(len(pixels) / _MANY))
    slant = next(k for k in range(round(0.382 * step) + 1, 2 * step) if math.gcd(k, step) == 1)
    y, x = np.divmod(pixels, columns)
    kept: NDArray[np.intp] = pixels[(x + slant * y) % step == 0]
    return kept


def _outliers(
    light: Values,
    basis: HostBasis,
    at: tuple[NDArray[np.intp], NDArray[np.intp]],
    shape: tuple[int, ...],
) -> Flags:
    """(p,) pixels, and their neighbours, that stand out of the host: other sources, dust.

    They are ``at`` rows and columns of an image of ``shape``.
    """
    out = np.zeros(len(light), dtype=bool)
    coarse = basis.part(slice(None, None, 4))  # enough for a look
    some = light[::4]
    for _ in range(_CLIP_ROUNDS):
        kept = replace(coarse, fitted=coarse.fitted & ~out[::4])
        if not kept.determined:
            break
        residual = light - basis.light(kept.coefficients(some, kept.system(some, 1.0)))
        spread = 1.4826 * float(np.median(np.abs(residual[::4][kept.fitted])))
        high = basis.fitted & (np.abs(residual) > _CLIP * max(spread, 1.0))
        plane = np.zeros(shape, dtype=bool)
        plane[at[0][high], at[1][high]] = True
        out = _grown(plane)[at] & basis.fitted
    return out


def _grown(plane: Flags) -> Flags:
    """What is True, and the four neighbours of it; in a tenth of the time of `ndimage`."""
    grown = plane.copy()
    grown[1:] |= plane[:-1]
    grown[:-1] |= plane[1:]
    grown[:, 1:] |= plane[:, :-1]
    grown[:, :-1] |= plane[:, 1:]
    return grown
