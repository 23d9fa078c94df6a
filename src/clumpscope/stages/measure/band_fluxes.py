"""Fluxes, widths and flags of a scene's clumps, in several bands at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.planes import Planes
from clumpscope.ops.profiles import REACH_FWHM, Profile
from clumpscope.stages.measure import size
from clumpscope.stages.measure.aperture import gaussian_correction
from clumpscope.stages.measure.fluxes import SECTORS, Solution, solve
from clumpscope.stages.measure.published import Published, published
from clumpscope.stages.measure.scene import Scene, ring_flag
from clumpscope.stages.measure.star import SKY_FWHM, star_fit

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

# What the PSF's own error makes of a flux: bright stars of SDSS frames scatter so much.
_PSF_SHARE = 0.01
_FIT_FWHM = 1.5  # radius of a PSF fit, and of the fit of a size
_AROUND_FWHM = (1.0, 2.5)  # ring that tells how well a local background holds
_TOGETHER = 1_000_000  # values of an array of bands, clumps and pixels: more leave the caches

_FLAG_OF_BIT = {
    MaskBit.SATURATED: ClumpFlag.SATURATED,
    MaskBit.COSMIC_RAY: ClumpFlag.COSMIC_RAY,
    MaskBit.NO_DATA: ClumpFlag.NO_DATA,
    MaskBit.STAR: ClumpFlag.NEAR_STAR,
}


@dataclass(frozen=True, eq=False)
class BandFluxes:
    """n clumps in b bands, (b, n) each: fluxes, the published ones, widths and flags."""

    fluxes: Solution
    published: Published
    width: size.Width
    flags: NDArray[np.int64]


def by_bands(
    scene: Scene, fwhm: Mapping[str, float], config: MeasureConfig, target: int | None
) -> Iterator[tuple[slice, BandFluxes]]:
    """Measure a scene's clumps, as many bands together as fit into a processor's caches.

    Parameters
    ----------
    fwhm
        Band → PSF-FWHM, pixels, of those that are measured.
    target
        The clump that is a star and the target itself.

    Returns
    -------
    Which of the bands, and what was found in them.
    """
    bands = list(fwhm)
    step = max(1, _TOGETHER // (len(scene.xy) * len(scene.pixels)))
    for start in range(0, len(bands), step):
        some = slice(start, start + step)
        those = {band: fwhm[band] for band in bands[some]}
        yield some, _measured(scene, scene.planes.some(some), those, config, target)


def _measured(
    scene: Scene,
    planes: Planes,
    fwhm: Mapping[str, float],
    config: MeasureConfig,
    target: int | None,
) -> BandFluxes:
    host = scene.host(planes.bits == 0)
    p = scene.p
    data, variance, bits = planes.data[:, :p], planes.variance[:, :p], planes.bits[:, :p]
    good = bits == 0
    countable = bits & (MaskBit.NO_DATA | MaskBit.COSMIC_RAY) == 0
    width = np.array(list(fwhm.values()))[:, None, None]  # of the PSF
    distance, reach = scene.distance, REACH_FWHM * width
    widest = max(fwhm.values())
    profiles = [Profile.of(scene.image[band].psf, one) for band, one in fwhm.items()]
    images = scene.stamps(REACH_FWHM * widest).drawn([one.coefficients for one in profiles])
    images *= distance < reach
    near = (distance < _FIT_FWHM * width) & countable[:, None]
    radii = [config.aperture_fwhm * one for one in fwhm.values()]
    stamps = scene.stamps(max(_FIT_FWHM * widest, max(radii) + 1))
    curls, apertures = stamps.drawn([one.curl for one in profiles]), stamps.circles(radii)
    inner, outer = (k * width for k in config.annulus_fwhm)
    ring = scene.ring(good, inner, outer, config.aperture_fwhm * width)
    seen = apertures * countable[:, None]
    templates = seen.copy()
    for k in np.flatnonzero(scene.blended):
        templates[:, k] = images[:, k] * near[:, scene.group == scene.group[k]].any(axis=1)
    local = ~scene.modelled
    templates[:, local] -= _ring_level(templates[:, local].sum(axis=2), ring[:, local])
    around = _sectors(scene, good, width) if local.any() else np.zeros(near.shape, dtype=np.intp)
    share, sky = np.full(ring.shape[:2], _PSF_SHARE), np.full(len(fwhm), np.nan)
    alone = target is not None and not scene.blended[target]
    if target is not None and alone:
        for b, one in enumerate(fwhm.values()):
            blank = good[b] & scene.beyond(target, SKY_FWHM[0] * one, SKY_FWHM[1] * one)
            column, row = (offset[target] for offset in scene.offsets)
            fit = star_fit(
                data[b], variance[b], profiles[b], (column, row), countable[b], blank, one
            )
            if fit is not None:
                templates[b, target], around[b, target] = fit.weights, 0
                share[b, target], sky[b] = fit.doubt, fit.level
    found = solve(planes.data, planes.variance, images, templates, host, scene.modelled, around)
    widths = size.width(found, variance, images, curls, near)

    annuli = (distance > inner) & (distance < outer) & good[:, None]
    within = scene.outline if scene.outline.any() else np.ones_like(scene.outline)
    correction = gaussian_correction(config.aperture_fwhm)
    old = published(data, variance, countable, apertures, annuli, within, correction)
    found.correction[:, scene.blended] = np.nan
    if target is not None:
        fitted = np.isfinite(sky)
        found.background[fitted, target], found.correction[fitted, target] = sky[fitted], np.nan
    found = replace(found, flux_err=np.hypot(found.flux_err, share * found.flux))
    unseen = ~(seen > 0).any(axis=2) | (local & ~ring.any(axis=2))
    if host is not None:
        unseen |= scene.modelled & ~host.basis.determined[:, None]
    flags = ring_flag(ring, inner[..., 0], outer[..., 0]) | _bit_flags(apertures > 0, bits)
    return BandFluxes(_without(found, unseen), old, widths, flags)


def _sectors(scene: Scene, good: Flags, width: Values) -> NDArray[np.intp]:
    """(b, n, p) number of the sector of a ring around each clump, from 1; 0 off it."""
    inner, outer = (k * width for k in _AROUND_FWHM)
    ring = scene.ring(good, inner, outer, width)
    column, row = scene.offsets
    turn = np.arctan2(row, column) / (2 * np.pi) + 0.5
    return np.where(ring, 1 + np.minimum(SECTORS * turn, SECTORS - 1).astype(np.intp), 0)


def _bit_flags(inside: Flags, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(b, n) flags of the mask bits (b, p) inside the clumps' apertures (b, n, p)."""
    flags = np.zeros(inside.shape[:2], dtype=np.int64)
    if bits.any():
        for bit, flag in _FLAG_OF_BIT.items():
            hit = (inside & (bits & bit > 0)[:, None]).any(axis=2)
            flags |= np.where(hit, int(flag), 0)
    return flags


def _ring_level(total: Values, ring: Flags) -> Values:
    """(b, n, p) weights that take the ring's mean off sums of weight ``total`` (b, n)."""
    count = np.maximum(np.count_nonzero(ring, axis=2), 1)
    level: Values = (total / count)[..., None] * ring
    return level


def _without(found: Solution, unseen: Flags) -> Solution:
    """NaN for the clumps that a band does not show."""
    blank = {
        name: np.where(unseen, np.nan, getattr(found, name))
        for name in ("flux", "flux_err", "correction", "background")
    }
    return replace(found, **blank)
