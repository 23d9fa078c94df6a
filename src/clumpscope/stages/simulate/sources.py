"""What is laid over a painted host: compact sources and small smooth galaxies."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sources:
    """N compact sources on top of a host.

    Attributes
    ----------
    x, y
        (N,) offsets from the host's centre along the pixel axes, arcsec.
    sigma
        (N,) intrinsic Gaussian width, arcsec; 0 is a point.
    flux
        (N, 5) nanomaggy in u, g, r, i, z.
    label
        (N,) 1 clump, 2 odd clump.
    """

    x: Column
    y: Column
    sigma: Column
    flux: Column
    label: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def __add__(self, other: "Sources") -> "Sources":
        """Both lists, one after the other."""
        pairs = [(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)]
        return Sources(*(np.concatenate(pair) for pair in pairs))

    def subset(self, index: NDArray[np.generic]) -> "Sources":
        """Those of ``index`` (positions or a mask)."""
        return Sources(*(getattr(self, one.name)[index] for one in fields(self)))


@dataclass(frozen=True, eq=False)
class Blobs:
    """N smooth elliptical galaxies.

    Attributes
    ----------
    x, y
        (N,) offsets from the host's centre along the pixel axes, arcsec.
    half_light
        (N,) half-light radius of the major axis, arcsec.
    axis_ratio, angle
        (N,) minor over major axis; the major axis' angle from the +x pixel axis, radians.
    early
        (N,) True has a de Vaucouleurs profile, False an exponential one.
    flux
        (N, 5) nanomaggy in u, g, r, i, z.
    """

    x: Column
    y: Column
    half_light: Column
    axis_ratio: Column
    angle: Column
    early: NDArray[np.bool_]
    flux: Column

    def __len__(self) -> int:
        return len(self.x)

    def __add__(self, other: "Blobs") -> "Blobs":
        """Both lists, one after the other."""
        pairs = [(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)]
        return Blobs(*(np.concatenate(pair) for pair in pairs))


def no_sources() -> Sources:
    """Return an empty list."""
    empty = np.zeros(0)
    return Sources(empty, empty, empty, np.zeros((0, 5)), np.zeros(0, dtype=np.int64))


def no_blobs() -> Blobs:
    """Return an empty list."""
    empty = np.zeros(0)
    return Blobs(empty, empty, empty, empty, empty, np.zeros(0, dtype=bool), np.zeros((0, 5)))


def band_fluxes(flux: Column, anchor: int, colours: Column) -> Column:
    """(N, 5) fluxes from the flux in band ``anchor`` (0 is u) and (N, 4) colours u-g … i-z."""
    magnitudes = np.concatenate([np.zeros((len(flux), 1)), -np.cumsum(colours, axis=1)], axis=1)
    magnitudes -= magnitudes[:, anchor : anchor + 1]
    fluxes: Column = flux[:, None] * 10 ** (-0.4 * magnitudes)
    return fluxes
