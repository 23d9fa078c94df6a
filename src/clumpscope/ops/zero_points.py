"""Zero points of headers: how much light one count of an image's pixel stands for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clumpscope.core.cards import number
from clumpscope.core.schema import JY_PER_NMGY
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.asinh import Asinh

NMGY_ZERO_POINT = 22.5
# Magnitude of one unit of the image as it is stored, whether that is a total or a rate.
STORED = ("MAGZERO", "MAGZP", "PHOTZP", "ZP", "ZEROPT", "ZEROPOINT", "ZPAPPROX")
TOLERANCE_MAG = 0.01
_STACKS = 25.0  # Pan-STARRS scales its stacks to that, a second
_LEAST, _MOST = -5.0, 45.0
_SYSTEMS = ("MAGSYS", "PHOTSYS", "ZPSYS", "MAGTYPE")
_VEGA = ("VEGA", "PHOTVEGA", "VEGAZP", "ZPVEGA", "ZP_VEGA", "VEGAMAG")
TO_AB = "add the band's m_AB - m_Vega to the zero point and say it: ingest --zero-point"
_OF_ELECTRONS = ("ACS", "WFC3")  # whose PHOTFLAM is that of one electron a second
_JY_OF_FLAM = 3.33564095e4  # (erg/s/cm2/A) A^2 in Jy


@dataclass(frozen=True)
class Counts:
    """What one unit of a pixel counts.

    Attributes
    ----------
    scale
        Counts of one unit: 10 of ``10 counts``.
    rate
        True of counts a second, False of totals, None where nobody says.
    of
        "ct", "adu", "DN", "electron" or "ph"; empty where nobody says.
    """

    scale: float = 1.0
    rate: bool | None = None
    of: str = ""


@dataclass(frozen=True)
class ZeroPoint:
    """Nanomaggies of one unit of the pixels as stored, and how that was understood."""

    nmgy: float
    said: str

    @property
    def mag(self) -> float:
        """AB magnitude of one unit."""
        return magnitude_of(self.nmgy)


def magnitude_of(nmgy: float) -> float:
    """AB magnitude of a positive flux."""
    return NMGY_ZERO_POINT - 2.5 * math.log10(nmgy)


def flux_of(mag: float) -> float:
    """Nanomaggies of an AB magnitude."""
    return float(10 ** (0.4 * (NMGY_ZERO_POINT - mag)))


def checked(mag: float, what: str) -> float:
    """A zero point that can be one.

    Raises
    ------
    ImageError
        If it is beyond all telescopes.
    """
    if not _LEAST <= mag <= _MOST:
        raise ImageError(expected_got(what, f"a zero point of {_LEAST:g} to {_MOST:g} mag", mag))
    return mag


def stored_points(header: Mapping[str, Any], where: object) -> list[ZeroPoint]:
    """Zero points of the pixels as they are stored; a zero is one that nobody filled in.

    Raises
    ------
    ImageError
        If one is no number or absurd.
    """
    found = []
    for key in STORED:
        if (mag := _filled_in(header, key, where)) is not None:
            found.append(ZeroPoint(flux_of(mag), f"zero point {mag:g} ({key})"))
    if "FLUXMAG0" in header:
        flux = _positive(header, "FLUXMAG0", where)
        mag = checked(2.5 * math.log10(flux), f"{where} FLUXMAG0")
        found.append(ZeroPoint(flux_of(mag), f"zero point {mag:.6g} (FLUXMAG0)"))
    return found


def _filled_in(header: Mapping[str, Any], key: str, where: object) -> float | None:
    """A zero point of the header; ``None`` if it is not there, or zero."""
    mag = number(header, key, where, ImageError) if key in header else 0.0
    return None if mag == 0 else checked(mag, f"{where} {key}")


def zero_point(
    header: Mapping[str, Any], where: object, counts: Counts, scale: Asinh | None
) -> ZeroPoint | None:
    """Zero point of an image in counts, from its header; ``None`` if there is none.

    Of keywords of several conventions all must agree to `TOLERANCE_MAG`. PHOTFLAM, PHOTFNU and
    FPA.ZP are of counts a second: totals are divided by EXPTIME. MAGZPT is of either, by archive:
    it counts where the two are one or another keyword tells which.

    Parameters
    ----------
    scale
        The asinh scale, if Pan-STARRS's: its stacks are at 25 + 2.5 log10(EXPTIME).

    Raises
    ------
    ImageError
        If keywords are no numbers, absurd, contradict one another, are not of AB magnitudes, or
        EXPTIME or the unit is wanted to understand them.
    """
    found = stored_points(header, where)
    if scale is not None:
        found.append(_a_second(header, where, _STACKS, "a stack of Pan-STARRS"))
    elif (mag := _filled_in(header, "FPA.ZP", where)) is not None:
        found.append(_a_second(header, where, mag, "FPA.ZP"))
    if _filled_in(header, "MAGZPT", where) is not None:
        found += _unclear(header, where, counts, found)
    if found:
        _refuse_other_systems(header, where)
    for key, jansky in _sensitivities(header, where).items():
        found.append(_of_rate(header, where, counts, key, jansky))
    for other in found[1:]:
        if abs(other.mag - found[0].mag) > TOLERANCE_MAG:
            raise ImageError(
                expected_got(
                    f"{where} zero points",
                    "one",
                    f"{found[0].said} and {other.said}",
                    "say the right one: ingest --zero-point",
                )
            )
    return found[0] if found else None


def seconds(header: Mapping[str, Any], where: object, why: str) -> float:
    """EXPTIME.

    Raises
    ------
    ImageError
        If it is not there, or no positive number.
    """
    if "EXPTIME" not in header:
        raise ImageError(
            expected_got(
                f"{where} EXPTIME",
                f"seconds, wanted for {why}",
                "none",
                "write it there, or say the zero point of the pixels: ingest --zero-point",
            )
        )
    return _positive(header, "EXPTIME", where)


def _positive(header: Mapping[str, Any], key: str, where: object) -> float:
    value = number(header, key, where, ImageError)
    if value <= 0:
        raise ImageError(expected_got(f"{where} {key}", "a positive number", value))
    return value


def _a_second(header: Mapping[str, Any], where: object, mag: float, what: str) -> ZeroPoint:
    """Zero point of a total whose ``mag`` is that of one count a second."""
    time = seconds(header, where, what)
    total = checked(mag + 2.5 * math.log10(time), f"{where} {what}")
    said = f"zero point {mag:g} + 2.5 log10(EXPTIME) = {total:.6g} ({what})"
    return ZeroPoint(flux_of(total), said)


def _unclear(
    header: Mapping[str, Any], where: object, counts: Counts, others: list[ZeroPoint]
) -> list[ZeroPoint]:
    """MAGZPT: of one count, or of one count a second."""
    mag = checked(number(header, "MAGZPT", where, ImageError), f"{where} MAGZPT")
    as_stored = ZeroPoint(flux_of(mag), f"zero point {mag:g} (MAGZPT)")
    if counts.rate or "EXPTIME" not in header:
        return [as_stored]
    total = _a_second(header, where, mag, "MAGZPT")
    both = [as_stored, total]
    if any(abs(one.mag - other.mag) <= TOLERANCE_MAG for one in both for other in others):
        return []
    if abs(as_stored.mag - total.mag) <= TOLERANCE_MAG or others:
        return [as_stored]
    raise ImageError(
        expected_got(
            f"{where} MAGZPT",
            "the magnitude of one count of the image",
            f"{mag:g}, which may be that of one count a second ({total.mag:.6g} with EXPTIME)",
            "say which: ingest --zero-point",
        )
    )


def _sensitivities(header: Mapping[str, Any], where: object) -> dict[str, float]:
    """Jansky of one count a second, by keyword."""
    found = {}
    if "PHOTFLAM" in header and "PHOTPLAM" in header:
        flam, pivot = (_positive(header, key, where) for key in ("PHOTFLAM", "PHOTPLAM"))
        found["PHOTFLAM"] = jansky_of(flam, pivot)
    if "PHOTFNU" in header:
        found["PHOTFNU"] = _positive(header, "PHOTFNU", where)
    return found


def jansky_of(flam: float, pivot_angstrom: float) -> float:
    """Jansky of erg/s/cm2/A at the pivot wavelength: F_nu = F_lambda lambda^2 / c."""
    return flam * pivot_angstrom**2 * _JY_OF_FLAM


def _of_rate(
    header: Mapping[str, Any], where: object, counts: Counts, key: str, jansky: float
) -> ZeroPoint:
    nmgy = jansky / JY_PER_NMGY
    checked(magnitude_of(nmgy), f"{where} {key}")
    said = f"{key}, zero point {magnitude_of(nmgy):.6g} a second"
    if counts.of in ("adu", "DN") and header.get("INSTRUME") in _OF_ELECTRONS:
        nmgy *= _positive(header, "GAIN", where)
        said = f"{said}, times GAIN"
    return per_second(header, where, counts, ZeroPoint(nmgy, said), key)


def per_second(
    header: Mapping[str, Any], where: object, counts: Counts, point: ZeroPoint, key: str
) -> ZeroPoint:
    """Zero point of the pixels, from that of one count a second.

    Raises
    ------
    ImageError
        If nobody says whether these are rates, or EXPTIME is wanted and not there.
    """
    if counts.rate is None:
        raise ImageError(
            expected_got(
                f"{where} BUNIT",
                f"counts or counts a second, wanted for {key}",
                "none",
                "say the unit (--unit) or the zero point of the pixels (--zero-point)",
            )
        )
    nmgy = point.nmgy * counts.scale
    if counts.rate:
        return ZeroPoint(nmgy, point.said)
    return ZeroPoint(nmgy / seconds(header, where, key), f"{point.said}, over EXPTIME")


def _refuse_other_systems(header: Mapping[str, Any], where: object) -> None:
    for key in _SYSTEMS:
        system = header.get(key)
        if isinstance(system, str) and system.strip():
            name = system.upper().replace(" ", "").replace("_", "")
            if name not in ("AB", "ABMAG", "ABMAGS"):
                raise ImageError(
                    expected_got(f"{where} {key}", "AB magnitudes", repr(system), TO_AB)
                )
    if header.get("VEGA") is True:
        raise ImageError(expected_got(f"{where} zero point", "one of AB", "VEGA = T", TO_AB))


def vega_point(header: Mapping[str, Any]) -> str:
    """The keyword of a zero point of Vega magnitudes; empty if there is none."""
    return next((key for key in _VEGA if header.get(key, False) is not False), "")
