"""The width of a PSF from a header, by cards whose unit is known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clumpscope.core.cards import is_number
from clumpscope.core.field import LocalPsf
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.psf import sampled_gaussian

_CARDS = {  # name: its unit, where all who write it mean the same; else the comment must say it
    "PSFFWHM": "arcsec",  # ours
    "FINALIQ": "arcsec",  # CFHT's MegaCam
    "CHIP.SEEING": "px",  # Pan-STARRS
    "PSF_FWHM": "",
    "SEEING": "",  # pixels: VISTA, ZTF; arcsec: others
    "FWHM": "",  # pixels: DECam
}
_ARCSEC = re.compile(r"arc ?-?sec|asec|\"|''", re.IGNORECASE)
_PIXELS = re.compile(r"\bpix(el)?s?\b|\bpx\b", re.IGNORECASE)
_NARROWEST_PX, _WIDEST_PX = 0.5, 100.0


@dataclass(frozen=True)
class Width:
    """A PSF-FWHM in pixels of the frame, and the card that says it."""

    fwhm_px: float
    said: str


def width_in(
    header: Mapping[str, Any],
    pixscale_arcsec: float,
    where: object,
    comment: Callable[[str], str] = lambda _: "",
) -> tuple[Width | None, tuple[str, ...]]:
    """The first width that a header says, and what was seen of others but not taken.

    PSFFWHM (arcsec), FINALIQ (arcsec), CHIP.SEEING (pixels); PSF_FWHM, SEEING and FWHM only
    where their ``comment`` says arcsec or pixels, since surveys differ. Zero and NaN are none.

    Raises
    ------
    ImageError
        If it is narrower than half a pixel or wider than 100.
    """
    notes = []
    for key, usual in _CARDS.items():
        if key not in header:
            continue
        value = header[key]
        if not (is_number(value) and value > 0):
            notes.append(f"{key} = {value!r} is no width")
            continue
        unit = usual or _unit_in(comment(key))
        if not unit:
            notes.append(
                f"{key} = {value:g} is not taken: its comment says neither arcsec nor pixels"
            )
            continue
        fwhm_px = value if unit == "px" else value / pixscale_arcsec
        said = f"{key} = {value:g} {unit}"
        return Width(checked_width(fwhm_px, f"{where} {said}"), said), tuple(notes)
    return None, tuple(notes)


def checked_width(fwhm_px: float, what: str) -> float:
    """A width in pixels, if it is one of a PSF.

    Raises
    ------
    ImageError
        If it is narrower than half a pixel or wider than 100.
    """
    if not _NARROWEST_PX <= fwhm_px <= _WIDEST_PX:
        expected = f"a PSF-FWHM from {_NARROWEST_PX:g} to {_WIDEST_PX:g} px"
        raise ImageError(expected_got(what, expected, f"{fwhm_px:.3g} px"))
    return float(fwhm_px)


def psf_of_width(fwhm_px: float, *, assumed: bool) -> LocalPsf:
    """A PSF of which only the width is known: a Gaussian of that width, pixel included."""
    return LocalPsf(sampled_gaussian(fwhm_px), fwhm_px, assumed)


def _unit_in(comment: str) -> str:
    """``arcsec`` or ``px``, as a comment says, in brackets rather than beside them; else empty."""
    bracket = re.search(r"\[([^\]]*)\]", comment)
    for text in ([bracket[1]] if bracket else []) + [comment]:
        said = [unit for unit, of in (("arcsec", _ARCSEC), ("px", _PIXELS)) if of.search(text)]
        if len(said) == 1:
            return said[0]
    return ""
