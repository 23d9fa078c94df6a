"""Tables as FITS, written part by part: the header, then rows as big-endian records."""

import io
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Column, Table
from numpy.typing import NDArray

from clumpscope.core.schema import JY_PER_NMGY
from clumpscope.errors import TableError, expected_got
from clumpscope.store.atomic import atomic
from clumpscope.store.fits_checksum import checksum, encoded
from clumpscope.store.parts import Parts
from clumpscope.store.tables import bare

_BLOCK = 2880
_WHEN = "of this HDU"  # by default astropy writes the time
_NUMBERS = ("f4", "f8", "i2", "i4", "i8")


def write_fits(table: Table | Parts, path: Path) -> None:
    """Write a table as FITS with units, UCDs and descriptions.

    These stand in TUNIT, TUCD and TCOMM cards, as STIL reads them, and once more in the way
    that astropy keeps them. Nanomaggies, which FITS does not know, become Jy; a letter that is not
    of ASCII, which FITS does not know either, becomes a question mark.

    Raises
    ------
    TableError
        If a column holds something else than text, numbers, or true and false.
    StoreError
        If it cannot be written, or parts cannot be read.
    """
    parts = Parts.of(table)
    kinds = [(name, _kind(name, parts.like[name].dtype)) for name in parts.like.colnames]
    primary, header = _headers(parts.like)
    header["NAXIS2"] = parts.rows
    with atomic(path) as temporary, temporary.open("w+b") as stream:
        stream.write(primary)
        start = stream.tell()
        stream.write(_bytes(header))
        rows = stream.tell()
        for part in parts:
            stream.write(_records(part, np.dtype(kinds)).tobytes())
        stream.write(bytes(-stream.tell() % _BLOCK))
        stream.seek(rows)
        data = checksum(stream)
        header["DATASUM"], header["CHECKSUM"] = str(data), "0" * 16
        header["CHECKSUM"] = encoded(checksum(io.BytesIO(_bytes(header)), data))
        stream.seek(start)
        stream.write(_bytes(header))


def _kind(name: str, dtype: np.dtype[np.generic]) -> str:
    """How a record has a column."""
    if dtype.kind == "U":
        return f"S{max(dtype.itemsize // 4, 1)}"
    if dtype.kind == "S":
        return f"S{max(dtype.itemsize, 1)}"
    if dtype.kind == "b":
        return "u1"
    if dtype.str[1:] not in _NUMBERS:
        what = f"text, numbers ({', '.join(_NUMBERS)}) or true and false"
        raise TableError(expected_got(f"column {name} for FITS", what, dtype))
    return f">{dtype.str[1:]}"


def _records(part: Table, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """(N,) rows of a part as they stand in the file."""
    records = np.zeros(len(part), dtype)
    for name in part.colnames:
        values = bare(part, name)
        if values.dtype.kind == "U":
            values = _ascii(values)
        elif values.dtype.kind == "b":
            values = np.where(values, ord("T"), ord("F"))
        elif _in_nmgy(part[name]):
            values = values * JY_PER_NMGY
        records[name] = values
    return records


def _ascii(words: NDArray[np.str_]) -> NDArray[np.bytes_]:
    """Text in bytes, one a letter."""
    letters = max(words.dtype.itemsize // 4, 1)
    codes = np.ascontiguousarray(words).astype(f"U{letters}").view(np.uint32)
    plain = np.where(codes < 128, codes, ord("?")).astype(np.uint8)
    return plain.view(f"S{letters}")


def _in_nmgy(column: Column) -> bool:
    return "nmgy" in str(column.unit or "")


def _headers(like: Table) -> tuple[bytes, fits.Header]:
    """The primary HDU, and the header of a table without rows, as astropy makes them."""
    empty = Table()
    for name in like.colnames:
        info = like[name].info
        unit = None if info.unit is None else str(info.unit).replace("nmgy", "Jy")
        values = bare(like, name)
        empty[name] = Column(values, unit=unit, description=info.description, meta=info.meta)
    for key, value in like.meta.items():
        if isinstance(value, str | int):
            empty.meta[key.split("_")[0].upper()[:8]] = value
    written = io.BytesIO()
    empty.write(written, format="fits")
    with fits.open(io.BytesIO(written.getvalue())) as hdus:
        header = hdus[1].header
        for index, name in enumerate(empty.colnames, start=1):
            column = empty[name]
            if column.meta.get("ucd"):
                header[f"TUCD{index}"] = column.meta["ucd"]
            if column.description:
                header[f"TCOMM{index}"] = column.description
        for hdu in hdus:
            hdu.add_checksum(when=_WHEN)
        return _bytes(hdus[0].header), header.copy()


def _bytes(header: fits.Header) -> bytes:
    text: str = header.tostring()
    return text.encode("ascii")
