"""What goes wrong in real images: trails, cosmic rays, displaced bands, saturated stars."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.simulate import ArtefactsConfig, ObserveConfig
from clumpscope.core.galaxy import MaskBit
from clumpscope.stages.simulate.sources import R

Images = NDArray[np.float64]
Masks = NDArray[np.uint8]

_SPIKES = 0.004  # of a star's light in each of four diffraction spikes
_SPIKE_LENGTH = 40.0  # px, e-folding
_BLEEDS = 60  # px, up and down a column at most
_SPIKED = 2000.0  # nmgy, r = 14.2: brighter stars show spikes


def displace(
    rng: np.random.Generator, shifts: NDArray[np.float64], config: ArtefactsConfig
) -> NDArray[np.float64]:
    """Return the (B, 2) band shifts, now and then with one band up to a pixel off."""
    if rng.random() < config.shift:
        shifts = shifts.copy()
        shifts[rng.choice([band for band in range(len(shifts)) if band != R])] += rng.uniform(
            -1, 1, 2
        )
    return shifts


def spiked(images: Images, x: float, y: float, flux: NDArray[np.float64], angle: float) -> Images:
    """Add the four diffraction spikes of a star of (B,) ``flux`` at pixel (x, y)."""
    if flux[R] < _SPIKED:
        return images
    rows, cols = np.indices(images.shape[1:])
    along = (cols - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    across = -(cols - x) * np.sin(angle) + (rows - y) * np.cos(angle)
    rays = sum(
        np.exp(-0.5 * (b / 1.2) ** 2 - np.abs(a) / _SPIKE_LENGTH) / (2 * _SPIKE_LENGTH * 3.0)
        for a, b in ((along, across), (across, along))
    )
    with_rays: Images = images + 2 * _SPIKES * flux[:, None, None] * rays
    return with_rays


def saturated(images: Images, config: ObserveConfig) -> tuple[Images, Masks]:
    """Cap pixels at the well's depth, spill the rest along columns, and mask both."""
    masks = np.zeros(images.shape, dtype=np.uint8)
    images = images.copy()
    for band, depth in enumerate(config.saturation_nmgy):
        over = images[band] > depth
        for col in np.flatnonzero(over.any(axis=0)):
            column = images[band, :, col]
            full = over[:, col]
            rows = np.flatnonzero(full)
            excess = float((column[full] - depth).sum())
            reach = int(min(excess / depth / 2, _BLEEDS))
            trail = slice(max(int(rows[0]) - reach, 0), int(rows[-1]) + reach + 1)
            column[trail] = np.maximum(column[trail], 0.9 * depth)
            column[full] = depth
            masks[band, trail, col] = MaskBit.SATURATED
    return images, masks


def trail(
    rng: np.random.Generator, images: Images, sigma: NDArray[np.float64], config: ArtefactsConfig
) -> Images:
    """Draw now and then a satellite's line across one band, a few times the noise."""
    if rng.random() >= config.trail:
        return images
    band = int(rng.integers(len(images)))
    rows, cols = np.indices(images.shape[1:])
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.4, 0.4) * images.shape[1]
    middle = (images.shape[1] - 1) / 2
    distance = (cols - middle) * np.sin(angle) - (rows - middle) * np.cos(angle) - offset
    line = np.exp(-0.5 * (distance / rng.uniform(1.3, 2.2)) ** 2)
    images = images.copy()
    images[band] += rng.uniform(1.5, 12) * sigma[band] * line
    return images


def cosmic_ray(
    rng: np.random.Generator, images: Images, sigma: NDArray[np.float64], config: ArtefactsConfig
) -> Images:
    """Leave now and then a cosmic ray of a few pixels in one band, unmasked."""
    if rng.random() >= config.cosmic_ray:
        return images
    band, n = int(rng.integers(len(images))), images.shape[1]
    images = images.copy()
    row, col = rng.integers(n, size=2)
    step = rng.integers(-1, 2, size=2)
    for _ in range(int(rng.integers(1, 5))):
        if 0 <= row < n and 0 <= col < n:
            images[band, row, col] += rng.uniform(10, 60) * sigma[band]
        row, col = row + step[0], col + step[1]
    return images


def uneven_sky(
    rng: np.random.Generator, shape: tuple[int, int], sigma: NDArray[np.float64], residual: float
) -> Images:
    """Level and gradient that sky subtraction leaves, (B, ny, nx) nanomaggy.

    ``sigma`` (B,) is the noise of blank pixels, here and above.
    """
    ny, nx = shape
    y, x = np.linspace(-1, 1, ny)[:, None], np.linspace(-1, 1, nx)[None, :]
    level, right, up = rng.normal(0, residual, (3, len(sigma), 1, 1))
    sky: Images = sigma[:, None, None] * (level + right * x + up * y)
    return sky
