"""The cards of a WCS, brought from what telescopes write to one form.

One form: right ascension (or longitude) first, degrees, one CD matrix, TPV and SIP named in CTYPE.
What contradicts itself, or what wcslib would pass over, is refused by the name of its card.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from clumpscope.core.cards import is_number
from clumpscope.errors import ImageError, expected_got

REMEDY = "mend it, or take it out and have the image saved as a picture"

Cards = dict[str, Any]

_KEPT = re.compile(
    r"(CTYPE|CRVAL|CRPIX|CUNIT|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|(CD|PC)00[12]00[12]|PV[12]_\d{1,2}"
    r"|[AB]P?_(ORDER|\d_\d)|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH|WCSAXES"
    r"|CTYPE[3-9]|(CD|PC)[12]_[3-9]"
)
_TEXTS = re.compile(r"CTYPE\d|CUNIT\d|RADE(C)?SYS|EQUINOX|EPOCH")
# astropy makes a table of (order + 1) squared; the convention ends at 9.
_ORDERS = ("WCSAXES", "A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER")
_MOST = 9
_UNITS = {
    **dict.fromkeys(("", "deg", "degree", "degrees"), 1.0),
    **dict.fromkeys(("arcmin", "arcminute", "arcminutes"), 1 / 60),
    **dict.fromkeys(("arcsec", "arcsecs", "arcsecond", "arcseconds"), 1 / 3600),
    "mas": 1 / 3.6e6,
    **dict.fromkeys(("rad", "radian", "radians"), math.degrees(1)),
}
_SAME = 1e-6  # of the larger, that two matrices may differ by and still be one


def refused(what: str, expected: object, got: object, remedy: str = REMEDY) -> ImageError:
    """Return what to raise of a card of the WCS."""
    return ImageError(expected_got(f"WCS {what}".strip(), expected, got, remedy))


def wcs_cards(header: fits.Header) -> Cards:
    """Cards of a header that tell its WCS, without those of other versions (``CRVAL1A``).

    Raises
    ------
    ImageError
        If one is given twice, or holds no number where one belongs.
    """
    cards: Cards = {}
    for card in header.cards:
        key = card.keyword
        if not _is_kept(key):
            continue
        try:
            value = card.value
        except (fits.VerifyError, ValueError):
            raise refused(key, "a number", "what is no FITS value") from None
        if key in cards and cards[key] != value:
            raise refused(key, "one value", f"{cards[key]!r} and {value!r}")
        cards[key] = value
    for key in _ORDERS:
        order = cards.get(key, 0)
        if not (is_number(order) and 0 <= order <= _MOST):
            raise refused(key, f"0 to {_MOST}", repr(order))
    for key, value in cards.items():
        if not _TEXTS.fullmatch(key) and not is_number(value):
            raise refused(key, "a number", repr(value))
    return {_spelt(key): value for key, value in cards.items()}


@lru_cache(maxsize=4096)
def _is_kept(key: str) -> bool:
    return _KEPT.fullmatch(key) is not None


@lru_cache(maxsize=4096)
def _spelt(key: str) -> str:
    """The name of the standard for ``CD001002`` and ``PC001002`` of its drafts."""
    return f"{key[:2]}{key[4]}_{key[7]}" if re.fullmatch(r"(CD|PC)00\d00\d", key) else key


def matrix_of(cards: Mapping[str, Any], latitude: int) -> NDArray[np.float64]:
    """(2, 2) CD matrix, of whatever a header has: CD, PC and CDELT, CROTA and CDELT, CDELT.

    Parameters
    ----------
    latitude
        0 or 1: the axis whose CROTA is the rotation.

    Raises
    ------
    ImageError
        If two of these are there and disagree, or a further axis is mixed in.
    """
    for key, value in cards.items():
        if re.fullmatch(r"(CD|PC)[12]_[3-9]", key) and value != 0:
            raise refused(key, "0: the sky on the image's own axes", value)
    step = np.array([float(cards.get(f"CDELT{axis}", 1.0)) for axis in (1, 2)])
    found = {}
    for name, scale, blank in (("CD", np.ones(2), 0.0), ("PC", step, 1.0)):
        keys = [[f"{name}{i}_{j}" for j in (1, 2)] for i in (1, 2)]
        if any(key in cards for row in keys for key in row):
            given = [
                [float(cards.get(keys[i][j], blank * (i == j))) for j in (0, 1)] for i in (0, 1)
            ]
            with np.errstate(over="ignore", invalid="ignore"):
                found[name] = scale[:, None] * np.array(given)
    # Beside a CD matrix many leave the CROTA and CDELT of another time; the standard ignores them.
    if "CD" not in found and any(cards.get(f"CROTA{axis}") for axis in (1, 2)):
        found["CROTA"] = _turned(cards, step, latitude)
    (name, matrix), *others = list(found.items()) or [("CDELT", np.diag(step))]
    for other, second in others:
        if not np.allclose(matrix, second, rtol=0, atol=_SAME * np.abs(matrix).max()):
            raise refused(f"{name} and {other}", "one matrix", "two that disagree")
    return np.asarray(matrix)


def _turned(
    cards: Mapping[str, Any], step: NDArray[np.float64], latitude: int
) -> NDArray[np.float64]:
    """CROTA and CDELT as a CD matrix (Calabretta & Greisen 2002, section 6.1)."""
    longitude = 1 - latitude
    turn = cards.get(f"CROTA{latitude + 1}", 0.0)
    other = cards.get(f"CROTA{longitude + 1}", 0.0)
    if other not in (0, turn):
        raise refused(f"CROTA{longitude + 1}", f"0 or {turn}", other)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    matrix = np.empty((2, 2))
    matrix[longitude, longitude] = step[longitude] * cosine
    matrix[longitude, latitude] = -step[latitude] * sine
    matrix[latitude, longitude] = step[longitude] * sine
    matrix[latitude, latitude] = step[latitude] * cosine
    return matrix


def linear_cards(cards: Mapping[str, Any], latitude: int) -> Cards:
    """CRVAL, CRPIX, CD and CUNIT: longitude first, degrees where the unit is known.

    Raises
    ------
    ImageError
        If a CRVAL is missing or no latitude.
    """
    matrix = matrix_of(cards, latitude)
    linear: Cards = {}
    for new, old in ((1, 2 - latitude), (2, latitude + 1)):
        unit = str(cards.get(f"CUNIT{old}", "")).strip()
        scale = _UNITS.get(unit.lower())
        key = f"CRVAL{old}"
        if key not in cards:
            raise refused(key, "a number", "none")
        value = float(cards[key]) * (scale or 1.0)
        if new == 2 and scale == 1 and abs(value) > 90:
            raise refused(key, "-90 to 90 degrees", cards[key])
        linear[f"CRVAL{new}"] = value
        linear[f"CUNIT{new}"] = unit if scale is None else "deg"
        # CRPIX is of a pixel axis: these are never exchanged.
        linear[f"CRPIX{new}"] = float(cards.get(f"CRPIX{new}", 0.0))
        for column in (1, 2):
            linear[f"CD{new}_{column}"] = float(matrix[old - 1, column - 1]) * (scale or 1.0)
    return linear
