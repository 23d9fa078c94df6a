"""Sources pasted into the frames of a field: as seen through each band's PSF, with noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import galsim
import numpy as np

from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.ops.stars.wings import wings

STAR = {"u": 0.18, "g": 0.57, "r": 1.0, "i": 1.15, "z": 1.25}  # flux over that in r: a G star
HOST = {"u": 0.22, "g": 0.6, "r": 1.0, "i": 1.3, "z": 1.5}
CLUMP = {"u": 0.8, "g": 1.0, "r": 0.9, "i": 0.75, "z": 0.7}


@dataclass(frozen=True)
class Pasted:
    """A source: place in the r frame, fluxes; a disk if ``scale`` (px) > 0."""

    x: float
    y: float
    flux: Mapping[str, float]
    scale: float = 0.0
    axis_ratio: float = 1.0
    angle_deg: float = 0.0


def magnitude_flux(magnitude: float, colours: Mapping[str, float]) -> dict[str, float]:
    """Fluxes, nanomaggy, of a source of some r magnitude."""
    return {band: share * 10 ** (0.4 * (22.5 - magnitude)) for band, share in colours.items()}


def paste(
    bands: Mapping[str, Band], sources: Sequence[Pasted], rng: np.random.Generator | None
) -> dict[str, Band]:
    """The field with ``sources`` added, and their photon noise where ``rng`` is given."""
    sky = native_to_sky([[one.x, one.y] for one in sources], bands["r"].frame.wcs)
    out = {}
    for name, band in bands.items():
        frame = band.frame
        data, variance = frame.data.astype(float), frame.variance.astype(float)
        places = sky_to_native(sky, frame.wcs)
        gain = float(np.median(frame.variance)) / _sky_level(name)
        for source, (x, y) in zip(sources, places, strict=True):
            window, light = _drawn(band, source, name, float(x), float(y), data.shape)
            added = light * gain  # variance of its photons
            noise = 0 if rng is None else rng.normal(size=light.shape) * np.sqrt(added)
            data[window] += light + noise
            variance[window] += added
        new = replace(frame, data=data.astype(np.float32), variance=variance.astype(np.float32))
        out[name] = replace(band, frame=new)
    return out


def _sky_level(band: str) -> float:
    """Typical sky of SDSS, nanomaggy a pixel: its photons make the variance of blank sky."""
    return {"u": 0.23, "g": 0.32, "r": 0.71, "i": 1.4, "z": 5.0}[band]


def _drawn(
    band: Band, source: Pasted, name: str, x: float, y: float, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Window of the frame, and a source's light in it."""
    psf = band.psf.at(y, x)
    half = 60 if source.scale == 0 else int(12 * source.scale) + 20
    col, row = round(x), round(y)
    side = 2 * half + 1
    image = galsim.Image(psf.image.astype(float), scale=1.0)
    profile: galsim.GSObject = galsim.InterpolatedImage(image, x_interpolant="lanczos5")
    if source.scale > 0:
        disk = galsim.Exponential(scale_radius=source.scale).shear(
            q=source.axis_ratio, beta=source.angle_deg * galsim.degrees
        )
        profile = galsim.Convolve(disk, profile)
    drawn = profile.withFlux(source.flux[name]).drawImage(
        nx=side, ny=side, scale=1.0, method="no_pixel", offset=(x - col, y - row)
    )
    light = np.maximum(drawn.array.astype(float), 0)
    if source.scale == 0:
        light += _aureole(source.flux[name], x - col, y - row, half, psf.image.shape[0] // 2)
    rows = slice(max(row - half, 0), min(row + half + 1, shape[0]))
    cols = slice(max(col - half, 0), min(col + half + 1, shape[1]))
    inside = (
        slice(rows.start - row + half, rows.stop - row + half),
        slice(cols.start - col + half, cols.stop - col + half),
    )
    return (rows, cols), light[inside]


def _aureole(flux: float, dx: float, dy: float, half: int, reach: int) -> np.ndarray:
    """Wings where the PSF's image ends."""
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius = np.hypot(x - dx, y - dy)
    scale = 0.396
    light = flux * wings(np.maximum(radius, 1) * scale) * scale**2
    return np.where(radius > min(reach, 18), light, 0)
