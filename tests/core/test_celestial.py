"""Headers as telescopes write them: each is read right, or refused by the name of its trouble."""

from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import FK5, Galactic
from astropy.io import fits

from clumpscope.core.celestial import celestial
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.errors import ImageError
from sky_formulas import sky, to_icrs

HEADERS = Path(__file__).parent.parent / "data" / "headers"
CD = ((-6.0e-5, 9.0e-6), (1.1e-5, 5.9e-5))
HERE = {"crval": (150.1, 2.2), "crpix": (500.5, 310.25), "cd": CD}
A = {(2, 0): 2.1e-5, (1, 1): -7.0e-6, (0, 2): 3.0e-6, (3, 0): 4.0e-9, (1, 2): -2.0e-9}
B = {(2, 0): -1.5e-6, (1, 1): 1.2e-5, (0, 2): -9.0e-6, (2, 1): 3.0e-9, (0, 3): 1.0e-9}
PV1 = {0: 1e-6, 1: 1.0003, 2: 2e-4, 4: 3e-3, 5: -2e-3, 6: 1e-3, 7: 0.08, 8: 0.02, 9: 0.1, 10: 0.01}
PV2 = {
    0: -2e-6,
    1: 0.9998,
    2: 1e-4,
    4: -2e-3,
    5: 4e-3,
    6: 2e-3,
    7: 0.11,
    8: 0.01,
    9: 0.09,
    10: 0.02,
}
SCAMP = {"pv1": {0: 1e-5, 1: 1.002, 2: 3e-4}, "pv2": {0: 2e-5, 1: 0.997, 2: -2e-4}}
SIDE = 1.1e-4


def turned(degrees, x=-SIDE, y=SIDE):
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return ((x * c, -y * s), (x * s, y * c))


def at(frame=None, **changes):
    """A function from a pixel to ICRS, of the numbers that a header has."""

    def place(xy):
        found = sky(xy, **{**HERE, **changes})
        return found if frame is None else to_icrs(found, frame)

    return place


# Header → what its pixels are by the formulas, and a word of the notes that it gets.
READ = {
    "tan_cd": (at(), ""),
    "tan_pc_cdelt": (at(), ""),
    "tan_pc_of_drafts": (at(), ""),
    "tan_cdelt_crota2": (at(cd=turned(33)), ""),
    "tan_cdelt_only": (at(cd=turned(0)), ""),
    "tan_cd_beside_stale_cdelt_crota": (at(), ""),
    "tan_cd_and_pc_agree": (at(), ""),
    "tan_mirrored": (at(cd=((6e-5, 9e-6), (-1.1e-5, 5.9e-5))), ""),
    "tan_lonpole": (at(lonpole=140.0), ""),
    "tan_negative_ra": (at(crval=(-0.01, 2.2)), ""),
    "tan_near_the_pole": (at(crval=(150.1, 89.99)), ""),
    "dec_first": (at(), "exchanged"),
    "dec_first_crota1": (at(cd=((-SIDE * sin(radians(33)), -SIDE * cos(radians(33))),
                               (SIDE * cos(radians(33)), -SIDE * sin(radians(33))))), "exchanged"),
    "dec_first_tpv": (at(pv1=PV1, pv2=PV2), "exchanged"),
    "units_arcsec": (at(), ""),
    "units_radians": (at(), ""),
    "units_mixed": (at(), ""),
    "cube_with_frequency": (at(), ""),
    "four_axes_of_radio": (at(projection="SIN", cd=turned(0)), ""),
    "sip": (at(a=A, b=B), ""),
    "sip_without_suffix": (at(a=A, b=B), "without -SIP"),
    "sip_suffix_without_coefficients": (at(), "without coefficients"),
    "sip_with_half_an_inverse": (at(a=A, b=B), ""),
    "sip_and_pv_named_sip": (at(a=A, b=B), "SIP counts"),
    "tpv": (at(pv1=PV1, pv2=PV2), ""),
    "tpv_and_sip": (at(pv1=PV1, pv2=PV2), "TPV counts"),
    "scamp_tan_with_pv": (at(pv1=PV1, pv2=PV2), "read as TPV"),
    "scamp_tan_with_linear_pv": (at(**SCAMP), "read as TPV"),
    "tan_with_zero_pv": (at(), ""),
    "zpn": (at(projection="ZPN", zpn={1: 1.0, 3: 42.0}), ""),
    "car_on_the_equator": (at(projection="CAR", crval=(150.1, 0.0)), ""),
    "galactic": (at(Galactic(), crval=(120.0, 45.0)), "turned to ICRS"),
    "galactic_sip_lat_first": (at(Galactic(), crval=(120.0, 45.0), a=A, b=B), "turned to ICRS"),
    "fk5": (at(FK5(equinox="J2000")), "turned to ICRS"),
    "fk5_of_1990": (at(FK5(equinox="J1990")), "turned to ICRS"),
    "equinox_without_system": (at(FK5(equinox="J2000")), "FK5 2000: turned"),
    "equinox_as_text": (at(FK5(equinox="J2000")), "turned to ICRS"),
    "epoch_for_equinox": (at(FK5(equinox="J2000")), "EPOCH 2000"),
    "no_system": (at(), "no RADESYS"),
    "other_versions_beside": (at(), ""),
}  # fmt: skip

