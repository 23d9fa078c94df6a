"""FITS headers looked over before astropy reads them."""

import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.files.fits_headers import MOST_BYTES, count_hdus

SHAPES = st.lists(st.integers(1, 40), min_size=0, max_size=3)


def written(hdus):
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    stream.seek(0)
    return stream


def count(content):
    return count_hdus(io.BytesIO(content), "a.fits", ImageError)


@given(st.lists(st.tuples(SHAPES, st.sampled_from("Bhifd")), max_size=5))
def test_as_many_hdus_as_astropy_finds(parts):
    hdus = [fits.PrimaryHDU()]
    for shape, kind in parts:
        hdus.append(fits.ImageHDU(np.zeros(shape, kind) if shape else None))
    stream = written(hdus)
    assert count_hdus(stream, "a.fits", ImageError) == len(hdus)
    assert stream.tell() == 0


def test_tables_and_compressed_images():
    table = fits.BinTableHDU.from_columns(
        [fits.Column("a", "PJ()", array=np.array([np.arange(3), np.arange(900)], dtype=object))]
    )
    image = fits.CompImageHDU(np.random.default_rng(0).normal(size=(50, 60)))
    last = fits.ImageHDU(np.zeros((4, 5)))
    assert count_hdus(written([fits.PrimaryHDU(), table, image, last]), "", ImageError) == 4


def test_cut_off_in_header_or_data_the_last_still_counts():
    whole = written([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((50, 50)))]).getvalue()
    assert count(whole[: 2880 + 900]) == 2
    assert count(whole[: 2 * 2880 + 100]) == 2


def test_what_is_no_fits_file():
    assert count(b"") == count(b"no FITS") == count(bytes(9000)) == 0


def test_padding_after_the_last_hdu_is_none_but_other_bytes_are_damage():
    whole = written([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((5, 5)))]).getvalue()
    assert count(whole + bytes(4 * 2880)) == 2
    with pytest.raises(ImageError, match=r"a\.fits: after HDU 1: expected an extension or the"):
        count(whole + b"junk" * 2880)


def test_a_header_without_end_is_not_read_to_the_end_of_the_file():
    endless = b"SIMPLE  =                    T".ljust(80) + b" " * (MOST_BYTES + 2880)
    with pytest.raises(ImageError, match="a.fits: FITS headers: expected at most 4 MB, got longer"):
        count(endless)


def test_many_small_hdus_are_too_many_headers():
    whole = written([fits.PrimaryHDU(), fits.ImageHDU()]).getvalue()
    one = whole[2880:]
    assert count(whole + one * 100) == 102
    with pytest.raises(ImageError, match="FITS headers: expected at most 4 MB"):
        count(whole + one * (MOST_BYTES // 2880))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NAXIS1  =                    5", "NAXIS1  =                  5.0"),
        ("NAXIS1  =                    5", "NAXIS1  =                   -5"),
        ("NAXIS1  =                    5", "NAXIS1  =                  1E9"),
        ("NAXIS1  =                    5", "NAXIS1  =                    T"),
        ("NAXIS2  =                    6", "NAXIS1  =                    6"),
        ("GCOUNT  =                    1", "GCOUNT  = 99999999999999999999"),
    ],
)
def test_a_size_that_is_none(old, new):
    content = written([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((6, 5)))]).getvalue()
    assert old.encode() in content
    with pytest.raises(ImageError, match=rf"HDU 1, {new[:6]}: expected one whole number, not neg"):
        count(content.replace(old.encode(), new.encode()))
