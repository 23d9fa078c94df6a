"""The WCS of an image whose header somebody else wrote.

It is read right, or refused with the card that is the trouble; what had to be understood is
noted. wcslib alone reads some wrong: TNX as TAN, SCAMP's linear PV as none, axes of the other
order as they come.
"""

import re
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.cards import is_number
from clumpscope.core.grid import flaw_of, pixel_areas
from clumpscope.core.sip import as_sip, has_tables
from clumpscope.core.to_icrs import check_turned, turned_cards
from clumpscope.core.wcs_cards import Cards, linear_cards, matrix_of, refused, wcs_cards
from clumpscope.core.wcs_distortion import distortion_cards, table_cards

_SKY = re.compile(r"(RA|DEC|[A-Z]LON|[A-Z]LAT|[A-Z]{2}L[NT])(-|$)")
_KIND = re.compile(r"(RA--|DEC-|GLON|GLAT)-([A-Z]{3})(?:-([A-Z0-9]{3}))?")
_PROJECTIONS = (
    *("AZP", "SZP", "TAN", "STG", "SIN", "ARC", "ZPN", "ZEA", "AIR", "CYP", "CEA", "CAR", "MER"),
    *("COP", "COE", "COD", "COO", "SFL", "PAR", "MOL", "AIT", "BON", "PCO", "TSC", "CSC", "QSC"),
    *("HPX", "XPH", "TPV"),
)
_PLAIN = {f"{key}{axis}" for key in ("CTYPE", "CUNIT", "CRVAL", "CRPIX") for axis in (1, 2)}
_PLAIN |= {"CD1_1", "CD1_2", "CD2_1", "CD2_2", "LONPOLE", "LATPOLE", "RADESYS"}
_KINDS = "RA---TAN and DEC--TAN or the like"
_SYSTEMS = "RA and DEC in ICRS or FK5"
_TRANSFORM = "transform it, or take it out and have the image saved as a picture"
_EQUINOXES = 1900, 2100
_STRETCH = 4.0  # of a pixel's area by a distortion


def celestial(
    header: fits.Header, hdus: fits.HDUList | None = None
) -> tuple[WCS | None, tuple[str, ...]]:
    """WCS of an image's two axes in ICRS, right ascension first, and notes for the user.

    SIP and TPV stay; look-up tables of distortion become SIP. Axes beyond the image's own,
    such as the frequency of a plane of a cube, do not count.

    Parameters
    ----------
    header
        Of the image.
    hdus
        Of its file: look-up tables of distortion lie in other HDUs.

    Returns
    -------
    The WCS, ``None`` where the header has none of the sky; and what was understood.

    Raises
    ------
    ImageError
        If it cannot be read for sure, or is useless; the message names the card.
    """
    cards = wcs_cards(header)
    kinds = [str(cards.get(f"CTYPE{axis}", "")).strip().upper() for axis in (1, 2)]
    if not any(_SKY.match(kind) for kind in kinds):
        _check_none(header, cards, kinds)
        return None, (f"CTYPE {' '.join(kinds)}: no axes of the sky",) if any(kinds) else ()
    _check_further(cards)
    code, suffix, latitude = _projection(kinds)
    code, distortion, notes = distortion_cards(cards, code, suffix, latitude)
    if latitude == 0:
        notes.append("declination on the first axis: exchanged")
    tail = f"-{code}" + ("-SIP" if "A_ORDER" in distortion else "")
    galactic = kinds[0].startswith("GL")
    names = ("GLON", "GLAT") if galactic else ("RA--", "DEC-")
    clean: Cards = {
        "CTYPE1": f"{names[0]}{tail}",
        "CTYPE2": f"{names[1]}{tail}",
        **linear_cards(cards, latitude),
        **distortion,
    }
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told below
        if np.linalg.det(matrix_of(cards, latitude)) == 0:
            raise refused("", "one that can be used", "pixels of 0 degrees")
    tables = table_cards(header, has_hdus=hdus is not None)
    system, equinox = ("GALACTIC", 2000.0) if galactic else _system(cards, notes)
    if system == "ICRS":
        clean["RADESYS"] = "ICRS"
    wcs = _made(clean, tables, hdus)
    shape = _shape(header)
    if system != "ICRS":
        old, wcs = wcs, _made(turned_cards(clean, wcs, system, equinox), tables, hdus)
        check_turned(old, wcs, system, equinox, _places(shape, wcs))
        notes.append(f"{system}{f' {equinox:g}' * (system == 'FK5')}: turned to ICRS")
    if has_tables(wcs):
        if code != "TAN" or shape is None:
            raise refused("CPDIS", "a distortion of TAN", f"one of {code}")
        wcs, off = as_sip(wcs, shape)
        notes.append(f"look-up tables of distortion: SIP, to {off:.2g} px")
    _check_distortion(wcs, shape)
    return wcs, tuple(notes)


