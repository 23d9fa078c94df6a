"""What tables of others must not do: unfold without bound, or fetch their data from elsewhere."""

import re
from pathlib import Path

from clumpscope.errors import TableError, expected_got
from clumpscope.files.fits_headers import count_hdus

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")
_XML = (".vot", ".xml")
# astropy opens such an address, on the network or on this disk.
_ELSEWHERE = re.compile(rb"<(?:[\w.-]+:)?STREAM\b[^<]*?\bhref\s*=")


def check_foreign(path: Path) -> None:
    """Look at a table before astropy reads it.

    Raises
    ------
    OSError
        If it cannot be read.
    TableError
        If it is packed, a FITS file whose headers cannot be, or a VOTable whose data, or parts
        of whose text, are not in their place.
    """
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(_PACKED):
        raise TableError(expected_got(path, "a plain file", "a packed one", "unpack it first"))
    if head == b"SIMPLE":
        with path.open("rb") as stream:
            count_hdus(stream, path, TableError)
    if path.suffix.lower() not in _XML:
        return
    content = path.read_bytes()
    for found, what in (
        (_ELSEWHERE.search(content), "a STREAM with the address of other data"),
        (b"<!ENTITY" in content, "one that declares entities"),
        (b"\0" in content, "one in UTF-16"),
    ):
        if found:
            raise TableError(expected_got(path, "a VOTable in UTF-8, whole in itself", what))
