"""Where frames lie on the sky, and which of them holds a position best."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.grid import pixel_side_arcsec

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Footprint:
    """Where a frame lies: its shape (ny, nx) and WCS."""

    shape: tuple[int, int]
    wcs: WCS

    @property
    def centre(self) -> tuple[float, float]:
        """RA and Dec of its middle, degrees."""
        ny, nx = self.shape
        ra, dec = native_to_sky([(nx - 1) / 2, (ny - 1) / 2], self.wcs)[0]
        return float(ra), float(dec)

    @property
    def side_arcsec(self) -> float:
        """Side of a pixel, arcsec."""
        return pixel_side_arcsec(self.wcs)

    def margin(self, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
        """Distance from each position to the nearest edge, px; negative or NaN if outside."""
        ny, nx = self.shape
        x, y = sky_to_native(np.column_stack([np.atleast_1d(ra), np.atleast_1d(dec)]), self.wcs).T
        return np.asarray(np.minimum.reduce([x + 0.5, nx - 0.5 - x, y + 0.5, ny - 0.5 - y]))


def best_of(
    footprints: Mapping[Key, Footprint],
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    rank: Mapping[Key, float] | None = None,
) -> list[Key | None]:
    """For each position (N,), degrees, the frame that holds it farthest from the edges.

    Parameters
    ----------
    footprints
        Frames by name.
    rank
        Added to the distance in pixels of a frame that holds a position; 0 by default.

    Returns
    -------
    N names; ``None`` where a position is off all frames.
    """
    best = np.full(len(ra), -np.inf)
    keys: list[Key | None] = [None] * len(ra)
    sky = _unit_vectors(ra, dec)
    for key, footprint in footprints.items():
        middle = _unit_vectors(*np.array([footprint.centre]).T)[0]
        ny, nx = footprint.shape
        corner = _unit_vectors(
            *native_to_sky([[-0.5, -0.5], [nx - 0.5, ny - 0.5]], footprint.wcs).T
        )
        reach = float((corner @ middle).min())
        near = np.flatnonzero(sky @ middle > np.cos(1.1 * np.arccos(np.clip(reach, -1, 1))))
        if not near.size:
            continue
        margin = footprint.margin(ra[near], dec[near])
        value = margin + (rank or {}).get(key, 0.0)
        better = (margin >= 0) & (value > best[near])
        best[near[better]] = value[better]
        for index in near[better]:
            keys[index] = key
    return keys


def _unit_vectors(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    a, d = np.radians(ra), np.radians(dec)
    return np.column_stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