def _check_none(header: fits.Header, cards: Cards, kinds: list[str]) -> None:
    """See that a header without sky in CTYPE means none."""
    if "AMDX1" in header and "PLTRAH" in header:
        raise refused("AMDX1", _KINDS, "a plate solution of the DSS")
    small = np.abs(matrix_of(cards, 1)).max() < 0.1
    if not any(kinds) and small and "CRVAL1" in cards:
        raise refused("CTYPE1", _KINDS, "none")


def _check_further(cards: Cards) -> None:
    for axis in range(3, 10):
        if _SKY.match(str(cards.get(f"CTYPE{axis}", "")).strip().upper()):
            raise refused(f"CTYPE{axis}", "the sky on the image's own axes", "a part of it here")


def _projection(kinds: list[str]) -> tuple[str, str, int]:
    """Code and suffix of a projection, and whether latitude is axis 0 or 1."""
    matches = [_KIND.fullmatch(kind) for kind in kinds]
    names = sorted(kind.split("-")[0] for kind in kinds)
    if names not in (["DEC", "RA"], ["GLAT", "GLON"]):
        # Both axes of the sky, or one of them and a spectrum.
        raise refused("CTYPE", _SYSTEMS, " ".join(kind or "none" for kind in kinds), _TRANSFORM)
    for axis, (kind, match) in enumerate(zip(kinds, matches, strict=True), start=1):
        if match is None:
            raise refused(f"CTYPE{axis}", _KINDS, repr(kind))
    (_, code, suffix), (_, other, second) = (match.groups("") for match in matches if match)
    if (code, suffix) != (other, second):
        raise refused("CTYPE", "one projection on both axes", " ".join(kinds))
    if code in ("TNX", "ZPX"):
        remedy = "have it fitted anew as SIP or TPV"
        raise refused("CTYPE1", "a projection of the standard", f"IRAF's {code}", remedy)
    if code not in _PROJECTIONS:
        raise refused("CTYPE1", "a projection of the standard", repr(kinds[0]))
    if suffix not in ("", "SIP"):
        raise refused("CTYPE1", "SIP or no distortion", repr(kinds[0]))
    return code, suffix, int(kinds[1].startswith(("DEC", "GLAT")))


def _system(cards: Cards, notes: list[str]) -> tuple[str, float]:
    """Reference system, ``ICRS`` or ``FK5``, and its equinox."""
    systems = {str(cards.get(key, "")).strip().upper() for key in ("RADESYS", "RADECSYS")} - {""}
    if len(systems) > 1:
        raise refused("RADESYS", "one system", " and ".join(sorted(systems)))
    system = next(iter(systems), "")
    if system == "ICRS":
        return system, 2000.0
    equinox = _year(cards, "EQUINOX")
    if equinox is None and (epoch := _year(cards, "EPOCH")) is not None:
        # Of the observation as often as of the equinox.
        if epoch not in (1950, 2000):
            raise refused("EPOCH", "EQUINOX", epoch, "write EQUINOX or RADESYS")
        equinox = epoch
        notes.append(f"EPOCH {epoch:g}: taken for EQUINOX")
    # By the FITS standard, positions of before 1984 are FK4.
    if not system and equinox is not None:
        system = "FK4" if equinox < 1984 else "FK5"
    if not system:
        notes.append("no RADESYS: ICRS")
        return "ICRS", 2000.0
    if system != "FK5":
        raise refused("RADESYS", _SYSTEMS, system, _TRANSFORM)
    equinox = 2000.0 if equinox is None else equinox
    if not _EQUINOXES[0] <= equinox <= _EQUINOXES[1]:
        raise refused("EQUINOX", "a year of " + " to ".join(map(str, _EQUINOXES)), equinox)
    return system, equinox


