"""Which distortion a header's cards mean: SIP, TPV, look-up tables or none."""

import re
from collections.abc import Mapping
from typing import Any

from astropy.io import fits

from clumpscope.core.wcs_cards import Cards, refused

TABLES = re.compile(r"(CPDIS|CPERR|D2IMDIS|D2IMERR)\d|(DP|D2IM)\d(\..*)?|D2IMEXT|AXISCORR")
_MORE = re.compile(r"(CQDIS|DQ)\d(\..*)?")
_PV = re.compile(r"PV([12])_(\d+)")
_SIP = re.compile(r"([AB])_(\d)_(\d)")
_OF_AXIS = 4  # PV1_0 to PV1_4 are of the native system, not of a projection


def distortion_cards(
    cards: Mapping[str, Any], code: str, suffix: str, latitude: int
) -> tuple[str, Cards, list[str]]:
    """Projection as it is meant, cards of its parameters and distortion, and notes.

    Parameters
    ----------
    code, suffix
        Of CTYPE: ``TAN`` and ``SIP`` of ``RA---TAN-SIP``.
    latitude
        0 or 1: where the declination is.

    Raises
    ------
    ImageError
        If both SIP and PV are given and it is not said which counts, or a table is incomplete.
    """
    notes = []
    pv = _projection_cards(cards, latitude)
    sip = _sip_cards(cards)
    polynomial = code == "TAN" and _is_polynomial(pv)
    if polynomial and not any(pv[key] for key in pv if _PV.fullmatch(key)):
        pv, polynomial = {key: pv[key] for key in pv if not _PV.fullmatch(key)}, False
    if polynomial and sip and suffix != "SIP":
        raise refused("PV and A_ORDER", "one distortion", "SIP and PV, and CTYPE names neither")
    if polynomial and not sip:
        notes.append("PV coefficients with TAN in CTYPE: read as TPV, as SCAMP means them")
        code = "TPV"
    elif polynomial:
        notes.append("SIP and PV coefficients: SIP counts, as CTYPE says")
        pv = {}
    if code == "TPV" and suffix == "SIP":
        raise refused("CTYPE", "one distortion", "TPV and SIP")
    if code == "TPV" and sip:
        notes.append("TPV and SIP coefficients: TPV counts, as CTYPE says")
        sip = {}
    if sip and suffix != "SIP":
        notes.append("SIP coefficients without -SIP in CTYPE: applied")
    if suffix == "SIP" and not sip:
        notes.append("-SIP in CTYPE without coefficients: no distortion")
    return code, {**pv, **sip}, notes


def _projection_cards(cards: Mapping[str, Any], latitude: int) -> Cards:
    """PV with longitude as its first axis, and the pole."""
    kept: Cards = {key: cards[key] for key in ("LONPOLE", "LATPOLE") if key in cards}
    if "LONPOLE" in kept and abs(kept["LONPOLE"]) > 360:
        raise refused("LONPOLE", "-360 to 360 degrees", kept["LONPOLE"])
    for key, value in cards.items():
        if match := _PV.fullmatch(key):
            axis = int(match[1]) if latitude else 3 - int(match[1])
            kept[f"PV{axis}_{match[2]}"] = float(value)
    return kept


def _is_polynomial(pv: Cards) -> bool:
    """Whether PV cards of a TAN are SCAMP's: TAN has no parameter, its native system five."""
    given = [_PV.fullmatch(key) for key in pv]
    return any(match and (match[1] == "2" or int(match[2]) > _OF_AXIS) for match in given)


def _sip_cards(cards: Mapping[str, Any]) -> Cards:
    """Both forward polynomials; their inverses are found by iteration, whatever a header says."""
    orders = {letter: cards[f"{letter}_ORDER"] for letter in "AB" if f"{letter}_ORDER" in cards}
    terms = {key: match for key in cards if (match := _SIP.fullmatch(key))}
    terms = {key: match for key, match in terms.items() if cards[key] != 0}
    for letter in "AB":
        if letter not in orders and (orders or terms):
            raise refused(f"{letter}_ORDER", "the order of the SIP polynomial", "none")
    for key, match in terms.items():
        most = orders[match[1]]
        if int(match[2]) + int(match[3]) > most:
            raise refused(key, f"terms up to {match[1]}_ORDER {most}", f"{cards[key]!r}")
    if not terms:
        return {}
    return {
        **{f"{letter}_ORDER": int(order) for letter, order in orders.items()},
        **{key: float(cards[key]) for key in terms},
    }


def table_cards(header: fits.Header, *, has_hdus: bool) -> list[fits.Card]:
    """Cards that name look-up tables of distortion (CPDIS, D2IM).

    Raises
    ------
    ImageError
        If they lie in other HDUs that are not given, or are of a kind that nobody reads.
    """
    if any(_MORE.fullmatch(card.keyword) for card in header.cards):
        raise refused("CQDIS", "a distortion of pixels", "one after the matrix")
    found = [card for card in header.cards if TABLES.fullmatch(card.keyword)]
    if found and not has_hdus:
        raise refused(
            found[0].keyword,
            "a distortion in this header",
            "one in a look-up table of another HDU",
            "give the file as its archive serves it, or drizzle the image",
        )
    return found