REFUSED = {
    "tnx": "WCS CTYPE1: .* got IRAF's TNX; have it fitted",
    "zpx": "WCS CTYPE1: .* got IRAF's ZPX",
    "fk4": "WCS RADESYS: expected RA and DEC in ICRS or FK5, got FK4; transform",
    "equinox_1950": "WCS RADESYS: expected RA and DEC in ICRS or FK5, got FK4",
    "epoch_of_observation": "WCS EPOCH: expected EQUINOX, got 2011.3; write EQUINOX",
    "ecliptic": "WCS CTYPE: .* got ELON-TAN ELAT-TAN",
    "geocentric_apparent": "WCS RADESYS: .* got GAPPT",
    "two_systems": "WCS RADESYS: expected one system, got FK5 and ICRS",
    "galactic_car": "WCS: expected RA and DEC in ICRS, got GALACTIC in projection CAR",
    "no_ctype": "WCS CTYPE1: expected RA---TAN .* got none",
    "one_ctype": "WCS CTYPE: .* got RA---TAN none",
    "no_projection": "WCS CTYPE1: .* got 'RA'",
    "dashes_wrong": "WCS CTYPE1: .* got 'RA--TAN'",
    "two_projections": "WCS CTYPE: expected one projection on both axes",
    "projection_unknown": "WCS CTYPE1: expected a projection of the standard, got 'RA---ABC'",
    "ra_and_frequency": "WCS CTYPE3: expected the sky on the image's own axes",
    "ra_and_glat": "WCS CTYPE: .* got RA---TAN GLAT-TAN",
    "third_axis_mixed_in": "WCS CD1_3: expected 0",
    "cd_and_pc_disagree": "WCS CD and PC: expected one matrix, got two that disagree",
    "crota1_and_crota2": "WCS CROTA1: expected 0 or 33.0, got 21.0",
    "singular": "WCS: expected one that can be used, got pixels of 0 degrees",
    "pixels_of_degrees": "WCS: .* got pixels of",
    "nan": "WCS CRVAL1: expected a number, got ",
    "text_for_a_number": "WCS CRVAL1: expected a number, got '10:00:24'",
    "given_twice": "WCS CRVAL1: expected one value, got 150.1 and 150.2",
    "no_crval": "WCS CRVAL2: expected a number, got none",
    "dec_beyond_the_pole": "WCS CRVAL2: expected -90 to 90 degrees, got 92.2",
    "unit_unknown": "WCS: expected one that can be used, got .*Hz",
    "lonpole_999": "WCS LONPOLE: expected -360 to 360 degrees, got 999.0",
    "a_without_b": "WCS B_ORDER: expected the order of the SIP polynomial, got none",
    "sip_beyond_its_order": "WCS A_3_0: expected terms up to A_ORDER 2",
    "sip_and_pv_unnamed": "WCS PV and A_ORDER: expected one distortion",
    "sip_that_folds": "WCS distortion: .* got a folded image",
    "lookup_table": "WCS CPDIS1: .* got one in a look-up table of another HDU",
    "detector_table": "WCS D2IMDIS1: .* got one in a look-up table of another HDU",
    "dss_plate": "WCS AMDX1: .* got a plate solution of the DSS",
}


def header_of(name):
    return fits.Header.fromstring((HEADERS / f"{name}.hdr").read_text(), sep="\n")


def known(name):
    """The pixel and its place that a header's comments tell."""
    line = next(line for line in header_of(name)["COMMENT"] if line.startswith("KNOWN"))
    x, y, ra, dec = (float(word) for word in line.split()[1:])
    return (x, y), (ra, dec)


