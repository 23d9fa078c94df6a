"""What archives write for the unit of an image, made what astropy.units reads."""

import re
import warnings
from functools import lru_cache

from astropy import units as u

_NOTHING = {"", "none", "n/a", "na", "unknown", "undefined", "unitless", "dimensionless"}
_WORDS = {
    "ct": "count counts cts ct cnt cnts",
    "ct s-1": "cps",
    "adu": "adu adus",
    "DN": "dn dns",
    "electron": "electron electrons elec e",
    "ph": "photon photons ph",
    "nmgy": "nanomaggy nanomaggies nanomaggie nanomgy nmgy nmaggy nmaggies",
    "mgy": "maggy maggies maggie mgy",
    "s": "s sec secs second seconds",
    "pix": "pix pixel pixels px",
    "arcsec": "arcsec arcsecs arcsecond arcseconds asec",
    "sr": "sr ster steradian steradians",
    "Angstrom": "a aa ang angstrom angstroms å",
    "erg": "erg ergs",
    "cm": "cm",
    "Hz": "hz",
    "W": "w watt watts",
    "/": "per",
}
_CANON = {word: name for name, words in _WORDS.items() for word in words.split()}
_LETTERS = {"": "", **dict(zip("uUµμnNpkG", "uuuunnpkG", strict=True))}
_PREFIXES = {"micro": "u", "nano": "n", "milli": "m", "kilo": "k", "mega": "M", "pico": "p"}
_JANSKY = re.compile(r"(.*?)(?:jy|janskys?|janskies)", re.IGNORECASE)
_TOKENS = re.compile(r"(\d+\.?\d*(?:[eE][+-]?\d+)?)(?=([^\W\d]?))|([^\W\d]+)")
_HYPHEN = re.compile(r"(?<=[a-z])[- ](?=jansk|jy)", re.IGNORECASE)
_ELECTRON = re.compile(r"(?<![\w.])e-(?!\d)", re.IGNORECASE)
_LONGEST = 80  # characters; a card has no more


@lru_cache(maxsize=256)
def unit_of(text: str) -> u.UnitBase | None:
    """The unit that a text such as a BUNIT means; ``None`` if it says that there is none.

    Any case and spacing: ``ELECTRONS/S``, ``nanomaggies``, ``10.0*nanoJansky``, ``e-/sec``,
    ``1E-17 erg/s/cm^2/Ang``. Only of janskys with an m does the case count: MJy is not mJy.

    Raises
    ------
    ValueError
        If it means none, or one of two.
    """
    text = text.strip()
    if text.lower() in _NOTHING:
        return None
    if len(text) > _LONGEST:
        raise ValueError("it is too long")
    plain = _TOKENS.sub(_token, _ELECTRON.sub("electron", _HYPHEN.sub("", text)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)  # of 'erg/s/cm2/A': several slashes
        try:
            return u.Unit(plain)
        except ValueError as error:
            raise ValueError(str(error).split(" If this is meant")[0]) from None


def _token(match: re.Match[str]) -> str:
    number, follows, word = match.groups()
    if number:
        return f"{number} " if follows else number
    jansky = _JANSKY.fullmatch(word)
    return _CANON.get(word.lower(), word) if jansky is None else _jansky(word, jansky[1])


def _jansky(word: str, prefix: str) -> str:
    if prefix in ("m", "M"):
        if word.isupper() or word.islower():
            raise ValueError(f"{word} may be MJy or mJy")
        return f"{prefix}Jy"
    known = _LETTERS.get(prefix, _PREFIXES.get(prefix.lower()))
    if known is None:
        raise ValueError(f"{word} is no unit")
    return f"{known}Jy"
