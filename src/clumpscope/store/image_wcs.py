"""The WCS of a galaxy's bands, from their headers."""

import math
from collections.abc import Mapping
from typing import Any

from astropy.io import fits
from astropy.wcs import WCS

from clumpscope.core.cards import is_number
from clumpscope.core.grid import flaw_of
from clumpscope.errors import ImageError, expected_got

_NUMBERS = (
    *("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2", "CROTA2"),
    *("CD1_1", "CD1_2", "CD2_1", "CD2_2", "PC1_1", "PC1_2", "PC2_1", "PC2_2"),
    *("LONPOLE", "LATPOLE"),
)
_TEXTS = ("CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2", "RADESYS")
# astropy makes a table of (order + 1) squared; the convention ends at 9.
_ORDERS = {"WCSAXES": 9, "A_ORDER": 9, "B_ORDER": 9, "AP_ORDER": 9, "BP_ORDER": 9}
_REMEDY = "mend it, or take it out and have the image saved as a picture"


def same_grid(headers: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that all bands have the WCS of the first.

    Raises
    ------
    ImageError
        If a card differs.
    """
    (name, first), *others = headers.items()
    for band, header in others:
        for key in (*_TEXTS, *_NUMBERS):
            if not _same(header.get(key), first.get(key)):
                raise ImageError(
                    expected_got(
                        f"band {band} {key}",
                        f"{first.get(key)} as in {name}",
                        header.get(key),
                        "resample the bands onto one pixel grid",
                    )
                )


def _same(a: object, b: object) -> bool:
    """Whether two cards agree, numbers but for rounding."""
    if is_number(a) and is_number(b):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-14)
    return a == b


def image_wcs(header: fits.Header) -> WCS | None:
    """Celestial WCS of an image's two axes; ``None`` where it has none.

    Axes beyond the image's own, such as the frequency of a plane of a cube, do not count.

    Raises
    ------
    ImageError
        If it is useless, or not of ICRS or FK5.
    """
    if "CTYPE1" not in header:
        return None
    for key in _NUMBERS:
        if key in header and not is_number(header[key]):
            raise ImageError(expected_got(f"WCS {key}", "a number", repr(header[key]), _REMEDY))
    for key, most in _ORDERS.items():
        value = header.get(key, 0)
        if not (is_number(value) and 0 <= value <= most):
            raise ImageError(expected_got(f"WCS {key}", f"0 to {most}", repr(value), _REMEDY))
    for axis in "12":
        # wcslib's own words for it are of native poles.
        kind, unit = (str(header.get(f"{key}{axis}", "")).strip() for key in ("CTYPE", "CUNIT"))
        value = header.get(f"CRVAL{axis}", 0)
        if kind.startswith("DEC") and unit in ("", "deg") and abs(value) > 90:
            raise ImageError(expected_got(f"WCS CRVAL{axis}", "-90 to 90 degrees", value, _REMEDY))
    try:
        wcs = WCS(header, naxis=2)
        if not wcs.has_celestial:
            return None
        flaw = flaw_of(wcs)
    except Exception as error:  # wcslib and its wrapper raise many kinds
        flaw = str(error).strip().splitlines()[-1]
    if flaw:
        raise ImageError(expected_got("WCS", "one that can be used", flaw, _REMEDY))
    _check_system(wcs)
    return wcs


def _check_system(wcs: WCS) -> None:
    axes = sorted(str(ctype).split("-")[0] for ctype in wcs.wcs.ctype)
    system = str(wcs.wcs.radesys).strip().upper()
    equinox = float(wcs.wcs.equinox)
    # By the FITS standard, positions of before 1984 are FK4.
    if not system and equinox < 1984:
        system = "FK4"
    if axes != ["DEC", "RA"] or system not in ("", "ICRS", "FK5"):
        raise ImageError(
            expected_got(
                "WCS",
                "RA and DEC in ICRS or FK5",
                f"{' '.join(axes)} {system}".strip(),
                "transform it, or take it out and have the image saved as a picture",
            )
        )
