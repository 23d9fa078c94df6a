"""Disks and point sources of exactly known content, with the noise of single-epoch SDSS."""

from dataclasses import dataclass

import galsim
import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.ops.resample import resample

Values = NDArray[np.float64]


PIXSCALE = 0.396
FWHM = 1.4  # arcsec, of the PSF's core in r
HOST_FLUX = 100.0  # nmgy: 17.5 mag
SKY_VARIANCE = {"u": 9e-4, "g": 2.5e-4, "r": 6e-4, "i": 1.3e-3, "z": 1e-2}  # nmgy^2 a pixel
POISSON = {"u": 6e-3, "g": 1e-3, "r": 1.1e-3, "i": 1.4e-3, "z": 6.5e-3}  # nmgy a photo-electron


@dataclass(frozen=True)
class Disk:
    """An exponential disk: scale length in arcsec, axis ratio, angle (radians), flux."""

    scale: float
    axis_ratio: float = 0.8
    angle: float = 0.4
    flux: float = HOST_FLUX


def make_wcs(side: int) -> WCS:
    """Tangent-plane WCS centred on a square image."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 20.0]
    wcs.wcs.crpix = [(side + 1) / 2] * 2
    wcs.wcs.cd = np.diag([-1, 1]) * PIXSCALE / 3600
    wcs.wcs.set()
    return wcs


def make_psf(fwhm: float) -> galsim.GSObject:
    """A core and 10 % of the light in a wing 2.6 times as wide."""
    return galsim.Gaussian(fwhm=fwhm, flux=0.9) + galsim.Gaussian(fwhm=2.6 * fwhm, flux=0.1)


def draw(
    disk: Disk | None, xy: Values, flux: Values, psf: galsim.GSObject, side: int
) -> tuple[Values, Values, float]:
    """Noise-free image, sampled PSF and its adaptive FWHM in pixels."""
    middle = (side - 1) / 2
    image = np.zeros((side, side))
    if disk is not None:
        light = galsim.Exponential(scale_radius=disk.scale, flux=disk.flux)
        light = light.shear(q=disk.axis_ratio, beta=disk.angle * galsim.radians)
        image += galsim.Convolve(light, psf).drawImage(nx=side, ny=side, scale=PIXSCALE).array
    for (x, y), one in zip(xy, flux, strict=True):
        moved = (psf * one).shift((x - middle) * PIXSCALE, (y - middle) * PIXSCALE)
        image += moved.drawImage(nx=side, ny=side, scale=PIXSCALE).array
    sampled = psf.drawImage(nx=51, ny=51, scale=PIXSCALE).array.astype(float)
    sampled /= sampled.sum()
    return image, sampled, adaptive_fwhm_px(sampled)


def place(disk: Disk, radius: float, azimuth: float, side: int) -> Values:
    """(2,) pixel at a radius (scale lengths, in the disk's plane) and azimuth."""
    along = radius * disk.scale * np.cos(azimuth)
    across = radius * disk.scale * np.sin(azimuth) * disk.axis_ratio
    cos, sin = np.cos(disk.angle), np.sin(disk.angle)
    offset = np.array([along * cos - across * sin, along * sin + across * cos])
    return (side - 1) / 2 + offset / PIXSCALE


def galaxy(
    name: str,
    disk: Disk | None,
    xy: Values,
    flux: Values,
    rng: np.random.Generator | None,
    *,
    side: int = 121,
    shifted: bool = False,
) -> GalaxyImage:
    """A galaxy in five bands with clumps of (n, 5) ``flux``.

    ``rng=None`` draws no noise. ``shifted`` draws each band but r half a pixel away and
    resamples it, as bands of real frames are.
    """
    widths = FWHM * np.array([1.16, 1.07, 1.0, 0.96, 0.98])
    planes = {}
    for b, band in enumerate(SDSS_BANDS):
        moved = shifted and band != "r"
        step = np.array([0.5, 0.37]) if moved else np.zeros(2)
        pad = 12 if moved else 0
        image, psf, fwhm_px = draw(
            disk, xy + pad - step, flux[:, b], make_psf(widths[b]), side + 2 * pad
        )
        if disk is not None and moved:
            light = galsim.Exponential(scale_radius=disk.scale, flux=disk.flux)
            light = light.shear(q=disk.axis_ratio, beta=disk.angle * galsim.radians)
            whole = galsim.Convolve(light, make_psf(widths[b]))
            there = whole.shift(*(-step * PIXSCALE))
            n = side + 2 * pad
            image += there.drawImage(nx=n, ny=n, scale=PIXSCALE).array
            image -= whole.drawImage(nx=n, ny=n, scale=PIXSCALE).array
        variance = SKY_VARIANCE[band] + POISSON[band] * np.maximum(image, 0)
        if rng is not None:
            image = image + rng.normal(0, np.sqrt(variance))
            # What an observer knows: the noisy pixels.
            variance = SKY_VARIANCE[band] + POISSON[band] * np.maximum(image, 0)
        mask = np.zeros(image.shape, dtype=np.uint8)
        if moved:
            offset = np.array([pad, pad]) - step[::-1]
            image, variance, mask = resample(
                image.astype(np.float32), variance.astype(np.float32), mask, np.eye(2), offset,
                (side, side),
            )  # fmt: skip
        planes[band] = BandImage(
            image.astype(np.float32), variance.astype(np.float32), mask, make_wcs(side),
            fwhm_px * PIXSCALE, psf.astype(np.float32),
        )  # fmt: skip
    return GalaxyImage(name, planes, 150.0, 20.0)
