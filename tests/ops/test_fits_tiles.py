"""Tiles of compressed images that claim, or unpack to, more than the image."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.errors import ImageError
from clumpscope.ops.fits_tiles import check_tiles


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
def test_honest_tiles_pass(kind, tmp_path):
    noise = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float32)
    fits.CompImageHDU(noise, compression_type=kind).writeto(tmp_path / "a.fits.fz")
    with fits.open(tmp_path / "a.fits.fz") as hdus:
        check_tiles("a", hdus[1])


def test_a_tile_that_unpacks_to_more_than_the_image_is_refused(tmp_path):
    whole = fits.CompImageHDU(
        np.zeros((30, 40), np.float32), compression_type="GZIP_1", tile_shape=(30, 40)
    )
    whole.writeto(tmp_path / "a.fits.fz")
    bomb = gzip.compress(bytes(10_000_000))
    with fits.open(tmp_path / "a.fits.fz", disable_image_compression=True) as hdus:
        cells = np.empty(1, dtype=object)
        cells[0] = np.frombuffer(bomb, np.uint8)
        column = fits.Column("COMPRESSED_DATA", "1PB()", array=cells)
        fits.BinTableHDU.from_columns([column], header=hdus[1].header).writeto(
            tmp_path / "b.fits.fz"
        )
    with fits.open(tmp_path / "b.fits.fz") as hdus, pytest.raises(ImageError, match="unpacks"):
        check_tiles("b", hdus[1])
