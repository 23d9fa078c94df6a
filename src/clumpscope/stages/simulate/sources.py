"""What is laid over a painted host: compact sources and small smooth galaxies."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS, band_info, known_bands
from clumpscope.errors import RecipeError, expected_got

Column = NDArray[np.float64]

Magnitude = TypeVar("Magnitude", float, Column)

ZERO_POINT = 22.5  # mag, of a nanomaggy
U, G, R = range(3)  # the bands that every simulated survey has come first


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
        (N, B) nanomaggy in the survey's bands.
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
        (N, B) nanomaggy in the survey's bands.
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


def nanomaggies(magnitude: Magnitude) -> Magnitude:
    """Flux of an AB magnitude."""
    return 10 ** (-0.4 * (magnitude - ZERO_POINT))


def in_bands(magnitudes: Column, bands: Sequence[str]) -> Column:
    """(..., B) magnitudes in some bands from those in SDSS's, (..., 5).

    Another band's lies on the straight line over ln wavelength through the two of SDSS's around
    it, or nearest to it.

    Raises
    ------
    RecipeError
        If a band is not known.
    """
    unknown = set(bands) - set(known_bands())
    if unknown:
        known = " ".join(known_bands())
        raise RecipeError(expected_got("bands", f"some of {known}", " ".join(bands)))
    place = np.log([band_info(band).wavelength_nm for band in SDSS_BANDS])
    columns = []
    for band in bands:
        at = np.log(band_info(band).wavelength_nm)
        k = int(np.clip(np.searchsorted(place, at, side="right") - 1, 0, len(place) - 2))
        share = (at - place[k]) / (place[k + 1] - place[k])
        if band in SDSS_BANDS:
            columns.append(magnitudes[..., SDSS_BANDS.index(band)])
        else:
            columns.append((1 - share) * magnitudes[..., k] + share * magnitudes[..., k + 1])
    return np.stack(columns, axis=-1)


def band_fluxes(
    flux: Column, anchor: int, colours: Column, bands: Sequence[str] = SDSS_BANDS
) -> Column:
    """(N, B) fluxes from the flux in band ``anchor`` (`U`, `R`) and (N, 4) colours u-g … i-z."""
    magnitudes = np.concatenate([np.zeros((len(flux), 1)), -np.cumsum(colours, axis=1)], axis=1)
    magnitudes -= magnitudes[:, anchor : anchor + 1]
    fluxes: Column = flux[:, None] * 10 ** (-0.4 * in_bands(magnitudes, bands))
    return fluxes
