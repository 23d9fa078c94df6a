"""The WCS of a galaxy's bands, from their headers."""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from clumpscope.core.cards import is_number
from clumpscope.core.celestial import celestial
from clumpscope.core.sip import has_tables
from clumpscope.core.wcs_distortion import TABLES
from clumpscope.errors import ImageError, expected_got
from clumpscope.store.fits_bytes import Cards

_LINEAR = re.compile(
    r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|LONPOLE|LATPOLE"
    r"|RADE(C)?SYS|EQUINOX|EPOCH"
)
_DISTORTION = re.compile(r"PV[12]_\d+|[AB]P?_(ORDER|\d_\d)|WAT[12]_\d+")


def grid_cards(wcs: WCS) -> Cards:
    """Cards of a WCS, SIP and TPV included.

    Raises
    ------
    ImageError
        If a distortion is a look-up table, which is no card.
    """
    if has_tables(wcs):
        raise ImageError(
            expected_got("WCS", "SIP, TPV or no distortion", "a look-up table", "fit a SIP to it")
        )
    # Told to write SIP, astropy adds its suffix to CTYPE too.
    cards = dict(wcs.to_header(relax=wcs.sip is not None))
    return {key: float(v) if isinstance(v, np.floating) else v for key, v in cards.items()}


def same_grid(headers: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that all bands have the WCS of the first, distortion included.

    Raises
    ------
    ImageError
        If a card differs.
    """
    (name, first), *others = ((band, _cards(header)) for band, header in headers.items())
    for band, cards in others:
        if cards == first:
            continue
        for key in {**first, **cards}:
            if not _same(cards.get(key), first.get(key)):
                raise ImageError(
                    expected_got(
                        f"band {band} {key}",
                        f"{first.get(key)} as in {name}",
                        cards.get(key),
                        "resample the bands onto one pixel grid",
                    )
                )


def _cards(header: Mapping[str, Any]) -> dict[str, Any]:
    """The cards of a WCS and its distortion."""
    return {key: header[key] for key in header if _is_of_wcs(key)}


@lru_cache(maxsize=4096)
def _is_of_wcs(key: str) -> bool:
    return any(kind.fullmatch(key) for kind in (_LINEAR, _DISTORTION, TABLES))


def _same(a: object, b: object) -> bool:
    """Whether two cards agree, numbers but for rounding."""
    if is_number(a) and is_number(b):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-14)
    return a == b


def image_wcs(header: fits.Header) -> WCS | None:
    """Celestial WCS of an image's two axes, in ICRS; ``None`` where it has none.

    Raises
    ------
    ImageError
        If it is useless, or cannot be read for sure: see `core.celestial.celestial`.
    """
    return celestial(header)[0]
