"""Point sources of known AB magnitude in every unit, against astropy.units."""

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.ops.flux_units import flux_unit

MAG = 21.3
NMGY = 10 ** (0.4 * (22.5 - MAG))
STAR = (MAG * u.ABmag).to(u.Jy)
PIVOT = 8045.0 * u.AA
AREA = ((0.03 * u.arcsec) ** 2).to_value(u.sr)
PER_AA = STAR.to(u.erg / u.s / u.cm**2 / u.AA, u.spectral_density(PIVOT))
FLAM = 7.03e-20  # of F814W of the ACS
RATE = PER_AA.value / FLAM  # electrons a second
WFC = {"PHOTFLAM": FLAM, "PHOTPLAM": PIVOT.value}
FNU = (FLAM * PER_AA.unit).to_value(u.Jy, u.spectral_density(PIVOT))


def counts(zero_point):
    return 10 ** (0.4 * (zero_point - MAG))


def per_sr(unit):
    return (STAR / (AREA * u.sr)).to_value(unit)


CASES = {
    # SDSS and Legacy Surveys
    "nanomaggy": ({"BUNIT": "nanomaggy"}, NMGY),
    "nanomaggies and a zero point": ({"BUNIT": "nanomaggies", "MAGZERO": 22.5}, NMGY),
    "ten nanomaggies": ({"BUNIT": "10*nanomaggy"}, NMGY / 10),
    "maggies": ({"BUNIT": "maggies"}, NMGY * 1e-9),
    # Rubin
    "nJy": ({"BUNIT": "nJy"}, STAR.to_value(u.nJy)),
    "Jy": ({"BUNIT": "Jy"}, STAR.value),
    "mJy": ({"BUNIT": "mJy"}, STAR.to_value(u.mJy)),
    "uJy": ({"BUNIT": "uJy"}, STAR.to_value(u.uJy)),
    "microJy": ({"BUNIT": "microJy"}, STAR.to_value(u.uJy)),
    "Jy a pixel": ({"BUNIT": "Jy/pixel"}, STAR.value),
    "ten nJy": ({"BUNIT": "10.0*nanoJansky", "ZP": 28.9}, STAR.to_value(u.nJy) / 10),
    "F_nu": ({"BUNIT": "erg/s/cm2/Hz"}, STAR.to_value("erg s-1 cm-2 Hz-1")),
    "F_lambda": ({"BUNIT": "erg/s/cm2/A", "PHOTPLAM": PIVOT.value}, PER_AA.value),
    "scaled": ({"BUNIT": "1e-17 erg/s/cm2/Ang", "PHOTPLAM": PIVOT.value}, PER_AA.value / 1e-17),
    # JWST
    "MJy/sr": ({"BUNIT": "MJy/sr", "PIXAR_SR": AREA, "PHOTMJSR": 0.4}, per_sr(u.MJy / u.sr)),
    "Jy/arcsec2": ({"BUNIT": "Jy/arcsec2", "PIXAR_SR": AREA}, per_sr(u.Jy / u.arcsec**2)),
    "DN/s, PHOTMJSR": (
        {"BUNIT": "DN/s", "PIXAR_SR": AREA, "PHOTMJSR": 0.4},
        per_sr(u.MJy / u.sr) / 0.4,
    ),
    "electrons/s, PHOTMJSR": (
        {"BUNIT": "electron/s", "PIXAR_SR": AREA, "PHOTMJSR": 0.4, "GAIN": 1.8},
        1.8 * per_sr(u.MJy / u.sr) / 0.4,
    ),
    # HST
    "electrons/s": ({"BUNIT": "ELECTRONS/S", **WFC, "EXPTIME": 500.0}, RATE),
    "electrons": ({"BUNIT": "ELECTRONS", **WFC, "EXPTIME": 500.0}, RATE * 500),
    "counts/s": ({"BUNIT": "COUNTS/S", **WFC, "PHOTFNU": FNU}, RATE),
    "PHOTFNU alone": ({"BUNIT": "COUNTS/S", "PHOTFNU": FNU}, RATE),
    "ten counts/s": ({"BUNIT": "10 counts/s", **WFC}, RATE / 10),
    "DN of the ACS": ({"BUNIT": "DN/S", **WFC, "GAIN": 2.0, "INSTRUME": "ACS"}, RATE / 2),
    "DN of the WFPC2": ({"BUNIT": "DN/s", **WFC, "GAIN": 7.0, "INSTRUME": "WFPC2"}, RATE),
    # ground
    "DES": ({"MAGZERO": 30.0}, counts(30)),
    "CFIS": ({"BUNIT": "ADU", "PHOTZP": 30, "EXPTIME": 600.0, "GAIN": 1600.0}, counts(30)),
    "HSC": ({"FLUXMAG0": 63095734448.0194}, counts(27)),
    "HSC in two words": ({"FLUXMAG0": 63095734448.0194, "MAGZERO": 27.0}, counts(27)),
    "SkyMapper": ({"BUNIT": "adu", "ZPAPPROX": 27.947, "EXPTIME": 100.0}, counts(27.947)),
    "empty": ({"BUNIT": "", "ZEROPT": 25.0, "MAGSYS": "AB mag"}, counts(25)),
    "Euclid": ({"MAGZERO": 23.9, "BUNIT": "none"}, counts(23.9)),
    "a rate as stored": ({"BUNIT": "counts/s", "MAGZP": 24.5, "EXPTIME": 30.0}, counts(24.5)),
    "MAGZPT of a rate": ({"BUNIT": "adu/s", "MAGZPT": 24.5, "EXPTIME": 30.0}, counts(24.5)),
    "MAGZPT alone": ({"BUNIT": "adu", "MAGZPT": 24.5}, counts(24.5)),
    "MAGZPT of a second": ({"MAGZPT": 24.5, "EXPTIME": 1.0}, counts(24.5)),
    "MAGZPT told by MAGZERO": ({"MAGZPT": 25.0, "EXPTIME": 100.0, "MAGZERO": 30.0}, counts(30)),
    "Pan-STARRS, linear": ({"FPA.ZP": 24.6, "EXPTIME": 43.0}, 43 * counts(24.6)),
    "MAGZPT not filled in": ({"MAGZPT": 0.0, "EXPTIME": 9.0, "MAGZERO": 27.0}, counts(27)),
    "FPA.ZP not filled in": ({"FPA.ZP": 0.0, "EXPTIME": 9.0, "MAGZERO": 27.0}, counts(27)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_star_has_its_flux(name):
    header, stored = CASES[name]
    for cards in (header, fits.Header(header) if "FPA.ZP" not in header else header):
        found = flux_unit(cards, "a.fits")
        assert found.nanomaggies(stored) == pytest.approx(NMGY, rel=1e-4)
        assert found.nanomaggies(stored).dtype == np.float32
        # An error of a hundredth stays one.
        assert found.variance((0.01 * stored) ** 2) == pytest.approx((0.01 * NMGY) ** 2, rel=2e-4)


def test_hierarch_cards(tmp_path):
    hdu = fits.PrimaryHDU(np.full((3, 3), 43 * counts(24.6)))
    hdu.header["HIERARCH FPA.ZP"], hdu.header["EXPTIME"] = 24.6, 43.0
    hdu.writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        found = flux_unit(hdus[0].header, "a.fits").nanomaggies(hdus[0].data)
    np.testing.assert_allclose(found, NMGY, rtol=1e-6)


def test_what_the_user_says_counts():
    assert flux_unit({}, "a", zero_point=25.0).nanomaggies(counts(25)) == pytest.approx(NMGY)
    found = flux_unit({"MAGZERO": 27.0, "BUNIT": "adu"}, "a", zero_point=25.0)
    assert found.nanomaggies(counts(25)) == pytest.approx(NMGY)
    assert found.said == "BUNIT = adu, zero point 25 (as given), not MAGZERO = 27"
    found = flux_unit({"BUNIT": "adu", "MAGZERO": 27.0}, "a", unit="uJy")
    assert found.nanomaggies(STAR.to_value(u.uJy)) == pytest.approx(NMGY, rel=1e-4)
    assert found.said == "unit = uJy"
    found = flux_unit({"BUNIT": "MJy/sr", "PIXAR_SR": 2 * AREA}, "a", pixel_area_sr=AREA)
    assert found.nanomaggies(per_sr(u.MJy / u.sr)) == pytest.approx(NMGY, rel=1e-4)
    assert "not PIXAR_SR" in found.said
    assert flux_unit({"BUNIT": "nJy"}, "a", zero_point=31.4).factor > 0
    assert flux_unit(WFC, "a", unit="electrons/s").nanomaggies(RATE) == pytest.approx(
        NMGY, rel=1e-4
    )


def test_the_survey_s_usual_zero_point_is_taken_where_nobody_says_another():
    def usual(counts):
        return 24.0 if counts.rate else 27.0

    found = flux_unit({"BUNIT": "adu"}, "a", usual=usual)
    assert found.nanomaggies(counts(27)) == pytest.approx(NMGY)
    assert found.said == "BUNIT = adu, zero point 27 (of the survey)"
    found = flux_unit({"BUNIT": "adu/s"}, "a", usual=usual)
    assert found.nanomaggies(counts(24)) == pytest.approx(NMGY)
    for header, said in (({"MAGZERO": 25.0}, {}), ({}, {"zero_point": 25.0})):
        found = flux_unit(header, "a", unit="adu", usual=usual, **said)
        assert found.nanomaggies(counts(25)) == pytest.approx(NMGY)
    found = flux_unit({}, "a", unit="nJy", usual=usual)
    assert found.nanomaggies(STAR.to_value(u.nJy)) == pytest.approx(NMGY, rel=1e-4)
    for header, message in (
        ({"MAGZERO": 25.0, "FLUXMAG0": 1e11}, "zero points: expected one, got"),
        ({"PHOTVEGA": 24.0}, "expected one of AB, got PHOTVEGA"),
    ):
        with pytest.raises(ImageError, match=message):
            flux_unit({"BUNIT": "adu", **header}, "a", usual=usual)


def test_it_says_how_it_was_understood():
    def said(header):
        return flux_unit(header, "a").said

    assert said({"BUNIT": "uJy"}) == "BUNIT = uJy"
    assert said({"BUNIT": "adu", "MAGZERO": 27.0}) == "BUNIT = adu, zero point 27 (MAGZERO)"
    assert said({"FLUXMAG0": 1e12}) == "no unit, zero point 30 (FLUXMAG0)"
    assert said({"BUNIT": "ELECTRONS", **WFC, "EXPTIME": 9.0}).endswith("a second, over EXPTIME")


def test_pan_starrs_stacks_are_stored_on_an_asinh_scale():
    linear = counts(25 + 2.5 * np.log10(900.0)) * np.array([1.0, 0.01, 0, -0.003])
    alpha = 2.5 / np.log(10)
    header = {"BOFFSET": -3.7, "BSOFTEN": 81.2, "EXPTIME": 900.0}
    stored = alpha * np.arcsinh((linear + 3.7) / (2 * 81.2))
    found = flux_unit(header, "a")
    expected = NMGY * np.array([1.0, 0.01, 0, -0.003])
    np.testing.assert_allclose(found.nanomaggies(stored), expected, rtol=1e-6, atol=1e-9)
    assert found.variance(2.0) == pytest.approx(2 * (1 / 900 / 10 ** (0.4 * 2.5)) ** 2)
    assert "Pan-STARRS" in found.said
    # Of the linear counts:
    assert flux_unit(header, "a", zero_point=30.0).factor == pytest.approx(1e-3)
    assert np.isinf(found.nanomaggies(1e5))


def test_scaled_integers_are_scaled_once(tmp_path):
    hdu = fits.PrimaryHDU(np.array([[100, 200]], np.int16))
    hdu.header.update({"BUNIT": "adu", "MAGZERO": 25.0, "BSCALE": 0.5, "BZERO": 1000.0})
    hdu.writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        stored = hdus[0].data
        found = flux_unit(hdus[0].header, "a").nanomaggies(stored)
    np.testing.assert_allclose(found, np.asarray(stored) * 0.1, rtol=1e-6)


def test_small_numbers_of_doubles_do_not_vanish():
    found = flux_unit({"BUNIT": "erg/s/cm2/Hz"}, "a")
    assert found.variance(np.array([1e-64])) == pytest.approx((1e-32 / 3.631e-29) ** 2, rel=1e-5)


REFUSED = {
    "nothing": ({}, "a.fits: expected a BUNIT, or a zero point such as MAGZERO, got neither; say"),
    "an empty BUNIT": (
        {"BUNIT": " "},
        "expected a BUNIT, or a zero point .*--zero-point.*--survey",
    ),
    "no zero point": (
        {"BUNIT": "ADU"},
        "a zero point such as MAGZERO, wanted for BUNIT = ADU, got n",
    ),
    "electrons": ({"BUNIT": "electrons", "EXPTIME": 9.0, "GAIN": 2.0}, "a zero point such as"),
    "no flux": ({"BUNIT": "K"}, "BUNIT: expected a unit of flux, got 'K'; say the unit"),
    "magnitudes": ({"BUNIT": "mag"}, "BUNIT: expected a unit of flux, got 'mag'"),
    "a beam": ({"BUNIT": "Jy/beam"}, "BUNIT: expected a unit of flux, got 'Jy/beam'"),
    "no unit": ({"BUNIT": "flux"}, "BUNIT: expected a unit of flux, got 'flux' .'flux' did not"),
    "mega or milli": (
        {"BUNIT": "MJY"},
        "expected a unit of flux, got 'MJY' .MJY may be MJy or mJy",
    ),
    "too much": ({"BUNIT": "10**9999 Jy"}, "BUNIT: expected a unit of flux, got"),
    "nothing of it": ({"BUNIT": "0 Jy"}, "BUNIT: expected a unit of flux, got '0 Jy'"),
    "a number": ({"BUNIT": 3}, "BUNIT: expected a unit of flux, got 3"),
    "a text": ({"MAGZERO": "27"}, "MAGZERO: expected a finite number, got '27'"),
    "absurd": ({"MAGZERO": 99.0}, "MAGZERO: expected a zero point of -5 to 45 mag, got 99"),
    "absurd, too": ({"ZP": -99.0}, "ZP: expected a zero point of -5 to 45 mag, got -99"),
    "not filled in": ({"BUNIT": "adu", "MAGZERO": 0.0}, "a zero point such as MAGZERO, wanted"),
    "no light": ({"FLUXMAG0": 0.0}, "FLUXMAG0: expected a positive number, got 0"),
    "no PHOTFLAM": (
        {"BUNIT": "electrons/s", "PHOTFLAM": 0.0, "PHOTPLAM": 8000.0},
        "PHOTFLAM: expected a positive number, got 0",
    ),
    "no PIXAR_SR": ({"BUNIT": "MJy/sr"}, "PIXAR_SR: expected sr, for MJy/sr, got none; write"),
    "a placeholder": (
        {"BUNIT": "MJy/sr", "PIXAR_SR": 1.0},
        "more than 0 and at most 1e-06 sr, got 1",
    ),
    "no PHOTPLAM": (
        {"BUNIT": "erg/s/cm2/A"},
        "expected PHOTPLAM, wanted for erg/s/cm2/A, got none",
    ),
    "no EXPTIME": ({"BUNIT": "ELECTRONS", **WFC}, "EXPTIME: expected seconds, wanted for PHOTFLAM"),
    "no time": ({"BUNIT": "ELECTRONS", **WFC, "EXPTIME": 0.0}, "EXPTIME: expected a positive num"),
    "rate or total": (
        WFC,
        "BUNIT: expected counts or counts a second, wanted for PHOTFLAM, got none",
    ),
    "no EXPTIME of a stack": (
        {"BOFFSET": 0.0, "BSOFTEN": 9.0},
        "EXPTIME: expected seconds, wanted",
    ),
    "half a scale": (
        {"BSOFTEN": 9.0, "EXPTIME": 9.0},
        "BOFFSET: expected a finite number, got none",
    ),
    "a bad scale": ({"BOFFSET": 0.0, "BSOFTEN": 0.0}, "BSOFTEN: expected a positive number, got 0"),
    "per second?": (
        {"BUNIT": "adu", "MAGZPT": 25.0, "EXPTIME": 100.0},
        "MAGZPT: expected the magnitude of one count .* got 25, which may be .* .30 with EXPTIME",
    ),
    "two": (
        {"MAGZERO": 27.0, "FLUXMAG0": 1e11},
        "zero points: expected one, got zero point 27 .MAGZERO. and zero point 27.5 .FLUXMAG0.",
    ),
    "PHOTFLAM and another": (
        {"BUNIT": "electrons/s", **WFC, "MAGZERO": 27.0},
        "zero points: expected one, got zero point 27 .MAGZERO. and PHOTFLAM",
    ),
    "not 22.5": (
        {"BUNIT": "nanomaggy", "MAGZERO": 27.0},
        "expected a zero point of 22.5, as BUNIT = nanomaggy means, got zero point 27 .MAGZERO.; o",
    ),
    "Vega": (
        {"MAGZERO": 27.0, "MAGSYS": "VEGA"},
        "MAGSYS: expected AB magnitudes, got 'VEGA'; add",
    ),
    "Vega of ESO": (
        {"PHOTZP": 27.0, "PHOTSYS": "Vega"},
        "PHOTSYS: expected AB magn.* m_AB - m_Vega",
    ),
    "ST": ({"ZP": 27.0, "MAGSYS": "ST"}, "MAGSYS: expected AB magnitudes, got 'ST'"),
    "a Vega flag": ({"ZP": 27.0, "VEGA": True}, "zero point: expected one of AB, got VEGA = T"),
    "only Vega's": (
        {"BUNIT": "adu", "PHOTVEGA": 24.0},
        "zero point: expected one of AB, got PHOTVEGA",
    ),
    "DN, no GAIN": ({"BUNIT": "DN/s", **WFC, "INSTRUME": "WFC3"}, "GAIN: expected a finite number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name):
    header, message = REFUSED[name]
    with pytest.raises(ImageError, match=message) as caught:
        flux_unit(header, "a.fits")
    assert str(caught.value).startswith("a.fits")


@pytest.mark.parametrize(
    ("header", "said", "message"),
    [
        ({"BUNIT": "uJy"}, {"zero_point": 27.0}, "a zero point of 23.9, as BUNIT = uJy means, got"),
        ({}, {"zero_point": np.nan}, "zero point: expected a finite number, got nan"),
        ({}, {"zero_point": 300.0}, "zero point: expected a zero point of -5 to 45"),
        ({}, {"unit": "parsec"}, "a unit: expected a unit of flux, got 'parsec'"),
        ({"BUNIT": "MJy/sr"}, {"pixel_area_sr": 0.0}, "a pixel area: expected more than 0"),
        ({}, {"remedy": "ask her"}, "got neither; ask her"),
    ],
)
def test_what_the_user_says_is_checked(header, said, message):
    with pytest.raises(ImageError, match=message):
        flux_unit(header, "a", **said)


def test_no_keyword_that_says_the_unit_can_be_missed():
    for header, _stored in CASES.values():
        for key in {"BUNIT", "PIXAR_SR", "PHOTPLAM", "BSOFTEN", "EXPTIME"} & set(header):
            less = {name: value for name, value in header.items() if name != key}
            try:
                found = flux_unit(less, "a")
            except ImageError:
                continue
            assert found.factor == pytest.approx(flux_unit(header, "a").factor, rel=1e-4), key


keys = st.sampled_from(
    ["BUNIT", "MAGZERO", "MAGZPT", "ZP", "FLUXMAG0", "PHOTFLAM", "PHOTPLAM", "PHOTFNU", "EXPTIME"]
    + ["PIXAR_SR", "PHOTMJSR", "BOFFSET", "BSOFTEN", "FPA.ZP", "GAIN", "MAGSYS", "VEGA"]
)
values = st.one_of(
    *(st.floats(), st.integers(), st.booleans(), st.text(max_size=20), st.complex_numbers()),
    st.sampled_from(["Jy", "adu", "electrons/s", "MJy/sr", "erg/s/cm2/A", "MJY", "AB", None]),
)


@given(st.dictionaries(keys, values))
def test_any_header_is_understood_or_refused(header):
    try:
        found = flux_unit(header, "a")
    except ImageError:
        return
    assert 0 < found.factor < np.inf