def _year(cards: Cards, key: str) -> float | None:
    """A year as a number, or as ``J2000.0`` and ``B1950``."""
    value = cards.get(key)
    if value is None or is_number(value):
        return None if value is None else float(value)
    match = re.fullmatch(r"([JB]?)(\d{4}(?:\.\d*)?)", str(value).strip().upper())
    year = float(match[2]) if match else np.nan
    if not match or (match[1] and (match[1] == "B") != (year < 1984)):
        raise refused(key, "a year", repr(value))
    return year


def _made(cards: Cards, tables: list[fits.Card], hdus: fits.HDUList | None) -> WCS:
    """The WCS of cleaned cards."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = _plain(cards) if not tables and cards.keys() <= _PLAIN else None
            if wcs is None:
                header = fits.Header([(key, value) for key, value in cards.items()])
                for card in tables:
                    header.append(card)
                wcs = WCS(header, fobj=hdus if tables else None, naxis=2)
            flaw = "" if wcs.has_celestial else "no axes of the sky"
            flaw = flaw or flaw_of(wcs)
    except Exception as error:  # wcslib and its wrapper raise many kinds
        flaw = str(error).strip().splitlines()[-1]
    if flaw:
        raise refused("", "one that can be used", flaw)
    return wcs


def _plain(cards: Cards) -> WCS | None:
    """The WCS of a gnomonic projection in degrees, without a header's cost; else ``None``."""
    kinds = [str(cards[f"CTYPE{axis}"]) for axis in (1, 2)]
    units = [str(cards[f"CUNIT{axis}"]) for axis in (1, 2)]
    if not all(kind.endswith("-TAN") for kind in kinds) or units != ["deg", "deg"]:
        return None
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = kinds, units
    wcs.wcs.crval = [cards["CRVAL1"], cards["CRVAL2"]]
    wcs.wcs.crpix = [cards["CRPIX1"], cards["CRPIX2"]]
    wcs.wcs.cd = [[cards[f"CD{row}_{column}"] for column in (1, 2)] for row in (1, 2)]
    for key in ("LONPOLE", "LATPOLE", "RADESYS"):
        if key in cards:
            setattr(wcs.wcs, key.lower(), cards[key])
    wcs.wcs.set()
    return wcs


def _shape(header: fits.Header) -> tuple[int, int] | None:
    """(ny, nx) of the image that a header is of, if it says."""
    sides = [header.get(key) for key in ("NAXIS2", "NAXIS1")]
    if not all(is_number(side) and side > 0 for side in sides):
        return None
    ny, nx = (int(side) for side in sides if is_number(side))
    return ny, nx


def _places(shape: tuple[int, int] | None, wcs: WCS) -> NDArray[np.float64]:
    """(25, 2) pixels all over an image; around its reference pixel, if it has no shape."""
    low, high = wcs.wcs.crpix - 500, wcs.wcs.crpix + 500
    if shape is not None:
        low, high = np.zeros(2), np.array(shape[::-1]) - 1.0
    x, y = np.meshgrid(*np.linspace(low, high, 5).T)
    return np.column_stack([x.ravel(), y.ravel()])


def _check_distortion(wcs: WCS, shape: tuple[int, int] | None) -> None:
    """See that a distortion leaves each pixel about its size, and the image unfolded."""
    if shape is None:
        return
    xy = _places(shape, wcs)
    try:
        areas = pixel_areas(wcs, xy)
    except Exception as error:  # wcslib raises many kinds
        text = str(error).strip().splitlines()[-1]
        raise refused("", "one that can be used", text) from error
    plain = np.linalg.det(wcs.pixel_scale_matrix)
    with np.errstate(all="ignore"):
        ratio = areas / np.median(areas)
    if not (np.isfinite(ratio).all() and ratio.min() > 1 / _STRETCH and ratio.max() < _STRETCH):
        raise refused("distortion", f"pixels of {abs(plain) ** 0.5:.3g} degrees", "a folded image")
