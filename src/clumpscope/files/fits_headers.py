"""FITS headers looked over before astropy makes anything of them.

astropy takes what a header claims for true: how long it is itself, and how many there are.
"""

import io
import re
from collections.abc import Iterator
from math import prod
from typing import BinaryIO, Protocol

from clumpscope.errors import ClumpscopeError, expected_got

BLOCK = 2880
CARD = 80
MOST_BYTES = 4_000_000  # of all headers of a file: 50,000 cards
_MOST_NUMBERED = 999  # axes, or columns, by the standard; astropy goes through as many as it says
_END = re.compile(rb"(?s)(?:.{80})*?END(?![A-Z0-9_-])")
_SIZES = re.compile(rb"(BITPIX|NAXIS\d{0,3}|PCOUNT|GCOUNT|TFIELDS) *=(.{70})", re.DOTALL)
_TEXT = re.compile(rb" *'([^']*)'")
_WHOLE = re.compile(rb" *([+-]?\d{1,18}) *(?:/.*)?", re.DOTALL)


class Readable(Protocol):
    """What bytes can be read from, packed or not."""

    def read(self, size: int, /) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""
        ...


def count_hdus(stream: BinaryIO, where: object, error: type[ClumpscopeError]) -> int:
    """How many HDUs a FITS file has; the stream is at its beginning before and after.

    The last may be cut off. Blank blocks at the end are none. 0 is returned of what is no FITS
    file at all.

    Raises
    ------
    ClumpscopeError
        ``error``, if all headers together are longer than `MOST_BYTES`, a size in them is no
        whole number, there are more axes or columns than there can be, or other bytes follow.
    """
    number = sum(1 for _ in headers(stream, where, error))
    stream.seek(0)
    return number


def headers(stream: BinaryIO, where: object, error: type[ClumpscopeError]) -> Iterator[bytes]:
    """The header of each HDU, as it stands in the file; see `count_hdus`."""
    end = stream.seek(0, io.SEEK_END)
    place = stream.seek(0)
    number = bytes_of_headers = 0
    while place < end:
        stream.seek(place)
        header = read_header(stream, MOST_BYTES - bytes_of_headers, where, error)
        bytes_of_headers += len(header)
        if not header.startswith(b"XTENSION" if number else b"SIMPLE"):
            if number and header.strip(b"\0 "):
                what = f"{where}: after HDU {number - 1}"
                raise error(expected_got(what, "an extension or the end", "other bytes: damaged"))
            break
        number += 1
        data = _data_bytes(header, f"{where}: HDU {number - 1}", error)
        place += len(header) + -(-data // BLOCK) * BLOCK
        yield header


def text_card(header: bytes, key: str) -> str:
    """The text of a card of a header; empty where there is none, or no text."""
    for card in range(0, len(header), CARD):
        if header.startswith(f"{key:8}=".encode(), card):
            found = _TEXT.match(header[card + 9 : card + CARD])
            return found[1].decode("ascii", "replace").rstrip() if found else ""
    return ""


def read_header(stream: Readable, most: int, where: object, error: type[ClumpscopeError]) -> bytes:
    """Read a header of at most ``most`` bytes, to its END or to the end of the file.

    Of what begins neither a file nor an extension only the first block is read.

    Raises
    ------
    ClumpscopeError
        ``error``, if it is longer.
    """
    blocks = [stream.read(BLOCK)]
    if not blocks[0].startswith((b"SIMPLE", b"XTENSION")):
        return blocks[0]
    while len(blocks[-1]) == BLOCK and not _END.match(blocks[-1]) and len(blocks) * BLOCK <= most:
        blocks.append(stream.read(BLOCK))
    if len(blocks) * BLOCK > most:
        most_mb = MOST_BYTES / 1e6
        raise error(
            expected_got(f"{where}: FITS headers", f"at most {most_mb:g} MB", "longer or more ones")
        )
    return b"".join(blocks)


def _data_bytes(header: bytes, where: str, error: type[ClumpscopeError]) -> int:
    """Bytes of data that follow a header, as it says."""
    found: dict[str, int] = {}
    for card in _SIZES.finditer(header):
        if card.start() % CARD:
            continue
        name, value = card[1].decode(), _WHOLE.fullmatch(card[2])
        if value is None or name in found or (name != "BITPIX" and int(value[1]) < 0):
            got = card[2].split(b"/")[0].strip()[:40].decode("ascii", "replace")
            raise error(expected_got(f"{where}, {name}", "one whole number, not negative", got))
        found[name] = int(value[1])
    for name in ("NAXIS", "TFIELDS"):
        if found.get(name, 0) > _MOST_NUMBERED:
            what = f"{where}, {name}"
            raise error(expected_got(what, f"at most {_MOST_NUMBERED}", found[name]))
    axes = [found.get(f"NAXIS{n}", 0) for n in range(1, found.get("NAXIS", 0) + 1)]
    if not axes:
        return 0
    values = found.get("GCOUNT", 1) * (found.get("PCOUNT", 0) + prod(axes))
    return abs(found.get("BITPIX", 8)) // 8 * values
