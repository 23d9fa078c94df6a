"""Tiles of compressed images, looked over before any of them is unpacked."""

import zlib
from math import prod

from astropy.io import fits

from clumpscope.errors import ImageError, expected_got

_ANY_HEADER = 47  # of zlib: its own or gzip's
_SMALL = 1_000_000  # pixels: such tiles may be larger than small images, and HCOMPRESS's are


def check_tiles(name: object, hdu: fits.CompImageHDU) -> None:
    """Check that no tile of a compressed image is much larger than the image.

    Those of gzip are unpacked for that, as astropy unpacks them to their end.

    Raises
    ------
    ImageError
        If one is.
    """
    pixels = prod(hdu.shape)
    tile = tuple(int(side) for side in hdu.tile_shape)
    if prod(tile) > max(pixels, _SMALL):
        raise ImageError(expected_got(f"{name} tiles", f"shapes within {hdu.shape}", tile))
    columns = [column for column in hdu.compressed_data.names if column.startswith("GZIP")]
    if str(hdu.compression_type).startswith("GZIP"):
        columns.append("COMPRESSED_DATA")
    if not columns:
        return
    place = hdu.fileinfo()
    place["file"].seek(place["hdrLoc"])
    stored = place["file"].read(place["datLoc"] + place["datSpan"] - place["hdrLoc"])
    table = fits.BinTableHDU.fromstring(stored).data
    for column in columns:
        for cell in table[column]:
            if _unpacks_beyond(cell.tobytes(), 8 * pixels):
                most = f"at most {8 * pixels} bytes"
                raise ImageError(expected_got(f"{name} tiles", most, "one that unpacks to more"))


def _unpacks_beyond(packed: bytes, most: int) -> bool:
    try:
        return len(zlib.decompressobj(_ANY_HEADER).decompress(packed, most + 1)) > most
    except zlib.error:  # astropy will tell
        return False
