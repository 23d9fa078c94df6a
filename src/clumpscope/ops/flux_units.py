"""What the numbers of an image mean: from any unit to nanomaggies a pixel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io.fits.card import Undefined
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.cards import is_number, number
from clumpscope.core.schema import JY_PER_NMGY
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.asinh import Asinh, asinh_of
from clumpscope.ops.unit_kinds import Kind, kind_of
from clumpscope.ops.zero_points import (
    STORED,
    TO_AB,
    TOLERANCE_MAG,
    Counts,
    ZeroPoint,
    checked,
    flux_of,
    jansky_of,
    magnitude_of,
    per_second,
    stored_points,
    vega_point,
    zero_point,
)

REMEDY = (
    "say the unit (--unit), the zero point of the pixels (--zero-point) or the survey (--survey)"
)

_LARGEST_PIXEL_SR = 1e-6  # 200 arcsec a side
_AREAS_AGREE = 0.02


@dataclass(frozen=True)
class FluxUnit:
    """How the numbers of a plane become nanomaggies a pixel.

    Attributes
    ----------
    factor
        Nanomaggies of one unit of linear data in one pixel.
    said
        How that was understood, for the user: ``"BUNIT = uJy"``.
    softening
        The asinh scale that has to be undone first, if there is one.
    """

    factor: float
    said: str
    softening: Asinh | None = None

    def nanomaggies(self, data: ArrayLike) -> NDArray[np.float32]:
        """Nanomaggies a pixel of stored data of any shape, scaled by BSCALE and BZERO before."""
        pixels = np.asarray(data)
        if self.softening is None:
            return _times(pixels, self.factor)
        return _times(self.softening.linear(pixels), self.factor)

    def variance(self, plane: ArrayLike) -> NDArray[np.float32]:
        """Nanomaggies squared of a variance in the square of the linear unit, of any shape."""
        return _times(np.asarray(plane), self.factor**2)


def _times(pixels: NDArray[Any], factor: float) -> NDArray[np.float32]:
    if factor == 1:
        return pixels.astype(np.float32)
    with np.errstate(over="ignore"):
        return (pixels.astype(float) * factor).astype(np.float32)


def flux_unit(
    header: Mapping[str, Any],
    where: object,
    *,
    unit: str | None = None,
    zero_point: float | None = None,
    pixel_area_sr: float | None = None,
    usual: Callable[[Counts], float | None] | None = None,
    remedy: str = REMEDY,
) -> FluxUnit:
    """Understand the unit of an image, by its BUNIT and zero points or by what the user says.

    Parameters
    ----------
    header
        Of the image, and of the file where keywords of all images are there.
    where
        Whose it is, for messages.
    unit
        In place of BUNIT.
    zero_point
        AB magnitude of one unit of the pixels as they are, in place of the header's.
    pixel_area_sr
        Steradians a pixel, for units of surface brightness, in place of PIXAR_SR.
    usual
        The survey's AB magnitude of one unit of pixels in counts, where nobody says another.
    remedy
        What to do where the header says too little.

    Raises
    ------
    ImageError
        If the unit is none of flux or unknown, what it needs is missing (zero point, EXPTIME,
        pixel area, PHOTPLAM), keywords contradict one another, are no numbers, or are of Vega.
    """
    name, text = ("unit", unit) if unit is not None else ("BUNIT", _bunit(header, where, remedy))
    kind = _kind(text, f"{where} {name}", remedy)
    scale = asinh_of(header, where)
    told = f"{name} = {text}" if kind.written else "no unit"
    if kind.counts is not None:
        point = _point(header, where, kind.counts, zero_point, pixel_area_sr, scale)
        if point is None and usual is not None and not vega_point(header):
            point = _usual_point(usual(kind.counts), where)
        if point is None:
            raise _no_zero_point(header, where, told, remedy)
        return FluxUnit(point.nmgy, f"{told}, {point.said}", scale)
    factor = kind.nmgy
    if kind.of_wavelength:
        if "PHOTPLAM" not in header:
            what, remedy = f"PHOTPLAM, wanted for {text}", "write the filter's pivot wavelength"
            raise ImageError(expected_got(where, what, "none", f"{remedy} in Angstrom there"))
        pivot = _positive(number(header, "PHOTPLAM", where, ImageError), f"{where} PHOTPLAM")
        factor *= jansky_of(1.0, pivot) / JY_PER_NMGY
    if kind.a_steradian:
        area, of_area = _pixel_area(header, where, pixel_area_sr, text)
        factor, told = factor * area, f"{told}, {of_area}"
    points = [] if kind.a_steradian or unit is not None else stored_points(header, where)
    if zero_point is not None:
        points = [_given_point(header, where, zero_point)]
    implied = magnitude_of(factor)
    for point in points:
        if abs(point.mag - implied) > TOLERANCE_MAG:
            raise ImageError(
                expected_got(
                    where,
                    f"a zero point of {implied:.5g}, as {told} means",
                    point.said,
                    "one of them is wrong: say the unit (--unit)",
                )
            )
    return FluxUnit(factor, told, scale)


def _bunit(header: Mapping[str, Any], where: object, remedy: str) -> str:
    text = header.get("BUNIT", "")
    if text is None or isinstance(text, Undefined):
        return ""
    if not isinstance(text, str):
        raise ImageError(expected_got(f"{where} BUNIT", "a unit of flux", repr(text), remedy))
    return text.strip()


def _kind(text: str, where: str, remedy: str) -> Kind:
    try:
        kind = kind_of(text)
    except (ValueError, ArithmeticError, TypeError) as error:  # '10**9999 Jy' is too much
        got = f"{text!r} ({' '.join(str(error).split())})"
        raise ImageError(expected_got(where, "a unit of flux", got, remedy)) from None
    if kind is None:
        raise ImageError(expected_got(where, "a unit of flux", repr(text), remedy))
    return kind


def _point(
    header: Mapping[str, Any],
    where: object,
    counts: Counts,
    given: float | None,
    pixel_area_sr: float | None,
    scale: Asinh | None,
) -> ZeroPoint | None:
    """Zero point of counts, as given, else from the header."""
    if given is not None:
        return _given_point(header, where, given)
    point = zero_point(header, where, counts, scale)
    if point is None and "PHOTMJSR" in header:
        area, of_area = _pixel_area(header, where, pixel_area_sr, "PHOTMJSR")
        mjsr = _positive(number(header, "PHOTMJSR", where, ImageError), f"{where} PHOTMJSR")
        point = ZeroPoint(mjsr * area * 1e6 / JY_PER_NMGY, f"PHOTMJSR, {of_area}")
        if counts.of == "electron":  # PHOTMJSR is of DN a second
            gain = _positive(number(header, "GAIN", where, ImageError), f"{where} GAIN")
            point = ZeroPoint(point.nmgy / gain, f"{point.said}, over GAIN")
        point = per_second(header, where, counts, point, "PHOTMJSR")
    return point


def _usual_point(mag: float | None, where: object) -> ZeroPoint | None:
    if mag is None:
        return None
    return ZeroPoint(
        flux_of(checked(mag, f"{where} zero point")), f"zero point {mag:g} (of the survey)"
    )


def _given_point(header: Mapping[str, Any], where: object, mag: float) -> ZeroPoint:
    """The user's zero point; of another one in the header it is told."""
    if not is_number(mag):
        raise ImageError(expected_got(f"{where} zero point", "a finite number", repr(mag)))
    checked(mag, f"{where} zero point")
    said = f"zero point {mag:g} (as given)"
    for key in STORED:
        other = header.get(key)
        if is_number(other) and other != 0 and abs(other - mag) > TOLERANCE_MAG:
            said = f"{said}, not {key} = {other:g}"
    return ZeroPoint(flux_of(mag), said)


