"""A host painted: its light in every band and where its young stars are."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS, band_info
from clumpscope.stages.simulate.hosts import Arms, Host
from clumpscope.stages.simulate.sources import U
from clumpscope.stages.simulate.texture import grain, sheared

Map = NDArray[np.float32]

_BIRTH_SCALE = 0.52  # h; makes the radii of labels those of Clump Scout


@dataclass(frozen=True, eq=False)
class Light:
    """A painted host.

    Attributes
    ----------
    bands
        (B, n, n) float32 nanomaggy a pixel; the middle of the grid is the host's centre.
    birth
        (n, n) float32: density of clumps.
    step_arcsec
        Side of a pixel.
    names
        Names of the bands.
    """

    bands: Map
    birth: Map
    step_arcsec: float
    names: tuple[str, ...] = SDSS_BANDS

    @property
    def total(self) -> NDArray[np.float64]:
        """(B,) flux per band after dust, nanomaggy."""
        total: NDArray[np.float64] = self.bands.sum(axis=(1, 2), dtype=np.float64)
        return total

    def born_within(self, radius_arcsec: float) -> "Light":
        """The same with hardly any clumps beyond a distance from the centre."""
        n = self.birth.shape[0]
        axis = (np.arange(n) - (n - 1) / 2) * (self.step_arcsec / radius_arcsec)
        distance2 = (axis[None, :] ** 2 + axis[:, None] ** 2).astype(np.float32)
        return replace(self, birth=self.birth / (1 + distance2**6))


@dataclass(frozen=True, eq=False)
class _Plane:
    """Coordinates in units of h: deprojected polar ones, and those of the sky's axes."""

    radius: Map
    log_radius: Map
    azimuth: Map
    along: Map
    across: Map


def _axes(host: Host, n: int, step: float) -> _Plane:
    axis = ((np.arange(n) - (n - 1) / 2) * step / host.scale_arcsec).astype(np.float32)
    x, y = axis[None, :], axis[:, None]
    cos_a, sin_a = np.float32(np.cos(host.angle)), np.float32(np.sin(host.angle))
    along = x * cos_a + y * sin_a
    across = -x * sin_a + y * cos_a
    across = across + np.float32(host.bend) * along**2
    depth = across / np.float32(host.axis_ratio)
    radius = np.hypot(along, depth)
    azimuth = np.arctan2(depth, along)
    stretch = np.float32(host.lopsided) * np.cos(azimuth - np.float32(host.arms.phase))
    radius = radius * (1 - stretch * np.minimum(radius / 2, 1))
    return _Plane(radius, np.log(np.maximum(radius, 0.02)), azimuth, along, across)


