"""Packed files: unpacked as far as allowed, and no further."""

import bz2
import gzip
import lzma
import tracemalloc
import zipfile

import pytest

from clumpscope.errors import ImageError
from clumpscope.files.unpacked import unpacked

TEXT = b"pixels" * 1000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_the_content_whatever_the_packing_and_the_name(tmp_path, pack):
    path = tmp_path / "a.fits"
    path.write_bytes(pack(TEXT))
    with unpacked(path, ImageError, 0.006) as stream:
        assert stream.read() == TEXT


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_one_byte_too_many(tmp_path, pack):
    path = tmp_path / "a.fits"
    path.write_bytes(pack(TEXT + b"."))
    with pytest.raises(ImageError, match=r"a\.fits: size: expected at most 0\.006 MB \(x\), got"):
        unpacked(path, ImageError, 0.006, "x")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_bomb_takes_no_more_memory_than_allowed(tmp_path, pack):
    path = tmp_path / "a.fits"
    path.write_bytes(pack(bytes(100_000_000)))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(ImageError, match="got more when unpacked"):
        unpacked(path, ImageError, 5)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damage(tmp_path, pack, damage):
    path = tmp_path / "a.fits"
    content = bytearray(pack(TEXT * 50))
    middle = len(content) // 2
    content[middle] ^= 255
    path.write_bytes(content[:middle] if damage == "cut" else content)
    with pytest.raises(ImageError, match=r"a\.fits: truncated or damaged in its packing: "):
        unpacked(path, ImageError, 1)


def test_other_packings(tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(lzma.compress(TEXT))
    with pytest.raises(ImageError, match="packing: expected none, gzip or bzip2, got xz"):
        unpacked(path, ImageError, 1)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("b.fits", TEXT)
    with pytest.raises(ImageError, match="packing: expected none, gzip or bzip2, got zip"):
        unpacked(path, ImageError, 1)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpacked(tmp_path / "none", ImageError, 1)
