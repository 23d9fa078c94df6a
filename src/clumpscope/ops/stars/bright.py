"""Saturated stars: their fluxes from their wings, their diffraction spikes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.stars.spikes import spike_angle, spike_length
from clumpscope.ops.stars.view import View
from clumpscope.ops.stars.wings import wings

Values = NDArray[np.float64]

_CORE = 9  # px of a saturated core, at least
_WIDEST = 100  # px across a core; what is wider is no star
_RINGS = np.array([1.2, 1.5, 1.9, 2.4, 3.0])  # radii of a core: tell its flux
_LEAST_RING = 2.5  # arcsec
_HALO = ((3.0, 3.5), (4.0, 4.5))  # PSF-FWHM: rings about a core; of a star the outer one has ...
_STEEP = 0.6  # ... less than this of the inner one's light
_SEEN = 1.0  # sigma a pixel, of a ring


@dataclass(frozen=True, eq=False)
class Bright:
    """n saturated stars.

    Attributes
    ----------
    sky
        (n, 2) places, degrees.
    flux
        (n, b) nanomaggy, from the wings; NaN where they are not seen.
    core_arcsec
        (n,) radius of the saturated core.
    spike_arcsec, spike_angle_deg
        (n,) length and position angle of an arm.
    """

    sky: Values
    flux: Values
    core_arcsec: Values
    spike_arcsec: Values
    spike_angle_deg: Values

    @classmethod
    def found(cls, views: Mapping[str, View], reference: str) -> "Bright":
        """The stars that are saturated in the reference band, brightest first."""
        view = views[reference]
        xy, core = _cores(view)
        sky = native_to_sky(xy, view.wcs)
        flux = np.column_stack(
            [_fluxes(one, one.xy(sky), core * view.pixscale_arcsec) for one in views.values()]
        )
        order = np.argsort(-core, kind="stable")
        xy, core, sky, flux = xy[order], core[order], sky[order], flux[order]
        length, angle = _spikes(view, xy, core) if len(xy) else (core, core)
        return cls(sky, flux, core * view.pixscale_arcsec, length, angle)


def _cores(view: View) -> tuple[Values, Values]:
    """Centres (n, 2) and radii (n,) of saturated cores, px; bleeding is along columns."""
    labels, _ = ndimage.label((view.mask & MaskBit.SATURATED) > 0)
    centres, radii = [], []
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[window] == number
        across = window[1].stop - window[1].start
        if inside.sum() < _CORE or across > _WIDEST:
            continue
        rows = np.arange(window[0].start, window[0].stop)
        # A trail is narrower than its core.
        wide = inside.sum(axis=1) > 0.5 * inside.sum(axis=1).max()
        light = np.where(inside, np.maximum(np.nan_to_num(view.data[window]), 0), 0)[wide]
        cols = np.arange(window[1].start, window[1].stop)
        total = light.sum()
        if not total > 0:
            continue
        y = float((light.sum(axis=1) * rows[wide]).sum() / total)
        x = float((light.sum(axis=0) * cols).sum() / total)
        centres.append((x, y))
        radii.append(across / 2)
    return np.array(centres).reshape(-1, 2), np.array(radii)


def _fluxes(view: View, xy: Values, core_arcsec: Values) -> Values:
    """(n,) flux of each star from the medians of rings beyond its core, nanomaggy."""
    scale = view.pixscale_arcsec
    return np.array(
        [
            _flux(view, float(x), float(y), np.maximum(_RINGS * core, _LEAST_RING) / scale)
            for (x, y), core in zip(xy, core_arcsec, strict=True)
        ]
    )


def _flux(view: View, x: float, y: float, radii: Values) -> float:
    ny, nx = view.data.shape
    reach = int(radii[-1]) + 3
    rows = slice(max(int(y) - reach, 0), min(int(y) + reach + 1, ny))
    cols = slice(max(int(x) - reach, 0), min(int(x) + reach + 1, nx))
    data, mask = view.data[rows, cols], view.mask[rows, cols]
    if not data.size:
        return float("nan")
    yy, xx = np.mgrid[rows, cols]
    distance = np.hypot(xx - x, yy - y)
    good = (mask == 0) & np.isfinite(data)
    found = []
    for radius in radii:
        ring = good & (np.abs(distance - radius) < 1.5)
        if np.count_nonzero(ring) < 10:
            continue
        level = float(np.median(data[ring]))
        if level > _SEEN * view.noise:
            arcsec = radius * view.pixscale_arcsec
            found.append(level / float(wings(arcsec)) / view.pixscale_arcsec**2)
    return float(np.median(found)) if found else float("nan")


def star_halo(view: View, x: float, y: float) -> bool:
    """Whether the light around a saturated core at a pixel falls as steeply as a star's does."""
    fwhm = view.fwhm_px
    rows, cols = np.mgrid[: view.data.shape[0], : view.data.shape[1]]
    burnt = (view.mask & MaskBit.SATURATED) > 0
    core = burnt & (np.hypot(cols - x, rows - y) < fwhm)
    if core.any():
        x, y = float(np.median(cols[core])), float(np.median(rows[core]))
    distance = np.hypot(cols - x, rows - y) / fwhm
    good = ~burnt & np.isfinite(view.data)
    near, far = (good & (distance >= inner) & (distance < outer) for inner, outer in _HALO)
    if not (near.any() and far.any()):
        return True  # all is saturated
    inner_light, outer_light = (float(np.median(view.data[ring])) for ring in (near, far))
    return inner_light > 0 and outer_light < _STEEP * inner_light


def _spikes(view: View, xy: Values, core: Values) -> tuple[Values, Values]:
    """Lengths (arcsec) and position angles (degrees) of the arms of each star."""
    score: Values = np.nan_to_num(view.data).astype(float) / view.noise
    stars = [(float(x), float(y), float(size)) for (x, y), size in zip(xy, core, strict=True)]
    angle = spike_angle(score, stars)
    none = np.zeros(len(stars))
    if angle is None:
        return none, none
    length = [spike_length(score, *star, angle) * view.pixscale_arcsec for star in stars]
    ends = xy + [np.cos(angle), np.sin(angle)]
    start, end = native_to_sky(xy, view.wcs), native_to_sky(ends, view.wcs)
    east = ((end[:, 0] - start[:, 0] + 180) % 360 - 180) * np.cos(np.radians(start[:, 1]))
    return np.array(length), np.degrees(np.arctan2(east, end[:, 1] - start[:, 1])) % 90