def paint(host: Host, n: int, step_arcsec: float, rng: np.random.Generator) -> Light:
    """Paint a host on an (n, n) grid of pixels of ``step_arcsec``.

    A survey's pixels are fine enough: at its PSF nothing is left beyond their Nyquist limit.
    Old disk, bulge with bar, and young stars along arms, in patches and knots, behind dust
    that follows the arms. Each population has its flux of ``host.fluxes`` before dust.
    """
    where = _axes(host, n, step_arcsec)
    arms = host.arms
    streaks = sheared(rng, where.log_radius, where.azimuth, arms.pitch, arms.sense)
    patches = grain(rng, n, host.grain_scale * host.scale_arcsec / step_arcsec)
    crest = _crest(arms, where, patches, 0.0)
    birth = crest * np.exp(np.float32(arms.patchiness) * streaks + np.float32(host.grain) * patches)
    disk = _disk(host, where, 1.0)
    young = _disk(host, where, 1.2) * birth
    if host.member.kind != "irregular":
        young = young * (1 - np.exp(-((where.radius / np.float32(0.2 + arms.start)) ** 2)))
    if host.ring:
        band = np.exp(-0.5 * ((where.radius - np.float32(host.ring)) / np.float32(0.16)) ** 2)
        young = young / young.sum() + 0.6 * band / band.sum()
        birth = birth * (1 + 3 * band)
    if host.tail:
        tail = _tail(arms, where)
        young = young / young.sum() + np.float32(host.tail) * tail / tail.sum()
        birth = birth * (1 + 2 * tail / tail.max())
    disk = disk * (0.65 + 0.35 * crest) * (1 + np.float32(0.25 * host.grain) * patches)
    maps = {
        "disk": np.maximum(disk, 0),
        "young": _knotted(rng, young, host),
        "bulge": _bulge(host, where, 0.4 * step_arcsec / host.scale_arcsec),
    }
    bands = np.zeros((len(host.bands), n, n), dtype=np.float32)
    for name, light in maps.items():
        unit = light / light.sum(dtype=np.float64)
        for band, flux in enumerate(host.fluxes[name]):
            bands[band] += np.float32(flux) * unit
    if host.dust > 0.02:
        tau = _tau(host, where, streaks, patches)
        for band, name in enumerate(host.bands):
            law = band_info(name).extinction / band_info("r").extinction
            bands[band] *= np.exp(np.float32(-law) * tau)
    # Clumps avoid the centre and follow the disk outwards.
    birth = birth * where.radius**5 * np.exp(-where.radius / np.float32(_BIRTH_SCALE))
    return Light(bands, birth, step_arcsec, host.bands)


def _disk(host: Host, where: _Plane, stretch: float) -> Map:
    """Sersic disk with a broken slope; a spindle with a vertical sech^2 where edge-on."""
    radius = where.radius / np.float32(stretch)
    if host.axis_ratio < 0.25:
        height = np.float32(0.7 * host.axis_ratio)
        radius = np.hypot(where.along, 0.3 * where.across) / np.float32(stretch)
        profile = np.exp(-radius) / np.cosh(np.clip(where.across / height, -20, 20)) ** 2
    elif host.disk_index == 1:
        profile = np.exp(-radius)
    else:
        profile = np.exp(-(radius ** np.float32(1 / host.disk_index)))
    if host.break_slope != 1:
        beyond = np.maximum(radius - np.float32(host.break_radius), 0)
        profile = profile * np.exp(np.float32(1 - host.break_slope) * beyond)
    result: Map = profile.astype(np.float32)
    return result


def _crest(arms: Arms, where: _Plane, patches: Map, lead: float) -> Map:
    """Brightness of the arms, 1 on their crests; ``lead`` radians inside them for dust."""
    if not arms.number:
        return np.ones_like(where.radius)
    winding = where.log_radius * np.float32(1 / np.tan(arms.pitch))
    angle = arms.number * (np.float32(arms.sense) * where.azimuth - winding + arms.phase)
    # Patches on the scale of the whole disk bend the crests.
    wobble = np.float32(arms.wobble) * (patches + np.sin(1.7 * where.log_radius + arms.phase))
    fade = 1 - np.exp(-((where.radius / np.float32(arms.start)) ** 2))
    crest: Map = np.exp(
        np.float32(arms.contrast) * fade * (np.cos(angle + wobble + np.float32(lead)) - 1)
    )
    return crest


def _tail(arms: Arms, where: _Plane) -> Map:
    """One tidal arm that leaves the disk at a wide pitch, in units of its ridge."""
    pitch = np.radians(38)
    angle = where.azimuth * arms.sense - where.log_radius / np.float32(np.tan(pitch)) + arms.phase
    wrapped = np.mod(angle + np.pi, 2 * np.pi) - np.pi
    distance = wrapped * where.radius * np.float32(np.sin(pitch))
    ridge = np.exp(-0.5 * (distance / np.float32(0.35)) ** 2 - where.radius / 2.5)
    tail: Map = ridge * np.clip(where.radius - 0.8, 0, 1)
    return tail


_KNOT_SLOPE = 1.9  # dN/dL of HII regions falls as L^-1.9 (Kennicutt et al. 1989)
_KNOT_SHARE = 0.35  # of the young light, at most


