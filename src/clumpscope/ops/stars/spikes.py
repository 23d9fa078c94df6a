"""Diffraction spikes of bright stars: four arms, at one angle all over a field."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Values = NDArray[np.float64]

_BRIGHTEST = 5  # stars that tell the angle
_STEP = np.radians(1.0)
_BIN = 6  # px along an arm
_BESIDE = 7.0  # px across from an arm: where there is none
_SURE = 4.0  # sigma, of an angle
_SEEN = 0.6  # sigma a pixel, of an arm's end
_HIDDEN = 5  # bins
_LONGEST = 300  # px


def spike_angle(
    score: Values, stars: Sequence[tuple[float, float, float]], longest: int = _LONGEST
) -> float | None:
    """Angle of one arm from +x (radians, below pi / 2), or None where no arm is seen.

    Parameters
    ----------
    score
        (ny, nx) light over its noise.
    stars
        x, y and core radius (px) of the saturated stars, brightest first.
    longest
        Radius to which to look, px.
    """
    angles = np.arange(0, np.pi / 2, _STEP)
    curves = []
    for x, y, core in stars[:_BRIGHTEST]:
        radii = np.arange(1.5 * core, min(4 * core + 20, longest))
        curve = np.array([_arms(score, x, y, angle, radii).mean() for angle in angles])
        curves.append(curve - ndimage.median_filter(curve, 25, mode="wrap"))
    if not curves:
        return None
    mean = np.mean(curves, axis=0)
    spread = 1.4826 * float(np.median(np.abs(mean - np.median(mean))))
    best = int(np.argmax(mean))
    return float(angles[best]) if mean[best] > _SURE * max(spread, 1e-6) else None


def spike_length(score: Values, x: float, y: float, core: float, angle: float) -> float:
    """Length of a star's arms, px from its centre: the last place where the mean arm is seen."""
    radii = np.arange(core, _LONGEST, 1.0)
    across = (-np.sin(angle) * _BESIDE, np.cos(angle) * _BESIDE)
    arm = _arms(score, x, y, angle, radii)
    beside = 0.5 * (
        _arms(score, x + across[0], y + across[1], angle, radii)
        + _arms(score, x - across[0], y - across[1], angle, radii)
    )
    excess = arm - beside
    bins = excess[: len(excess) // _BIN * _BIN].reshape(-1, _BIN).mean(axis=1)
    seen = np.flatnonzero(bins > _SEEN)
    # The glare around the core hides an arm's beginning; two bins without it are its end.
    if not seen.size or seen[0] > _HIDDEN:
        return 0.0
    gaps = np.flatnonzero(np.diff(seen) > 2)
    last = seen[gaps[0]] if gaps.size else seen[-1]
    return float(core + (last + 1) * _BIN)


def _arms(score: Values, x: float, y: float, angle: float, radii: Values) -> Values:
    """Mean light of those of the four arms that are on the image, at some radii; 0 off it."""
    turns = angle + np.arange(4)[:, None] * np.pi / 2
    rows, cols = y + radii * np.sin(turns), x + radii * np.cos(turns)
    ny, nx = score.shape
    seen = (rows >= 0) & (rows <= ny - 1) & (cols >= 0) & (cols <= nx - 1)
    light = ndimage.map_coordinates(score, [rows, cols], order=1, mode="nearest")
    mean: Values = (light * seen).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return mean
