"""The WCS of an image: what is taken, and what is refused on reading."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import DistortionLookupTable

from builders import band_image, galaxy_image, tan_wcs
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.errors import ImageError
from clumpscope.store.image_wcs import grid_cards, same_grid
from clumpscope.store.images import read_galaxy, read_grid, write_galaxy
from distorted import sip_wcs, tpv_wcs
from fits_files import by_hand


def edited(path, **cards):
    def edit(hdus):
        for hdu in hdus[1:]:
            for key, value in cards.items():
                hdu.header[key.replace("__", "_")] = value

    return by_hand(path, edit=edit)


@pytest.mark.parametrize(
    "cards",
    [
        {"WCSAXES": 3, "CTYPE3": "FREQ", "CRVAL3": 1.4e9, "CDELT3": 1e6, "CUNIT3": "Hz"},
        {"WCSAXES": 4, "CTYPE3": "STOKES", "CTYPE4": "FREQ"},
    ],
)
def test_of_a_plane_of_a_cube_the_celestial_axes_count(tmp_path, cards):
    plain = read_galaxy(by_hand(tmp_path / "a.fits"))
    found = read_galaxy(edited(tmp_path / "b.fits", **cards))
    assert found.wcs.naxis == 2
    xy = [[0, 0], [39, 0], [12.5, 31]]
    np.testing.assert_array_equal(native_to_sky(xy, found.wcs), native_to_sky(xy, plain.wcs))


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"CRVAL1": "abc"}, "WCS CRVAL1: expected a number, got 'abc'; mend it"),
        ({"CRVAL1": True}, "WCS CRVAL1: expected a number, got True"),
        ({"CDELT1": "NaN"}, "WCS CDELT1: expected a number, got 'NaN'"),
        ({"CRVAL2": 95.0}, "WCS CRVAL2: expected -90 to 90 degrees, got 95.0; mend it, or take"),
        ({"CRVAL2": -1e9, "CUNIT2": "arcsec"}, "WCS: expected one that can be used, got No valid"),
        ({"CDELT1": 0.0, "CDELT2": 0.0}, "WCS: expected one that can be used, got "),
        ({"PC1_1": 1.0, "PC1_2": 1.0, "PC2_1": 1.0, "PC2_2": 1.0}, "WCS: .*pixels of 0 degrees"),
        ({"CUNIT1": "Hz"}, "WCS: expected one that can be used, got .*'Hz', want 'deg'"),
        ({"CUNIT1": "banana"}, "WCS: expected one that can be used, got "),
        ({"PC1_1": 3e5, "PC2_2": 3e5}, "WCS: .* got pixels of 300000 degrees"),
        ({"CTYPE2": "FREQ"}, "WCS CTYPE: expected RA and DEC in ICRS or FK5, got RA---TAN FREQ"),
        ({"A_ORDER": 3000, "B_ORDER": 3000}, "WCS A_ORDER: expected 0 to 9, got 3000"),
        ({"A_ORDER": "x"}, "WCS A_ORDER: expected 0 to 9, got 'x'"),
        ({"WCSAXES": 30000}, "WCS WCSAXES: expected 0 to 9, got 30000"),
    ],
)
def test_a_wcs_that_cannot_be_used(tmp_path, cards, message):
    path = edited(tmp_path / "a.fits", **cards)
    for read in (read_galaxy, lambda path: read_grid(path, {}, 1.3)):
        with pytest.raises(ImageError, match=message) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_bands_of_other_units(tmp_path):
    def edit(hdus):
        hdus[2].header["CUNIT1"] = "arcsec"

    with pytest.raises(ImageError, match="band r CUNIT1: expected deg as in g, got arcsec"):
        read_galaxy(by_hand(tmp_path / "a.fits", edit=edit))


@pytest.mark.parametrize("make", [sip_wcs, tpv_wcs])
def test_a_distortion_comes_back_from_disk(tmp_path, make):
    wcs = make()
    write_galaxy(tmp_path / "g1.fits", galaxy_image(shape=(200, 200), wcs=wcs))
    found = read_galaxy(tmp_path / "g1.fits").wcs
    xy = [[0, 0], [199, 0], [12.5, 131], [199, 199]]
    sky = native_to_sky(xy, wcs)
    np.testing.assert_allclose(native_to_sky(xy, found), sky, rtol=0, atol=1e-11)
    np.testing.assert_allclose(sky_to_native(sky, found), xy, atol=1e-5)
    # It does something: without it, places would be pixels away.
    assert np.abs(found.wcs_pix2world(xy, 0) - sky).max() > 1e-5 or make is tpv_wcs
    grid = read_grid(tmp_path / "g1.fits", {}, 1.3)
    np.testing.assert_array_equal(native_to_sky(xy, grid.wcs), native_to_sky(xy, found))
    again = tmp_path / "g2.fits"
    write_galaxy(again, galaxy_image(shape=(200, 200), wcs=found))
    np.testing.assert_allclose(native_to_sky(xy, read_galaxy(again).wcs), sky, rtol=0, atol=1e-11)


def test_a_look_up_table_is_not_written_away(tmp_path):
    wcs = sip_wcs()
    values = np.zeros((5, 5), dtype=np.float32)
    wcs.cpdis1 = DistortionLookupTable(values, (1.0, 1.0), (1.0, 1.0), (50.0, 50.0))
    with pytest.raises(ImageError, match="got a look-up table; fit a SIP to it"):
        write_galaxy(tmp_path / "g1.fits", galaxy_image(shape=(200, 200), wcs=wcs))


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        (sip_wcs(), sip_wcs(strength=1.1), "A_0_2"),
        (sip_wcs(), tan_wcs((200, 200), 0.4), "CTYPE1"),
        (tpv_wcs(), tpv_wcs(x2=0.31), "PV1_4"),
    ],
)
def test_bands_of_other_distortions_are_no_one_grid(tmp_path, first, second, key):
    planes = {"g": band_image(wcs=first), "r": band_image(wcs=second)}
    cards = {band: grid_cards(plane.wcs) for band, plane in planes.items()}
    with pytest.raises(
        ImageError, match=f"band r {key}: .* resample the bands onto one pixel grid"
    ):
        same_grid({band: fits.Header(list(card.items())) for band, card in cards.items()})


def test_bands_of_other_look_up_tables_are_no_one_grid():
    first, second = fits.Header(), fits.Header()
    for header, value in ((first, 1.0), (second, 2.0)):
        header["CPDIS1"] = "LOOKUP"
        header.append(fits.Card("DP1", f"EXTVER: {value}"))
    same_grid({"g": first, "r": first.copy()})
    with pytest.raises(ImageError, match=r"band r DP1\.EXTVER"):
        same_grid({"g": first, "r": second})
