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
_OPENERS: dict[bytes, Callable[[Path], gzip.GzipFile | bz2.BZ2File]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
}
_REFUSED = {b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x1f\x9d": "compress"}


def unpacked(
    path: Path, error: type[ClumpscopeError], most_mb: float, setting: str = ""
) -> BinaryIO:
    """Open a file for reading, plain or packed with gzip or bzip2, whatever its name says.

    What is packed is unpacked into memory, and no further than ``most_mb`` MB.

    Raises
    ------
    ClumpscopeError
        ``error``, if it is no regular file, of more than ``most_mb`` MB, packed or not, packed
        in another way, or damaged in the packing.
    OSError
        If it is not there, or may not be read.
    """
    plain = regular(path, error, most_mb, setting).open("rb")
    start = plain.read(6)
    plain.seek(0)
    for magic, kind in _REFUSED.items():
        if start.startswith(magic):
            plain.close()
            raise error(expected_got(f"{path}: packing", "none, gzip or bzip2", kind))
    opener = next((one for magic, one in _OPENERS.items() if start.startswith(magic)), None)
    if opener is None:
        return plain
    plain.close()
    whole = io.BytesIO()
    try:
        with opener(path) as packed:
            while piece := packed.read(_PIECE):
                if whole.tell() + len(piece) > most_mb * 1e6:
                    raise error(too_large(path, most_mb, "more when unpacked", setting))
                whole.write(piece)
    except (OSError, EOFError, zlib.error) as damage:
        raise error(f"{path}: truncated or damaged in its packing: {damage}") from damage
    whole.seek(0)
    return whole
