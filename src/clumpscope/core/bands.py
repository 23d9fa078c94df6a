"""Bands: one row each in `BANDS`, and what follows from the rows.

A new band is a new row, and a recipe that measures it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan


@dataclass(frozen=True)
class BandInfo:
    """What is known of a band.

    Attributes
    ----------
    letter
        Its name in images, tables and recipes.
    wavelength_nm
        Effective wavelength: the band's place among the others.
    ucd
        UCD1+ word of its part of the spectrum.
    extinction
        A / E(B-V) for R_V = 3.1 on unscaled SFD98.
    rank
        As the band that shows the host; the lowest of an image is its reference band.
    """

    letter: str
    wavelength_nm: float
    ucd: str
    extinction: float
    rank: int


# Bluest first. Wavelengths are those of SDSS's camera, and for y of HSC's filter. Extinction is of
# Schlafly & Finkbeiner 2011, Table 6: SDSS, and for y Pan-STARRS (HSC's pipeline takes 1.075).
# Without r, the band nearest to it shows the host best, redder first.
BANDS = (
    BandInfo("u", 355.1, "em.opt.U", 4.239, 5),
    BandInfo("g", 468.6, "em.opt.B", 3.303, 3),
    BandInfo("r", 616.6, "em.opt.R", 2.285, 0),
    BandInfo("i", 748.0, "em.opt.I", 1.698, 1),
    BandInfo("z", 893.2, "em.opt.I", 1.263, 2),
    BandInfo("y", 976.0, "em.opt.I", 1.087, 4),
)

# Those of SDSS: what a table or recipe holds that says no others.
SDSS_BANDS = ("u", "g", "r", "i", "z")

_UNKNOWN = BandInfo("", inf, "em.opt", nan, 99)


def band_info(letter: str) -> BandInfo:
    """Return a band's row; a band without one is red, without extinction, and a last resort."""
    return next((band for band in BANDS if band.letter == letter), _UNKNOWN)


def known_bands() -> tuple[str, ...]:
    """Letters of the table."""
    return tuple(band.letter for band in BANDS)


def in_order(letters: Iterable[str]) -> tuple[str, ...]:
    """Each of some bands once, bluest first; those not in the table last, in their own order."""
    return tuple(sorted(dict.fromkeys(letters), key=lambda letter: band_info(letter).wavelength_nm))


def colours(letters: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of neighbours in wavelength among those of some bands that are in the table."""
    known = in_order(set(letters) & set(known_bands()))
    return tuple(pairwise(known))


def reference_of(letters: Iterable[str]) -> str:
    """The band that shows the host best: r, else i, z, g, y, u, else the first of the alphabet."""
    return min(letters, key=lambda letter: (band_info(letter).rank, letter))


def bands_of(columns: Iterable[str], stem: str) -> tuple[str, ...]:
    """Bands for which a table has a column ``<stem>_<letter>``, in the order of the columns."""
    found = (name.removeprefix(f"{stem}_") for name in columns if name.startswith(f"{stem}_"))
    return tuple(letter for letter in found if len(letter) == 1)
