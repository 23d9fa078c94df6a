"""Bands: one row each in `BANDS`, and what follows from the rows.

A new band is a new row, and a recipe that measures it. Images and tables may have others, too:
what a band can be called says `clumpscope.config.band_names`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan

from clumpscope.config.band_names import alike, is_band_name


@dataclass(frozen=True)
class BandInfo:
    """What is known of a band.

    Attributes
    ----------
    name
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

    name: str
    wavelength_nm: float
    ucd: str
    extinction: float
    rank: int


# Bluest first. Letters are SDSS's, with its camera's wavelengths, and HSC's y; VIS, YE, JE and HE
# are Euclid's (Y_E, J_E, H_E: FITS tables know y and Y as one name), F..W and F850LP those of
# HST's ACS, or NIRCam where both an instrument of JWST and no other has the name.
# Extinction is of Schlafly & Finkbeiner 2011, Table 6, for SDSS, y (that of Pan-STARRS; HSC's
# pipeline takes 1.075) and ACS. For Euclid and NIRCam it is 0.90 times the law of Fitzpatrick 1999
# at the band's wavelength: what their table is of that law for filters of 600 to 1500 nm, to 2 %.
# Without r, the band nearest to it shows the host best, redder first.
BANDS = (
    BandInfo("u", 355.1, "em.opt.U", 4.239, 19),
    BandInfo("F435W", 432.9, "em.opt.B", 3.610, 20),
    BandInfo("g", 468.6, "em.opt.B", 3.303, 10),
    BandInfo("F475W", 474.7, "em.opt.B", 3.268, 11),
    BandInfo("F606W", 592.2, "em.opt.V", 2.471, 1),
    BandInfo("r", 616.6, "em.opt.R", 2.285, 0),
    BandInfo("F070W", 704.6, "em.opt.R", 1.898, 3),
    BandInfo("VIS", 715.0, "em.opt", 1.854, 2),
    BandInfo("i", 748.0, "em.opt.I", 1.698, 4),
    BandInfo("F775W", 769.4, "em.opt.I", 1.629, 5),
    BandInfo("F814W", 804.8, "em.opt.I", 1.526, 6),
    BandInfo("z", 893.2, "em.opt.I", 1.263, 7),
    BandInfo("F090W", 902.1, "em.opt.I", 1.256, 8),
    BandInfo("F850LP", 903.4, "em.opt.I", 1.243, 9),
    BandInfo("y", 976.0, "em.opt.I", 1.087, 12),
    BandInfo("YE", 1080.9, "em.IR.J", 0.917, 13),
    BandInfo("F115W", 1154.3, "em.IR.J", 0.818, 14),
    BandInfo("JE", 1367.3, "em.IR.J", 0.618, 15),
    BandInfo("F150W", 1500.7, "em.IR.H", 0.534, 16),
    BandInfo("HE", 1771.4, "em.IR.H", 0.415, 17),
    BandInfo("F200W", 1988.6, "em.IR.K", 0.352, 18),
    BandInfo("F277W", 2776.0, "em.IR.K", 0.225, 21),
    BandInfo("F356W", 3565.0, "em.IR.3-4um", 0.164, 22),
    BandInfo("F444W", 4402.0, "em.IR.4-8um", 0.128, 23),
)

# Those of SDSS: what a table or recipe holds that says no others.
SDSS_BANDS = ("u", "g", "r", "i", "z")

_UNKNOWN = BandInfo("", inf, "em.opt", nan, 99)


def band_info(name: str) -> BandInfo:
    """Return a band's row; a band without one is red, without extinction, and a last resort."""
    return next((band for band in BANDS if band.name == name), _UNKNOWN)


def known_bands() -> tuple[str, ...]:
    """Names of the table."""
    return tuple(band.name for band in BANDS)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each of some bands once, bluest first; those not in the table last, in their own order."""
    return tuple(sorted(dict.fromkeys(names), key=lambda name: band_info(name).wavelength_nm))


def colours(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of neighbours in wavelength among those of some bands that are in the table."""
    known = in_order(set(names) & set(known_bands()))
    return tuple(pairwise(known))


def reference_of(names: Iterable[str]) -> str:
    """The band that shows the host best: r, else F606W, VIS, … by rank, else the first by name."""
    return by_rank(names)[0]


def by_rank(names: Iterable[str]) -> tuple[str, ...]:
    """Bands in the order in which they are asked to show the host."""
    return tuple(sorted(names, key=lambda name: (band_info(name).rank, name)))


def bands_of(columns: Iterable[str], stem: str) -> tuple[str, ...]:
    """Bands for which a table has a column ``<stem>_<band>``, in the order of the columns."""
    found = (name.removeprefix(f"{stem}_") for name in columns if name.startswith(f"{stem}_"))
    return tuple(name for name in found if is_band_name(name))


def measurable(wanted: Collection[str] | None, there: Iterable[str]) -> tuple[str, ...]:
    """Those of the bands that a recipe wants, or else of all, which are there; bluest first."""
    there = tuple(there)
    return in_order(there) if wanted is None else tuple(name for name in wanted if name in there)


def as_text(names: Iterable[str]) -> str:
    """Bands as a table's metadata hold them: letters without a break, else with commas."""
    names = list(names)
    if all(len(name) == 1 for name in names):
        return "".join(names)
    # One alone gets a comma, too: VIS is no three letters.
    return ",".join(names) + ("," if len(names) == 1 else "")


def from_text(text: object) -> tuple[str, ...]:
    """What `as_text` was made of.

    Raises
    ------
    ValueError
        If the text is none of bands, or one is there twice, or in another case, too.
    """
    if not isinstance(text, str):
        raise ValueError(f"no text: {text!r:.50}")
    names = tuple(text.removesuffix(",").split(",")) if "," in text else tuple(text)
    wrong = [name for name in names if not is_band_name(name)]
    if not names or wrong or len(set(names)) < len(names) or alike(names):
        raise ValueError(f"no names of bands, each once: {text!r:.50}")
    return names
