"""Smooth hosts: what shape and colour a galaxy has before clumps, PSF and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import gamma

from clumpscope.config import SimulateConfig
from clumpscope.core.galaxy import SDSS_BANDS

Map = NDArray[np.float64]

OVERSAMPLE = 2  # light is painted on a grid this much finer than the pixels


@dataclass(frozen=True)
class Host:
    """A host galaxy; lengths in arcsec, angles in radians, fluxes in nanomaggy.

    ``fluxes`` maps each stellar population (bulge, disk, young) to its flux per band of
    `SDSS_BANDS`. ``kind`` is spiral, flocculent, smooth or irregular.
    """

    kind: str
    scale_arcsec: float  # exponential scale length h
    axis_ratio: float
    position_angle: float  # of the major axis from the +x pixel axis
    bulge_scale: float  # half-light radius of the bulge over h
    bulge_index: float  # Sersic index
    arms: int
    pitch: float
    arm_contrast: float
    phase: float
    handedness: int
    bar: float  # half-length over h; 0 for none
    ring: float  # radius over h; 0 for none
    texture: float  # rms of ln of the brightness fluctuations
    grain: float  # their scale over h
    lopsided: float
    dust: float  # peak attenuation of a lane along the major axis
    redshift: float
    fluxes: dict[str, tuple[float, ...]]

    @property
    def total(self) -> Map:
        """(5,) flux of all populations per band."""
        total: Map = np.sum([self.fluxes[name] for name in self.fluxes], axis=0)
        return total


def draw_host(rng: np.random.Generator, config: SimulateConfig) -> Host:
    """Draw a host.

    Sizes and surface brightnesses follow the Clump Scout hosts loosely: R90 about 10 arcsec,
    r about 16.3, disks with arms in the majority (GZ2 answers other than "smooth").
    """
    kind = str(
        rng.choice(["spiral", "flocculent", "smooth", "irregular"], p=[0.5, 0.2, 0.15, 0.15])
    )
    r50 = float(
        np.clip(
            rng.lognormal(np.log(config.r50_median_arcsec), config.r50_scatter), *config.r50_arcsec
        )
    )
    brightness = rng.normal(21.3 if kind != "irregular" else 21.9, 0.6)
    r_mag = float(np.clip(brightness - 2.5 * np.log10(2 * np.pi * r50**2), *config.r_mag))
    thickness = rng.uniform(0.15, 0.28)
    cos_i = rng.uniform(0.1, 1)
    axis_ratio = float(np.sqrt(cos_i**2 * (1 - thickness**2) + thickness**2))
    bulge_share = {
        "spiral": rng.beta(1.6, 8),
        "flocculent": rng.beta(1.2, 14),
        "smooth": rng.beta(3, 6),
        "irregular": rng.beta(1, 40),
    }[kind]
    young_share = {"spiral": 0.3, "flocculent": 0.32, "smooth": 0.1, "irregular": 0.45}[kind]
    young_share *= rng.uniform(0.5, 1.4)
    g_r = float(np.clip(rng.normal(0.5 if kind != "irregular" else 0.3, 0.15), 0.1, 0.9))
    fluxes = _fluxes(rng, r_mag, g_r, float(bulge_share), float(min(young_share, 0.8)))
    return Host(
        kind=kind,
        scale_arcsec=r50 / 1.678,
        axis_ratio=axis_ratio,
        position_angle=float(rng.uniform(0, np.pi)),
        bulge_scale=float(rng.uniform(0.12, 0.4)),
        bulge_index=float(rng.uniform(0.8, 3.0)),
        arms=int(rng.choice([2, 2, 2, 3, 4, 5])),
        pitch=float(np.radians(rng.uniform(10, 35))),
        arm_contrast=float(rng.uniform(0.8, 4)) if kind == "spiral" else 0.0,
        phase=float(rng.uniform(0, 2 * np.pi)),
        handedness=int(rng.choice([-1, 1])),
        bar=float(rng.uniform(0.5, 1.1)) if kind == "spiral" and rng.random() < 0.35 else 0.0,
        ring=float(rng.uniform(0.8, 1.8)) if kind == "spiral" and rng.random() < 0.15 else 0.0,
        texture=float(
            rng.uniform(*{"spiral": (0.3, 0.9), "flocculent": (0.5, 1.1)}.get(kind, (0.05, 0.3)))
            if kind != "irregular"
            else rng.uniform(0.5, 1.1)
        ),
        grain=float(rng.uniform(0.12, 0.5)),
        lopsided=float(rng.uniform(0.1, 0.4) if kind == "irregular" else abs(rng.normal(0, 0.06))),
        dust=float(rng.uniform(0.2, 0.7)) if axis_ratio < 0.4 and rng.random() < 0.5 else 0.0,
        redshift=float(np.clip(rng.lognormal(np.log(0.06), 0.45), 0.02, 0.25)),
        fluxes=fluxes,
    )


def _fluxes(
    rng: np.random.Generator, r_mag: float, g_r: float, bulge: float, young: float
) -> dict[str, tuple[float, ...]]:
    """Flux per population and band; the whole has about the colour ``g_r``."""
    total = 10 ** (-0.4 * (r_mag - 22.5))
    # u-g, r-i, i-z of galaxies follow g-r; offsets make bulges redder and young stars bluer.
    shares = {"bulge": bulge, "young": (1 - bulge) * young, "disk": (1 - bulge) * (1 - young)}
    offsets = {"bulge": 0.22, "disk": 0.05, "young": -0.28}
    scatter = rng.normal(0, 0.08, 3)
    fluxes = {}
    for name, share in shares.items():
        colour = g_r + offsets[name]
        u_g = 0.55 + 1.15 * colour + scatter[0]
        r_i = 0.02 + 0.52 * colour + 0.3 * scatter[1]
        i_z = -0.05 + 0.45 * colour + 0.3 * scatter[2]
        magnitudes = np.array([u_g + colour, colour, 0.0, -r_i, -r_i - i_z])
        fluxes[name] = tuple(float(v) for v in share * total * 10 ** (-0.4 * magnitudes))
    return fluxes


@dataclass(frozen=True, eq=False)
class Plane:
    """Coordinates of a pixel grid in the plane of a host's disk; (ny, nx) arrays, arcsec.

    ``radius`` and ``azimuth`` are deprojected, ``along`` and ``across`` lie on the sky along
    the major and minor axis.
    """

    radius: Map
    azimuth: Map
    along: Map
    across: Map


def plane(host: Host, x_arcsec: Map, y_arcsec: Map) -> Plane:
    """Deproject sky offsets (arcsec along the pixel axes) onto the host's disk."""
    cos_pa, sin_pa = np.cos(host.position_angle), np.sin(host.position_angle)
    along = x_arcsec * cos_pa + y_arcsec * sin_pa
    across = -x_arcsec * sin_pa + y_arcsec * cos_pa
    depth = across / host.axis_ratio
    radius = np.hypot(along, depth)
    azimuth = np.arctan2(depth, along)
    stretch = (
        host.lopsided
        * np.cos(azimuth - host.phase)
        * np.minimum(radius / (2 * host.scale_arcsec), 1)
    )
    return Plane(radius * (1 - stretch), azimuth, along, across)