def apart_arcsec(first, second):
    """Between places (n, 2), degrees."""
    (a, b), (c, d) = np.transpose(first), np.transpose(second)
    east = ((a - c + 180) % 360 - 180) * np.cos(np.radians(d))
    return np.hypot(east, b - d) * 3600


def test_each_header_is_read_or_refused():
    assert {path.stem for path in HEADERS.glob("*.hdr")} == READ.keys() | REFUSED.keys()
    assert len(READ) + len(REFUSED) >= 25


@pytest.mark.parametrize("name", READ)
def test_a_header_is_read_right(name):
    place, note = READ[name]
    wcs, notes = celestial(header_of(name))
    assert note in " ".join(notes)
    assert note or not notes
    pixel, radec = known(name)
    assert apart_arcsec([place(pixel)], [radec]) < 1e-6
    pixels = [pixel, (1, 1), (1000, 1), (1, 600), (731.3, 244.9)]
    expected = np.array([place(xy) for xy in pixels])
    found = native_to_sky(np.array(pixels) - 1.0, wcs)
    assert apart_arcsec(found, expected).max() < 1e-4
    np.testing.assert_allclose(sky_to_native(expected, wcs) + 1, pixels, atol=1e-3)


@pytest.mark.parametrize("name", REFUSED)
def test_a_header_is_refused_with_its_trouble(name):
    with pytest.raises(ImageError, match=REFUSED[name]):
        celestial(header_of(name))


@pytest.mark.parametrize("kinds", [("LINEAR", "LINEAR"), ("PIXEL", "PIXEL"), ("", "")])
def test_axes_that_are_none_of_the_sky(kinds):
    header = fits.Header([("CTYPE1", kinds[0]), ("CTYPE2", kinds[1]), ("CRVAL1", 1.0)])
    wcs, notes = celestial(header)
    assert wcs is None
    assert bool(notes) == bool(kinds[0])


def with_table(values):
    """An HDU list whose image has a distortion by a look-up table (Paper IV, CPDIS)."""
    header = header_of("tan_cd")
    image = fits.ImageHDU(np.zeros((600, 1000), dtype=np.float32))
    image.header.extend(header, strip=True, update=True)
    ny, nx = values.shape
    hdus = fits.HDUList([fits.PrimaryHDU(), image])
    for axis in (1, 2):
        image.header[f"CPDIS{axis}"] = "LOOKUP"
        for part, value in (
            ("EXTVER", float(axis)),
            ("NAXES", 2.0),
            ("AXIS.1", 1.0),
            ("AXIS.2", 2.0),
        ):
            image.header.append(fits.Card(f"DP{axis}", f"{part}: {value}"))
        table = fits.ImageHDU((values * axis).astype(np.float32), name="WCSDVARR")
        table.header.update({"EXTVER": axis, "CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0})
        table.header.update({"CRVAL2": 1.0, "CDELT1": 999 / (nx - 1), "CDELT2": 599 / (ny - 1)})
        hdus.append(table)
    return hdus


def test_a_smooth_look_up_table_becomes_sip():
    y, x = np.mgrid[-1:1:60j, -1:1:100j]
    hdus = with_table(0.8 * x**2 - 0.5 * x * y + 0.3 * y**3)
    wcs, notes = celestial(hdus[1].header, hdus)
    assert wcs.sip is not None
    assert wcs.cpdis1 is None
    assert "look-up tables of distortion: SIP" in notes[-1]
    for u, v in ((-1, -1), (0.3, 0.4), (1, -0.2)):
        pixel = 1 + 499.5 * (u + 1), 1 + 299.5 * (v + 1)
        move = 0.8 * u**2 - 0.5 * u * v + 0.3 * v**3
        expected = sky((pixel[0] + move, pixel[1] + 2 * move), **HERE)
        found = native_to_sky(np.array([pixel]) - 1, wcs)
        # Between its nodes a table is bilinear: 1e-3 px, of 0.2".
        assert apart_arcsec(found, [expected]) < 0.006 * 0.22


def test_a_look_up_table_with_steps_is_refused():
    hdus = with_table(0.2 * (np.indices((60, 100))[1] // 7 % 2))
    with pytest.raises(
        ImageError, match=r"look-up table of distortion: .* got one that is 0\.\d+ px"
    ):
        celestial(hdus[1].header, hdus)
