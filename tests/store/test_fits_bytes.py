"""FITS bytes against astropy."""

import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clumpscope.store.fits_bytes import image_hdu, primary_hdu


def opened(*parts):
    return fits.open(io.BytesIO(b"".join(parts)))


@given(
    value=st.one_of(
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.rstrip),
    )
)
def test_every_value_comes_back(value):
    with opened(primary_hdu({"KEY": value})) as hdus:
        found = hdus[0].header["KEY"]
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@given(data=st.data())
def test_every_array_comes_back(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    array = data.draw(arrays(dtype, shape))
    with opened(primary_hdu({}), image_hdu(array, "g_VAR", {})) as hdus:
        assert np.array_equal(hdus[1].data, array, equal_nan=dtype is np.float32)
        assert hdus[1].header["EXTNAME"] == "g_VAR"


def test_it_is_what_astropy_writes():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    stream = io.BytesIO()
    hdu = fits.ImageHDU(array)
    hdu.header["EXTNAME"] = "r"
    hdu.header["PSF"] = (1.25, "[arcsec] width")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    with (
        opened(stream.getvalue()) as theirs,
        opened(primary_hdu({}), image_hdu(array, "r", {"PSF": (1.25, "[arcsec] width")})) as ours,
    ):
        for a, b in zip(theirs, ours, strict=True):
            assert dict(a.header) == dict(b.header)
        ours.verify("exception")


def test_no_card_for_nan():
    with pytest.raises(ValueError, match="PSF: FITS has no card for nan"):
        primary_hdu({"PSF": float("nan")})
