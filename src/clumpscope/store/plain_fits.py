"""FITS files of nothing but plain images, read in a tenth of astropy's time.

Whatever is not as plain as the standard's own examples makes the whole file one for astropy: what
is wrong with it, or needs care, is found out there.
"""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clumpscope.files.fits_headers import BLOCK, CARD, MOST_BYTES

_DTYPES = {8: ">u1", -32: ">f4", -64: ">f8"}
# Of cards that astropy minds: pixels to be scaled, groups, tiles.
_OTHER = {"BSCALE", "BZERO", "BLANK", "GROUPS", "ZIMAGE", "THEAP"}
_REMARK = re.compile(r"(COMMENT|HISTORY|       ) [ -~]{72}")
_END = re.compile(rb"(?s)(?:.{80})*?END {77}")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?"
_KEY = re.compile(r"(?!COMMENT|HISTORY|END)([A-Z][A-Z0-9_-]*) *")
_VALUE = re.compile(
    rf"= +(?:'(?P<text>[ -&(-~]*)'|(?P<logical>[TF])|(?P<number>{_NUMBER})) *(?:/[ -~]*)?"
)
_RECORD = re.compile(r"[\w.]+: ")  # a value in a text, which astropy takes apart
_WHOLE = re.compile(r"[+-]?\d+")
_DIGITS = 18  # of a whole number that is plain


class Card(NamedTuple):
    """A card of a header."""

    keyword: str
    value: bool | int | float | str


class Header(dict[str, Any]):
    """Keywords, each there once, and their values."""

    @property
    def cards(self) -> list[Card]:
        """In their order."""
        return [Card(*item) for item in self.items()]


@dataclass(frozen=True, eq=False)
class PlainHdu:
    """An HDU with an image, or without data, in an open file.

    Attributes
    ----------
    header
        Its keywords.
    shape
        (ny, nx), or () without data.
    start
        Byte at which the data begin.
    """

    stream: BinaryIO
    header: Header
    shape: tuple[int, ...]
    start: int

    @property
    def data(self) -> NDArray[Any]:
        """(ny, nx) pixels, read now.

        Raises
        ------
        OSError
            If they are not there any more.
        """
        dtype = np.dtype(_DTYPES[self.header["BITPIX"]])
        size = prod(self.shape) * dtype.itemsize
        self.stream.seek(self.start)
        content = self.stream.read(size)
        if len(content) < size:
            raise OSError("truncated while it was read")
        return np.frombuffer(content, dtype).reshape(self.shape)


def plain_hdus(stream: BinaryIO) -> list[PlainHdu] | None:
    """The HDUs of a file, ``None`` if they are not all plain images; the stream is at its start.

    Plain are headers of ASCII whose keywords are there once each, as in the standard's fixed
    format or near it, and images of two axes of floats or bytes, not scaled, all of them to the
    last byte.
    """
    end = stream.seek(0, io.SEEK_END)
    hdus: list[PlainHdu] = []
    place = headers = 0
    try:
        while place < end:
            stream.seek(place)
            found = _header(stream, MOST_BYTES - headers)
            header = None if found is None else _parsed(found)
            shape = None if header is None else _shape(header, first=not hdus)
            if found is None or header is None or shape is None:
                return None
            headers += len(found)
            hdus.append(PlainHdu(stream, header, shape, place + len(found)))
            size = prod(shape) * abs(header["BITPIX"]) // 8 if shape else 0
            place += len(found) + -(-size // BLOCK) * BLOCK
        return hdus if hdus and place == end else None
    finally:
        stream.seek(0)


def _header(stream: BinaryIO, most: int) -> str | None:
    """The header that begins here, in whole blocks."""
    blocks = b""
    while len(blocks) < most:
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            return None
        blocks += block
        if _END.match(block):
            return blocks.decode("ascii") if blocks.isascii() else None
    return None


def _parsed(text: str) -> Header | None:
    text = text.rstrip(" ")
    if not text.endswith("END") or len(text) % CARD != len("END"):
        return None
    header = Header()
    for start in range(0, len(text) - CARD, CARD):
        card = text[start : start + CARD]
        found = _card(card)
        if found is None:
            if not _REMARK.fullmatch(card):
                return None
        elif found.keyword in header:
            return None
        else:
            header[found.keyword] = found.value
    return header if _OTHER.isdisjoint(header) else None


@lru_cache(maxsize=4096)
def _card(text: str) -> Card | None:
    """The card of 80 characters, most of which are the same in all files; ``None``: not plain."""
    key, found = _KEY.fullmatch(text[:8]), _VALUE.fullmatch(text[8:])
    if key is None or found is None:
        return None
    if (words := found["text"]) is not None:
        return None if _RECORD.match(words) else Card(key[1], words.rstrip(" "))
    if found["logical"]:
        return Card(key[1], found["logical"] == "T")
    number = found["number"]
    if not _WHOLE.fullmatch(number):
        return Card(key[1], float(number))
    return Card(key[1], int(number)) if len(number) <= _DIGITS else None


def _shape(header: Header, *, first: bool) -> tuple[int, ...] | None:
    """(ny, nx), or () of a first HDU without data; ``None`` where it is not as plain as that."""
    start = ("SIMPLE", True) if first else ("XTENSION", "IMAGE")
    keys = [start[0], "BITPIX", "NAXIS"]
    axes = header.get("NAXIS")
    keys += [] if axes == 0 and first else ["NAXIS1", "NAXIS2"]
    keys += [] if first else ["PCOUNT", "GCOUNT"]
    whole = [header.get(key) for key in keys[1:]]
    if list(header)[: len(keys)] != keys or header[start[0]] != start[1]:
        return None
    if not all(type(value) is int for value in whole) or header["BITPIX"] not in _DTYPES:
        return None
    if header.get("PCOUNT", 0) != 0 or header.get("GCOUNT", 1) != 1:
        return None
    if axes == 0 and first:
        return ()
    ny, nx = header["NAXIS2"], header["NAXIS1"]
    return (ny, nx) if axes == 2 and nx > 0 and ny > 0 else None