def _no_zero_point(header: Mapping[str, Any], where: object, told: str, remedy: str) -> ImageError:
    vega = vega_point(header)
    if vega:
        return ImageError(expected_got(f"{where} zero point", "one of AB", vega, TO_AB))
    if told == "no unit":
        what = f"a BUNIT, or a zero point such as {STORED[0]}"
        return ImageError(expected_got(where, what, "neither", remedy))
    what = f"a zero point such as {STORED[0]}, wanted for {told}"
    return ImageError(expected_got(where, what, "none", remedy))


def _pixel_area(
    header: Mapping[str, Any], where: object, given: float | None, why: str
) -> tuple[float, str]:
    """Steradians a pixel, and where that is from."""
    written = None
    if "PIXAR_SR" in header:
        written = _area(number(header, "PIXAR_SR", where, ImageError), f"{where} PIXAR_SR")
    if given is None:
        if written is None:
            remedy = "write the pixel's area there, or a WCS with a pixel scale"
            raise ImageError(expected_got(f"{where} PIXAR_SR", f"sr, for {why}", "none", remedy))
        return written, f"{written:.5g} sr a pixel (PIXAR_SR)"
    area = _area(given, f"{where} pixel area")
    said = f"{area:.5g} sr a pixel"
    if written is not None and abs(written / area - 1) > _AREAS_AGREE:
        said = f"{said}, by its WCS and not PIXAR_SR = {written:.5g}"
    return area, said


def _area(value: float, what: str) -> float:
    if not (is_number(value) and 0 < value <= _LARGEST_PIXEL_SR):
        most = f"more than 0 and at most {_LARGEST_PIXEL_SR:g} sr"
        raise ImageError(expected_got(what, most, value))
    return float(value)


def _positive(value: float, what: str) -> float:
    if value <= 0:
        raise ImageError(expected_got(what, "a positive number", value))
    return value