def _knotted(rng: np.random.Generator, young: Map, host: Host) -> Map:
    """The young light with part of it in knots too faint to count as clumps."""
    richness = host.richness
    young_u = max(float(host.fluxes["young"][U] / host.total[U]), host.faintest)
    number = rng.poisson(12 + 14 * richness)
    share = np.float32(_KNOT_SHARE * rng.uniform(0.15, 1) * (1.0 if richness else 0.4))
    places = scattered(rng, young, number)
    fluxes = np.minimum((1 - rng.random(number)) ** (-1 / (_KNOT_SLOPE - 1)), 30)
    knots = np.zeros(young.size, dtype=np.float32)
    np.add.at(knots, places, fluxes.astype(np.float32))
    smooth = young / young.sum()
    knots *= share / max(float(knots.sum()), 1e-9)
    knots = np.minimum(knots, np.float32(host.faintest / young_u))
    mixed: Map = (1 - knots.sum()) * smooth + knots.reshape(young.shape)
    return mixed


def scattered(rng: np.random.Generator, density: Map, number: int) -> NDArray[np.intp]:
    """Flat cells drawn from an (n, n) density, with replacement."""
    growth = np.cumsum(density.ravel(), dtype=np.float64)
    places: NDArray[np.intp] = np.searchsorted(growth, rng.random(number) * growth[-1])
    return np.minimum(places, density.size - 1)


def _bulge(host: Host, where: _Plane, core: float) -> Map:
    """Sersic bulge (Ciotti & Bertin 1999 for b_n), with a bar where there is one.

    Within ``core`` (in h) it is flat, as pixels could not follow its cusp.
    """
    aside = np.float32(host.offset)
    flat = np.float32(max(host.axis_ratio, 0.55))
    radius = np.hypot(where.along - aside, where.across / flat)
    index = host.bulge_index
    b_n = 2 * index - 1 / 3 + 0.009876 / index
    soft = np.hypot(radius, np.float32(core)) / np.float32(host.bulge_radius)
    bulge: Map = np.exp(np.float32(-b_n) * soft ** np.float32(1 / index))
    if not host.bar:
        return bulge
    # The arms of a two-armed spiral begin at the bar's ends.
    arms = host.arms
    angle = arms.sense * (np.log(host.bar) / np.tan(arms.pitch) - arms.phase)
    turn = where.azimuth - np.float32(angle)
    length, width = (where.radius * np.cos(turn) - aside), where.radius * np.sin(turn)
    bar = np.exp(
        -(np.abs(length / np.float32(host.bar)) ** 3)
        - np.abs(width / np.float32(0.32 * host.bar)) ** 2
    )
    both: Map = bulge / bulge.sum() + np.float32(0.9) * bar / bar.sum()
    return both


def _tau(host: Host, where: _Plane, streaks: Map, patches: Map) -> Map:
    """Optical depth in r: along the inner side of arms, in patches, in a lane if edge-on."""
    lanes = _crest(host.arms, where, patches, 0.8) if host.arms.number else np.float32(0.5)
    clouds = np.exp(-0.5 * streaks + 0.3 * patches - 0.2)
    smooth = np.exp(-where.radius / np.float32(1.6))
    # Through an inclined disk the path is longer, but half the stars lie in front.
    path = np.float32(min(1 / host.axis_ratio, 2.5) * 0.5)
    tau = np.float32(host.dust) * path * smooth * (0.35 + lanes) * clouds
    if host.axis_ratio < 0.35:
        height = np.float32(0.25 * host.axis_ratio)
        lane = np.exp(
            -0.5 * ((where.across - 0.4 * height) / height) ** 2 - np.abs(where.along) / 2
        )
        tau = tau * 0.5 + np.float32(0.8 * host.dust) * lane
    depth: Map = np.minimum(tau, 3).astype(np.float32)
    return depth
