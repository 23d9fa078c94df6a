import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import band_image, galaxy_image, tan_wcs
from clumpscope.core.galaxy import ColourImage, GalaxyImage, MaskBit, check_galaxy_id
from clumpscope.errors import ImageError, TableError


@given(st.from_regex(r"[A-Za-z0-9_+\-][A-Za-z0-9._+\-]{0,63}", fullmatch=True))
def test_safe_ids_pass(galaxy_id):
    assert check_galaxy_id(galaxy_id) == galaxy_id


@pytest.mark.parametrize(
    "galaxy_id",
    ["", ".hidden", "..", "a/b", "a\\b", "a b", "a\n", "é", "a:b", "x" * 65, "nul\0", "~"],
)
def test_unsafe_ids_do_not(galaxy_id):
    with pytest.raises(TableError, match="galaxy_id: expected 1 to 64 characters") as caught:
        check_galaxy_id(galaxy_id)
    assert repr(galaxy_id) in str(caught.value)
    with pytest.raises(TableError):
        GalaxyImage(galaxy_id, {"r": band_image()})
    with pytest.raises(TableError):
        ColourImage(galaxy_id, np.zeros((4, 4, 3), np.float32), 0.396, 1.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.zeros((0, 4), np.float32)}, "data: expected a non-empty 2-D array"),
        ({"data": np.zeros((2, 3, 4), np.float32)}, "data: expected a non-empty 2-D array"),
        ({"variance": np.zeros((3, 3), np.float32)}, r"variance: expected shape \(40, 40\)"),
        ({"mask": np.zeros((40, 39), np.uint8)}, r"mask: expected shape .* got \(40, 39\)"),
        ({"psf_fwhm_arcsec": 0.0}, "psf_fwhm_arcsec: expected a positive width, got 0.0"),
        ({"psf_fwhm_arcsec": -1.0}, "psf_fwhm_arcsec"),
        ({"psf_fwhm_arcsec": float("nan")}, "psf_fwhm_arcsec.*got nan"),
        ({"psf": np.full((4, 4), 1 / 16, np.float32)}, "psf: expected a square .* odd side"),
        ({"psf": np.full((3, 5), 1 / 15, np.float32)}, "psf: expected a square"),
        ({"psf": np.zeros((3, 3), np.float32)}, "psf: expected an image of sum 1, got 0"),
        ({"psf": np.full((3, 3), np.nan, np.float32)}, "psf: expected an image of sum 1"),
    ],
)
def test_a_bad_band_says_what_is_wrong(changes, message):
    with pytest.raises(ImageError, match=message):
        band_image(**changes)


def test_good_pixels_have_no_mask_bit():
    mask = np.zeros((40, 40), np.uint8)
    mask[3, 4] = MaskBit.SATURATED | MaskBit.COSMIC_RAY
    good = band_image(mask=mask).good
    assert not good[3, 4]
    assert good.sum() == 1599


def test_bands_share_one_grid():
    with pytest.raises(ImageError, match=r"g1: expected bands on one pixel .*\(5, 6\).*; resample"):
        GalaxyImage("g1", {"u": band_image(), "r": band_image((5, 6))})
    with pytest.raises(ImageError, match="at least one band"):
        GalaxyImage("g1", {})


def test_a_missing_band_names_those_that_are_there():
    with pytest.raises(ImageError, match="g1: expected band z, got bands u, g"):
        galaxy_image(bands="ug")["z"]


def test_a_galaxy_cannot_be_changed():
    bands = {"u": band_image()}
    galaxy = GalaxyImage("g1", bands)
    bands["r"] = band_image((3, 3))
    assert list(galaxy.bands) == ["u"]
    with pytest.raises(TypeError):
        galaxy.bands["r"] = bands["r"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        galaxy.ra = 1.0


@given(st.floats(0.1, 2), st.floats(0, 360), st.booleans())
def test_pixel_scale(pixscale, rotation, flip):
    wcs = tan_wcs(pixscale_arcsec=pixscale, rotation_deg=rotation, flip=flip)
    galaxy = GalaxyImage("g1", {"r": band_image(wcs=wcs)})
    assert galaxy.pixscale_arcsec == pytest.approx(pixscale, rel=1e-9)
    assert galaxy.shape == (40, 40)


def test_no_wcs_no_pixel_scale():
    galaxy = galaxy_image(wcs=None)
    assert galaxy.wcs is None
    with pytest.raises(ImageError, match="g1: expected a WCS, got none; write CTYPE1"):
        _ = galaxy.pixscale_arcsec


@pytest.mark.parametrize(
    ("shape", "pixscale", "fwhm", "message"),
    [
        ((4, 4), 0.4, 1.3, "picture"),
        ((4, 4, 4), 0.4, 1.3, "picture"),
        ((0, 4, 3), 0.4, 1.3, "picture"),
        ((4, 4, 3), 0.0, 1.3, "pixscale_arcsec: expected a positive number, got 0.0"),
        ((4, 4, 3), 0.4, float("nan"), "psf_fwhm_arcsec"),
    ],
)
def test_a_bad_picture_says_what_is_wrong(shape, pixscale, fwhm, message):
    with pytest.raises(ImageError, match=message):
        ColourImage("g1", np.zeros(shape, np.float32), pixscale, fwhm)
