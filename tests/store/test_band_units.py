"""Bands of a sample in other units than nanomaggies."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std

from clumpscope.errors import ImageError
from clumpscope.store.images import read_galaxy
from fits_files import by_hand, extra

PER_NMGY = {
    "uJy": 3.631,
    "nJy": 3631.0,
    "maggies": 1e-9,
    "10*nanomaggy": 0.1,
    "NANOMAGGIES": 1.0,
}


def stored_in(unit, scale, dtype=np.float32, **cards):
    """The bands of `by_hand` and a variance of g, in another unit."""

    def edit(hdus):
        hdus.append(extra("g_VAR", np.full((40, 40), 4e-4 * scale**2, dtype)))
        for hdu in hdus[1:3]:
            hdu.data = (hdu.data * scale).astype(dtype)
            hdu.header.update({"BUNIT": unit, **cards})

    return edit


def check(path, edit):
    expected = read_galaxy(by_hand(path))
    found = read_galaxy(by_hand(path, edit=edit))
    for band in "gr":
        np.testing.assert_allclose(found[band].data, expected[band].data, rtol=1e-5)
        assert found[band].data.dtype == found[band].variance.dtype == np.float32
    np.testing.assert_allclose(found["g"].variance, 4e-4, rtol=1e-5)
    assert not found["g"].noise_assumed
    assert np.sqrt(found["r"].variance[0, 0]) == pytest.approx(
        mad_std(expected["r"].data), rel=1e-4
    )


@pytest.mark.parametrize("unit", PER_NMGY)
def test_data_and_variance_become_nanomaggies(tmp_path, unit):
    check(tmp_path / "g1.fits", stored_in(unit, PER_NMGY[unit]))


def test_counts_with_a_zero_point(tmp_path):
    check(tmp_path / "g1.fits", stored_in("ADU", 10 ** (0.4 * 4.5), MAGZERO=27.0))


def test_doubles_whose_variance_no_float_holds(tmp_path):
    check(tmp_path / "g1.fits", stored_in("erg/s/cm2/Hz", 3.631e-29, np.float64))


def test_noise_keywords_are_of_nanomaggies(tmp_path):
    """NMGYPDN says what a count is worth, whatever the unit of the data."""
    cards = {"NMGYPDN": 0.005, "SKYDN": 120.0, "GAIN": 4.7, "DARKVAR": 1.2}

    def edit(hdus):
        for hdu in hdus[1:]:
            hdu.data *= 3.631
            hdu.header["BUNIT"] = "uJy"

    path = tmp_path / "g1.fits"
    expected = read_galaxy(by_hand(path, **cards))["g"].variance
    found = read_galaxy(by_hand(path, edit=edit, **cards))["g"].variance
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_scaled_integers(tmp_path):
    def edit(hdus):
        hdus[1].data = np.full((40, 40), 7, np.int16)
        hdus[1].data[3, 4] = -2
        hdus[1].header.update({"BUNIT": "adu", "MAGZERO": 25.0, "BSCALE": 0.5, "BZERO": 100.0})

    path = by_hand(tmp_path / "g1.fits", edit=edit)
    with fits.open(path) as hdus:
        linear = np.asarray(hdus[1].data)
    np.testing.assert_allclose(read_galaxy(path)["g"].data, 0.1 * linear, rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (None, "band r: expected a BUNIT, or a zero point .*, got neither; write BUNIT = 'nanom"),
        ("", "band r: expected a BUNIT, or a zero .*, or make the sample with clumpscope ingest"),
        ("adu", "band r: expected a zero point such as MAGZERO, wanted for BUNIT = adu, got none"),
        ("K", "band r BUNIT: expected a unit of flux, got 'K'; write BUNIT = 'nanomaggy', or"),
        (True, "band r BUNIT: expected a unit of flux, got True"),
    ],
)
def test_a_unit_that_is_none_is_refused(tmp_path, unit, message):
    def edit(hdus):
        del hdus[2].header["BUNIT"]
        if unit is not None:
            hdus[2].header["BUNIT"] = unit

    path = by_hand(tmp_path / "g1.fits", edit=edit)
    assert list(read_galaxy(path, bands="g").bands) == ["g"]
    with pytest.raises(ImageError, match=message):
        read_galaxy(path)
