"""Which HDUs of a galaxy's FITS file are bands, told by names and headers alone."""

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from clumpscope.config.band_names import is_band_name
from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.core.bands import known_bands
from clumpscope.errors import ImageError
from clumpscope.files.fits_headers import headers, text_card
from clumpscope.files.unpacked import unpacked
from clumpscope.store.band_hdus import EXTRAS

T = TypeVar("T")

_WIDTH = "PSFFWHM"


def bands_in(headers_by_name: Mapping[str, Container[str]]) -> tuple[str, ...]:
    """Which names are those of bands, in their order.

    Foreign files have other planes, too. A band is an HDU that can be called so and has the name
    of a known band, or one letter, or says its own ``PSFFWHM``, or has a ``<band>_VAR``,
    ``<band>_MASK`` or ``<band>_PSF`` beside it.

    Parameters
    ----------
    headers_by_name
        Name of each HDU → keywords of its header.
    """
    known = set(known_bands())
    return tuple(
        name
        for name, header in headers_by_name.items()
        if is_band_name(name)
        and (
            len(name) == 1
            or name in known
            or _WIDTH in header
            or any(f"{name}{extra}" in headers_by_name for extra in EXTRAS)
        )
    )


def as_known(by_name: Mapping[str, T], asked: Iterable[str] = ()) -> dict[str, T]:
    """The same, upper-case names that astropy wrote (``U``, ``U_VAR``) as those of known bands.

    Parameters
    ----------
    asked
        Names that are meant as they are.
    """
    found = dict(by_name)
    known = {band for band in known_bands() if len(band) == 1}
    letters = {name for name in found if len(name) == 1}
    if {name.lower() for name in letters} <= known:  # else perhaps U B V R I
        upper = {band.upper() for band in known} - set(asked)
        upper -= {name for name in letters if name.lower() in letters - {name}}
        names = {name[:1].lower() + name[1:]: name for name in found if name[:1] in upper}
        for lower, name in names.items():
            if lower not in found and name[1:] in ("", *EXTRAS):
                found = {lower if old == name else old: hdu for old, hdu in found.items()}
    return found


def bands_of_file(path: Path, limits: LimitsConfig = LIMITS) -> tuple[str, ...]:
    """Bands of a galaxy's FITS file, from its headers alone.

    Raises
    ------
    ImageError
        If it is no regular file, or its headers are longer than they may be.
    OSError
        If it is not there, or may not be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    with unpacked(path, ImageError, limits.decompressed_mb) as stream:
        for header in headers(stream, path, ImageError):
            width = (_WIDTH,) if header.find(f"{_WIDTH:8}=".encode()) % 80 == 0 else ()
            found[text_card(header, "EXTNAME")] = width
    return bands_in(as_known(found))
