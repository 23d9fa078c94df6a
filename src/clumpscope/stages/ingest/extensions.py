"""What is in FITS files that others wrote: their image HDUs, by their headers."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.limits import LimitsConfig
from clumpscope.core.celestial import celestial
from clumpscope.core.wcs_distortion import TABLES
from clumpscope.errors import ImageError
from clumpscope.ops.fits_file import opened
from clumpscope.ops.fits_tiles import check_tiles

SUFFIXES = (".fits", ".fit", ".fts", ".fz", ".psf")
_PACKED = (".gz", ".bz2")
_IMAGES = (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)
_WHAT = "a FITS file"
Sky = tuple[WCS | None, tuple[str, ...]] | ImageError
# Cards that are a file's, but say nothing of an extension that lacks them.
_OWN = ("EXTNAME", "EXTVER", "EXTTYPE", "BUNIT", "BANDS", "XTENSION", "SIMPLE", "CHECKSUM")
_STORED = ("BOFFSET", "BSOFTEN")  # the asinh scale of an image is not that of the next one


@dataclass(frozen=True, eq=False)
class Extension:
    """An image HDU, or a table, not yet read.

    Attributes
    ----------
    path, index
        Its file and place in it.
    name
        EXTNAME, else EXTTYPE, else empty.
    header
        Its own header.
    shared
        Its own cards, and below them those of the file's first header.
    shape
        Of its data, axes of length 1 left out: (ny, nx), or (n, ny, nx) of a cube; empty of a
        table.
    first
        The file's first header, where it is another one.
    tabled
        `sky`, where that is in tables of the file.
    bytes_px
        Of a pixel, as it is stored.
    """

    path: Path
    index: int
    name: str
    header: fits.Header
    shared: dict[str, Any]
    shape: tuple[int, ...]
    first: fits.Header | None = None
    tabled: Sky | None = None
    bytes_px: int = 4

    @cached_property
    def sky(self) -> Sky:
        """Its WCS and notes on it, see `clumpscope.core.celestial`, or what is wrong with it."""
        return _sky(self.header, self.first, None) if self.tabled is None else self.tabled

    def comment(self, card: str) -> str:
        """What is written beside one of its `shared` cards; empty if nothing is."""
        for header in (self.header, self.first):
            if header is not None and card in header:
                return str(header.comments[card])
        return ""

    def __str__(self) -> str:
        return f"{self.path}[{self.name or self.index}]"


def is_fits(path: Path) -> bool:
    """Whether a file's name is that of a FITS file, packed or not."""
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return not name.startswith(".") and name.endswith(SUFFIXES)


def extensions(path: Path, limits: LimitsConfig) -> list[Extension]:
    """Image HDUs of a file that have data, and tables, in order.

    Raises
    ------
    FrameError
        If it cannot be read, is no FITS file, or is larger than allowed.
    """
    with opened_file(path, limits) as hdus:
        begin = _parsed(hdus[0].header)
        own = (*_OWN, *(_STORED if begin.get("NAXIS") else ()))
        first = {key: value for key, value in _cards(begin).items() if key not in own}
        found = []
        for index, hdu in enumerate(hdus):
            table = isinstance(hdu, fits.BinTableHDU) and not isinstance(hdu, fits.CompImageHDU)
            image = isinstance(hdu, _IMAGES) and len(hdu.shape) >= 2 and 0 not in hdu.shape
            if not (table or image):
                continue
            header = _parsed(hdu.header) if index else begin
            shape = tuple(side for side in hdu.shape if side != 1) if image else ()
            cards = {**first, **_cards(header)}
            above = begin if index else None
            tabled = (
                _sky(header, above, hdus)
                if image and (_has_tables(header) or _has_tables(begin))
                else None
            )
            size = abs(int(header.get("BITPIX", 32))) // 8
            name = _name(header)
            found.append(Extension(path, index, name, header, cards, shape, above, tabled, size))
        return found


def opened_file(path: Path, limits: LimitsConfig) -> AbstractContextManager[fits.HDUList]:
    """Open a file within the limits, see `clumpscope.ops.fits_file.opened`."""
    return opened(path, _WHAT, limits.decompressed_mb, "[limits] decompressed_mb")


def _has_tables(header: fits.Header) -> bool:
    """Whether a part of its WCS may lie in another HDU."""
    return any(TABLES.fullmatch(str(key)) for key in header)


def _sky(header: fits.Header, first: fits.Header | None, hdus: fits.HDUList | None) -> Sky:
    """WCS of an HDU, else of the file's first one."""
    try:
        found = celestial(header, hdus)
        if found[0] is None and first is not None and "CTYPE1" not in header:
            return celestial(first, hdus)
    except ImageError as error:
        return error
    return found


def _name(header: fits.Header) -> str:
    named = (str(header.get(key, "")).strip() for key in ("EXTNAME", "EXTTYPE"))
    found = next(filter(None, named), "")
    # What astropy and fpack write when nobody gave a name.
    return "" if found.upper() in ("PRIMARY", "COMPRESSED_IMAGE") else found


def _parsed(header: fits.Header) -> fits.Header:
    """The header, with what is no value, such as a bare NaN, as text."""
    for card in header.cards:
        try:
            card.value  # noqa: B018  (it is parsed when asked)
        except fits.VerifyError:
            card.verify("silentfix")
    return header


def _cards(header: fits.Header) -> dict[str, Any]:
    return {str(key): value for key, value in header.items() if key not in ("COMMENT", "HISTORY")}


@dataclass(frozen=True, eq=False)
class Layer:
    """One plane: an extension, or the ``number``-th of a cube, from 0."""

    extension: Extension
    number: int | None = None

    def __str__(self) -> str:
        one = str(self.extension)
        return one if self.number is None else f"{one[:-1]}, layer {self.number + 1}]"


def read_layers(
    path: Path, layers: Iterable[Layer], limits: LimitsConfig
) -> dict[Layer, NDArray[Any]]:
    """Read planes of one file, (ny, nx) each.

    Raises
    ------
    FrameError, ImageError
        If it turns out to be damaged, or a tile unpacks to more than the image.
    """
    found = {}
    with opened_file(path, limits) as hdus:
        for layer in layers:
            hdu = hdus[layer.extension.index]
            if isinstance(hdu, fits.CompImageHDU):
                check_tiles(layer.extension, hdu)
            data = np.squeeze(hdu.data)
            found[layer] = data if layer.number is None else data[layer.number]
    return found
