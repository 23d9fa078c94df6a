"""PNG and JPEG pictures."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from clumpscope.config.limits import LimitsConfig
from clumpscope.errors import ImageError
from clumpscope.store.pictures import picture_shape, read_picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_picture(tmp_path, mode):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (30, 20, 3), dtype=np.uint8)).convert(mode)
    picture.save(tmp_path / "p1.png")
    found = read_picture(tmp_path / "p1.png", 0.396, 1.3, psf_assumed=True)
    assert (found.galaxy_id, found.shape, found.psf_assumed) == ("p1", (30, 20), True)
    assert found.pixels.dtype == np.float32
    np.testing.assert_array_equal(found.pixels * 255, np.asarray(picture.convert("RGB")))


def test_bad_pictures(tmp_path):
    path = tmp_path / "p1.png"

    def read():
        return read_picture(path, 0.396, 1.3, psf_assumed=False)

    with pytest.raises(ImageError, match=r"p1\.png: no such file; put it there"):
        read()
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for length in (10, 100, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(ImageError, match=r"p1\.png: truncated or not a picture: .*; fetch or"):
            read()
    Image.new("RGB", (8, 8), "red").save(path)
    with pytest.raises(ImageError, match=r"p1\.png: expected an image, got one constant.*; fetch"):
        read()


def test_a_picture_of_16_bits(tmp_path):
    values = np.linspace(0, 65535, 600).reshape(30, 20).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "p1.png")
    found = read_picture(tmp_path / "p1.png", 0.396, 1.3, psf_assumed=True)
    assert found.pixels.dtype == np.float32
    np.testing.assert_allclose(found.pixels, np.repeat(values[:, :, None] / 65535, 3, 2), rtol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_shape_in_the_header_is_rows_then_columns(tmp_path, suffix):
    path = tmp_path / f"p.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 33, 3), dtype=np.uint8)).save(
        path
    )
    assert picture_shape(path) == (20, 33)
    assert picture_shape(path) == read_picture(path, 1.0, 1.0, psf_assumed=True).shape
    path.write_bytes(b"no picture")
    with pytest.raises(ImageError, match="not a picture"):
        picture_shape(path)
    with pytest.raises(ImageError, match="no such file"):
        picture_shape(tmp_path / "none.png")


def bomb(path, side):
    """A PNG of black, of which nothing is on the disk but its zeros' zeros."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    packer = zlib.compressobj()
    content = b"".join(packer.compress(bytes(1 << 20)) for _ in range(20)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", content), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.parametrize("side", [3001, 10_000, 20_000])
def test_a_picture_of_more_pixels_than_allowed_is_not_decoded(tmp_path, side):
    path = bomb(tmp_path / "p.png", side)
    tracemalloc.start()
    for read in (picture_shape, lambda path: read_picture(path, 1.0, 1.3, psf_assumed=True)):
        with pytest.raises(
            ImageError, match=r"p\.png: expected at most 9000000 px \(\[limits\] cut"
        ):
            read(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_a_picture_of_a_large_file(tmp_path):
    path = tmp_path / "p.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(ImageError, match=r"size: expected at most 5e-05 MB \(\[limits\] decompre"):
        picture_shape(path, LimitsConfig(decompressed_mb=5e-5))


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "EPS", "PPM"])
def test_a_file_of_another_kind_under_the_name_of_a_picture(tmp_path, kind):
    path = tmp_path / "p.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(
        path, kind
    )
    with pytest.raises(ImageError, match=r"p\.png: truncated or not a picture"):
        picture_shape(path)
