"""Compressed tiles against astropy's reader and writer."""

import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.store.fits_bytes import primary_hdu
from clumpscope.store.fits_tiles import packed_hdu, quantisable, quantised_hdu


def read(part):
    with fits.open(io.BytesIO(primary_hdu({}) + part)) as hdus:
        hdus.verify("exception")
        return np.array(hdus[1].data), hdus[1].header


@given(
    seed=st.integers(0, 99),
    ny=st.integers(1, 160),
    nx=st.integers(1, 160),
    level=st.floats(-1e4, 1e4),
    step=st.floats(1e-3, 10.0),
)
def test_each_pixel_comes_back_to_half_a_step(seed, ny, nx, level, step):
    data = np.random.default_rng(seed).normal(level, 5.0, (ny, nx)).astype(np.float32)
    data.flat[:: max(ny * nx // 5, 1)] = 0
    found, header = read(quantised_hdu(data, "F814W_VAR", {"PSF": 1.25}, step))
    assert np.abs(found - data).max() <= step / 2 + 3e-7 * np.abs(data).max()
    assert (found[data == 0] == 0).all()
    assert header["EXTNAME"] == "F814W_VAR"
    assert header["PSF"] == 1.25
    assert found.dtype == np.float32


def test_the_dither_is_that_of_astropy_s_own_compression():
    data = np.random.default_rng(3).normal(7.0, 1.0, (150, 150)).astype(np.float32)
    theirs = fits.CompImageHDU(
        data,
        compression_type="GZIP_2",
        quantize_level=-0.5,
        quantize_method=2,
        dither_seed=1,
        tile_shape=data.shape,
    )
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), theirs]).writeto(stream)
    with fits.open(io.BytesIO(stream.getvalue())) as hdus:
        expected = np.array(hdus[1].data) - data
    off = read(quantised_hdu(data, "g", {}, 0.5))[0] - data
    # The two count from other zeros: the errors differ by one number, round half a step.
    turned = (off - expected + 0.25) % 0.5 - 0.25
    apart = np.angle(np.exp(4j * np.pi * turned))
    assert np.abs(np.exp(1j * apart).mean()) > 0.999


def test_sums_stay_where_a_plane_is_less_than_a_step():
    data = np.full((100, 100), 0.03, dtype=np.float32)
    data[0, 0] = 1.0
    found, _ = read(quantised_hdu(data, "g", {}, 1.0))
    assert found.mean() == pytest.approx(data.mean(), abs=3 * 0.29 / 100)


def test_masks_come_back_as_they_were():
    mask = np.random.default_rng(1).integers(0, 16, (70, 90), dtype=np.uint8)
    found, header = read(packed_hdu(mask, "g_MASK", {}))
    np.testing.assert_array_equal(found, mask)
    assert found.dtype == np.uint8
    assert header["EXTNAME"] == "g_MASK"


@pytest.mark.parametrize(
    ("data", "step"), [([1.0], 0.0), ([1.0], np.nan), ([np.nan], 1.0), ([1e10], 1.0)]
)
def test_what_cannot_be_in_steps_is_told(data, step):
    assert not quantisable(np.array(data), step)
    assert quantisable(np.array([5.0, -3.0]), 1.0)
