"""Kinds of units: counts, fluxes and surface brightness."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from astropy import units as u

from clumpscope.core.schema import AB
from clumpscope.ops.unit_words import unit_of
from clumpscope.ops.zero_points import Counts

_FLAM = u.Unit("erg s-1 cm-2 Angstrom-1")
_COUNTS = ("ct", "adu", "DN", "electron", "ph")


@dataclass(frozen=True)
class Kind:
    """A unit taken apart: counts, or so many nanomaggies, or those a steradian.

    Attributes
    ----------
    written
        False where nobody says a unit: then it is taken for counts of nobody knows what.
    counts
        What is counted; ``None`` of fluxes.
    nmgy
        Nanomaggies of one unit of flux; of F_lambda, erg/s/cm2/A of it.
    """

    written: bool
    counts: Counts | None = None
    nmgy: float = 1.0
    a_steradian: bool = False
    of_wavelength: bool = False


@lru_cache(maxsize=256)
def kind_of(text: str) -> Kind | None:
    """Take a unit apart; ``None`` if it is none of flux.

    Raises
    ------
    ValueError
        If it means none, see `unit_of`.
    """
    unit = unit_of(text)
    if unit is None:
        return Kind(written=False, counts=Counts())
    for pixel in (u.dimensionless_unscaled, u.pix):  # Jy/pixel is Jy
        one = unit * pixel
        for name in _COUNTS:
            for rate in (False, True):
                total = one * u.s if rate else one
                if total.is_equivalent(u.Unit(name)):
                    counts = Counts(float(total.to(name)), rate, name)
                    return _usable(Kind(written=True, counts=counts), counts.scale)
        for a_steradian in (False, True):
            flux = one * u.sr if a_steradian else one
            if flux.is_equivalent(u.nmgy):
                nmgy = float(flux.to(u.nmgy))
                return _usable(Kind(written=True, nmgy=nmgy, a_steradian=a_steradian), nmgy)
            if flux.is_equivalent(u.Jy):
                nmgy = float(flux.to(u.nmgy, equivalencies=AB))
                return _usable(Kind(written=True, nmgy=nmgy, a_steradian=a_steradian), nmgy)
            if flux.is_equivalent(_FLAM):
                kind = Kind(True, None, float(flux.to(_FLAM)), a_steradian, of_wavelength=True)
                return _usable(kind, kind.nmgy)
    return None


def _usable(kind: Kind, scale: float) -> Kind | None:
    return kind if 0 < scale < np.inf else None
