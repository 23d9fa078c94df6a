"""Packed files, unpacked as a stream that stops at a bound."""

import bz2
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from clumpscope.errors import ClumpscopeError, expected_got
from clumpscope.files.regular import regular, too_large

_PIECE = 1 << 20
Stream = io.BufferedReader | gzip.GzipFile | bz2.BZ2File
_UNPACK: dict[bytes, Callable[[Path], Stream]] = {b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File}
_REFUSED = {b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x1f\x9d": "compress"}


def opened(path: Path, error: type[ClumpscopeError], most_mb: float, setting: str = "") -> Stream:
    """Open a file for reading, plain or packed with gzip or bzip2, whatever its name says.

    Raises
    ------
    ClumpscopeError
        ``error``, if it is no regular file, of more than ``most_mb`` MB as it lies on the disk,
        or packed in another way.
    OSError
        If it is not there, or may not be read.
    """
    plain = regular(path, error, most_mb, setting).open("rb")
    start = plain.read(6)
    plain.seek(0)
    unpack = next((one for magic, one in _UNPACK.items() if start.startswith(magic)), None)
    other = next((kind for magic, kind in _REFUSED.items() if start.startswith(magic)), None)
    if unpack is None and other is None:
        return plain
    plain.close()
    if unpack is None:
        raise error(expected_got(f"{path}: packing", "none, gzip or bzip2", other))
    return unpack(path)


def unpacked(
    path: Path, error: type[ClumpscopeError], most_mb: float, setting: str = ""
) -> BinaryIO:
    """Open a file as `opened` does, and if it is packed, unpack it into memory.

    Raises
    ------
    ClumpscopeError
        As `opened`, and if it grows beyond ``most_mb`` MB, or is damaged in the packing.
    OSError
        If it is not there, or may not be read.
    """
    stream = opened(path, error, most_mb, setting)
    if isinstance(stream, io.BufferedReader):
        return stream
    whole = io.BytesIO()
    try:
        with stream:
            while piece := stream.read(_PIECE):
                if whole.tell() + len(piece) > most_mb * 1e6:
                    raise error(too_large(path, most_mb, "more when unpacked", setting))
                whole.write(piece)
    except (OSError, EOFError, zlib.error) as damage:
        raise error(f"{path}: truncated or damaged in its packing: {damage}") from damage
    whole.seek(0)
    return whole