def arm_weight(host: Host, where: Plane) -> Map:
    """Brightness of spiral arms in (0, 1]; 1 everywhere without arms."""
    if host.arm_contrast == 0:
        return np.ones_like(where.radius)
    winding = np.log(np.maximum(where.radius, 0.05) / host.scale_arcsec) / np.tan(host.pitch)
    angle = host.arms * (host.handedness * where.azimuth - winding + host.phase)
    weight: Map = np.exp(host.arm_contrast * (np.cos(angle) - 1))
    return weight


def paint(
    host: Host, size_px: int, pixscale_arcsec: float, rng: np.random.Generator
) -> dict[str, Map]:
    """Light of each population on the oversampled grid of a square cutout, each of sum 1.

    Returns arrays of side ``size_px * OVERSAMPLE`` whose centre is the cutout's centre.
    """
    n = size_px * OVERSAMPLE
    step = pixscale_arcsec / OVERSAMPLE
    axis = (np.arange(n) - (n - 1) / 2) * step
    where = plane(host, *np.meshgrid(axis, axis))
    h = host.scale_arcsec
    disk = np.exp(-where.radius / h)
    fluctuation = np.exp(host.texture * _grain(rng, n, host.grain * h / step))
    inner = 1 - np.exp(-((where.radius / (0.6 * h)) ** 2))
    arms = arm_weight(host, where)
    young = np.exp(-where.radius / (1.25 * h)) * fluctuation
    if host.kind in ("spiral", "flocculent"):
        young *= inner
    if host.arm_contrast:
        young *= arms
        disk *= 0.75 + 0.25 * arms * fluctuation
    if host.ring:
        band = np.exp(-0.5 * ((where.radius / h - host.ring) / 0.15) ** 2)
        young = young / young.sum() + 0.7 * band / band.sum()
    if host.bar:
        length = host.bar * h
        bar = np.exp(-((where.along / length) ** 4) - (where.across / (0.28 * length)) ** 2)
        disk = disk / disk.sum() + 0.18 * bar / bar.sum()
    if host.kind == "irregular":
        disk *= np.sqrt(fluctuation)
    bulge = _sersic(
        np.hypot(where.along, where.across / max(host.axis_ratio, 0.6)),
        host.bulge_scale * h,
        host.bulge_index,
    )
    maps = {"bulge": bulge, "disk": disk, "young": young}
    if host.dust:
        lane = 1 - host.dust * np.exp(
            -0.5 * ((where.across - 0.1 * h) / (0.12 * h)) ** 2
            - 0.5 * (where.along / (1.5 * h)) ** 2
        )
        maps = {name: light * lane for name, light in maps.items()}
    return {name: light / light.sum() for name, light in maps.items()}


def _sersic(radius: Map, half_light: float, index: float) -> Map:
    """Sersic profile (Ciotti & Bertin 1999 for b_n), softened where pixels cannot follow it."""
    b_n = 2 * index - 1 / 3 + 0.009876 / index
    soft = np.hypot(radius, 0.1 * half_light)
    norm = half_light**2 * 2 * np.pi * index * np.exp(b_n) * b_n ** (-2 * index) * gamma(2 * index)
    profile: Map = np.exp(-b_n * ((soft / half_light) ** (1 / index) - 1)) / norm
    return profile


def _grain(rng: np.random.Generator, n: int, scale_px: float) -> Map:
    """Gaussian random field of unit variance, power falling as k^-2.6 beyond 1 / scale."""
    ky = fft.fftfreq(n)[:, None]
    kx = fft.rfftfreq(n)[None, :]
    k = np.hypot(kx, ky) * scale_px
    amplitude = (1 + k**2) ** -0.65 * np.exp(-((k / 6) ** 2))
    field = fft.irfft2(fft.rfft2(rng.standard_normal((n, n))) * amplitude, s=(n, n))
    grain: Map = field / field.std()
    return grain


__all__ = ["OVERSAMPLE", "SDSS_BANDS", "Host", "Plane", "arm_weight", "draw_host", "paint", "plane"]
