import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.config.survey import load_survey
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import ImageError
from clumpscope.stages.ingest.band import MEANINGS
from clumpscope.stages.ingest.mask_bits import KNOWN
from clumpscope.stages.ingest.masks import header_planes, mask_of

HSC = {
    **{"BAD": 0, "SAT": 1, "INTRP": 2, "CR": 3, "EDGE": 4, "DETECTED": 5, "DETECTED_NEGATIVE": 6},
    **{"SUSPECT": 7, "NO_DATA": 8, "BRIGHT_OBJECT": 9, "CROSSTALK": 10, "NOT_DEBLENDED": 11},
    **{"UNMASKEDNAN": 12, "REJECTED": 13, "CLIPPED": 14, "SENSOR_EDGE": 15, "INEXACT_PSF": 16},
}


def test_a_detection_is_no_defect():
    """It blanked the clump's light once."""
    plane = np.full((4, 5), 1 << HSC["DETECTED"], np.int32)
    plane[1, 2] |= 1 << HSC["SAT"]
    plane[2, 3] = (1 << HSC["CR"]) | (1 << HSC["INTRP"])
    mask, notes = mask_of(plane, HSC, {}, "a")
    assert mask.dtype == np.uint8
    assert notes == ()
    expected = np.zeros((4, 5))
    expected[1, 2], expected[2, 3] = MaskBit.SATURATED, MaskBit.COSMIC_RAY
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize(("name", "bit"), HSC.items())
def test_planes_of_rubin_and_hsc(name, bit):
    mask, notes = mask_of(np.array([[1 << bit]]), HSC, {}, "a")
    meaning = {
        **dict.fromkeys(("BAD", "NO_DATA", "UNMASKEDNAN"), MaskBit.NO_DATA),
        **dict.fromkeys(("SAT", "SUSPECT"), MaskBit.SATURATED),
        "CR": MaskBit.COSMIC_RAY,
        "BRIGHT_OBJECT": MaskBit.STAR,
    }
    assert (mask[0, 0], notes) == (meaning.get(name, 0), ())


def test_planes_of_a_header_come_through_the_disk(tmp_path):
    hdu = fits.ImageHDU(np.array([[0, 1 << 16]], np.int32))
    for name, bit in HSC.items():
        hdu.header[f"HIERARCH MP_{name}" if len(name) > 5 else f"MP_{name}"] = bit
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        assert header_planes(hdus[1].header, "a") == HSC


@pytest.mark.parametrize("value", [64, -1, 1.5, "3", True, None])
def test_a_plane_that_is_no_bit(value):
    with pytest.raises(ImageError, match="a MP_SAT: expected a bit of 0 to 63, got"):
        header_planes({"MP_SAT": value}, "a")
    with pytest.raises(ImageError, match="a mask plane SAT: expected a bit of 0 to 63, got"):
        mask_of(np.ones((2, 2), int), {"SAT": value}, {}, "a")


def of_survey(name, band="r"):
    """Planes and meanings of a profile, as they are used."""
    profile = load_survey(name)
    meanings = {plane: MEANINGS[what] for plane, what in profile.meanings(band).items()}
    return {plane.upper(): bit for plane, bit in profile.mask_bits.items()}, meanings


@pytest.mark.parametrize("name", ["des", "hst-acs", "jwst-nircam", "legacy", "panstarrs"])
def test_every_bit_of_a_profile_has_a_meaning(name):
    planes, meanings = of_survey(name)
    assert len(set(planes.values())) == len(planes)
    assert set(planes) <= {*KNOWN, *map(str.upper, meanings)}
    every = np.bitwise_or.reduce([np.uint64(1 << bit) for bit in planes.values()])
    mask, notes = mask_of(np.array([[every]]), planes, meanings, "a")
    assert notes == ()
    assert mask[0, 0]


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("jwst-nircam", 1, MaskBit.NO_DATA),
        ("jwst-nircam", 2, 0),
        ("jwst-nircam", 4, 0),
        ("jwst-nircam", 16, MaskBit.COSMIC_RAY),
        ("jwst-nircam", 512, MaskBit.NO_DATA),
        ("jwst-nircam", 2**31, MaskBit.NO_DATA),
        ("jwst-nircam", 2**18 + 1, MaskBit.NO_DATA),
        ("hst-acs", 4, MaskBit.NO_DATA),
        ("hst-acs", 64, 0),
        ("hst-acs", 256 + 2048, MaskBit.SATURATED),
        ("hst-acs", 4096, MaskBit.COSMIC_RAY),
        ("hst-acs", 8192, MaskBit.COSMIC_RAY),
        ("des", 2 + 64, MaskBit.SATURATED),
        ("des", 512, MaskBit.NO_DATA),
        ("des", 32, MaskBit.STAR),
        ("legacy", 2**12, 0),
        ("legacy", 2, MaskBit.STAR),
        ("legacy", 2**11, MaskBit.STAR),
        ("legacy", 8, MaskBit.SATURATED),
        ("legacy", 2**6, MaskBit.NO_DATA),
        ("legacy", 2**15, 0),
        ("panstarrs", 0x0008, MaskBit.NO_DATA),
        ("panstarrs", 0x0020, MaskBit.SATURATED),
        ("panstarrs", 0x0080, 0),
        ("panstarrs", 0x0100, MaskBit.COSMIC_RAY),
        ("panstarrs", 0x0200, MaskBit.STAR),
        ("panstarrs", 0x2000, MaskBit.NO_DATA),
    ],
)
def test_values_of_the_manuals(name, value, meaning):
    mask, _ = mask_of(np.array([[value]], np.int64), *of_survey(name), "a")
    assert mask[0, 0] == meaning


def test_what_the_profile_says_comes_first():
    plane = np.array([[1 << 5, 1 << 1, 1 << 20]])
    meanings = {"detected": MaskBit.STAR, "SAT": None, "MINE": MaskBit.NO_DATA}
    mask, notes = mask_of(plane, {**HSC, "mine": 20}, meanings, "a")
    assert mask.tolist() == [[MaskBit.STAR, 0, MaskBit.NO_DATA]]
    assert notes == ()


def test_unknown_bits_are_told_and_are_no_defect():
    plane = np.zeros((3, 3), np.int64)
    plane[0] = 1 << 40
    plane[1, 1] = (1 << 21) | 2
    mask, notes = mask_of(plane, {**HSC, "XYZZY": 21}, {}, "a")
    assert mask[1, 1] == MaskBit.SATURATED
    assert np.count_nonzero(mask) == 1
    assert notes == (
        "mask bit 21 (XYZZY): of no known meaning, no defect; set in 1 pixels",
        "mask bit 40 (no name): of no known meaning, no defect; set in 3 pixels",
    )


def test_without_a_dictionary_what_is_not_zero_is_no_data():
    plane = np.array([[0, 3], [-1, 0]], np.int16)
    mask, notes = mask_of(plane, {}, {}, "a")
    assert mask.tolist() == [[0, MaskBit.NO_DATA], [MaskBit.NO_DATA, 0]]
    assert "2 pixels that are not 0 are no data" in notes[0]
    assert mask_of(np.zeros((2, 2), int), {}, {}, "a")[1] == ()


@pytest.mark.parametrize("dtype", ["i1", "u1", ">i2", "<u2", ">i4", "u4", ">i8", "<i8", ">u8"])
def test_the_highest_bit_of_any_width(dtype):
    bits = 8 * np.dtype(dtype).itemsize
    plane = np.zeros((2, 3), f"u{bits // 8}")
    plane[1, 2] = 1 << (bits - 1)
    mask, notes = mask_of(plane.view(f"{dtype[-2:]}").astype(dtype), {"SAT": bits - 1}, {}, "a")
    assert mask.tolist() == [[0, 0, 0], [0, 0, MaskBit.SATURATED]]
    assert notes == ()


def test_unsigned_masks_of_the_archive(tmp_path):
    """FITS has signed numbers alone: unsigned ones are shifted by BZERO."""
    plane = np.array([[0, 1, 2**31]], np.uint32)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(plane)]).writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        found, _ = mask_of(hdus[1].data, of_survey("jwst-nircam")[0], {}, "a")
    assert found.tolist() == [[0, MaskBit.NO_DATA, MaskBit.NO_DATA]]


def test_logical_and_whole_float_masks():
    mask, _ = mask_of(np.array([[True, False]]), {"BAD": 0}, {}, "a")
    assert mask.tolist() == [[MaskBit.NO_DATA, 0]]
    mask, _ = mask_of(np.array([[2.0, 32.0]], ">f4"), HSC, {}, "a")
    assert mask.tolist() == [[MaskBit.SATURATED, 0]]


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        ([[0.5, 1.0]], "a mask: expected whole numbers, got 1 others, such as 0.5"),
        ([[np.nan, 1.0]], "a mask: expected whole numbers, got 1 others, such as nan"),
        ([[1e30, 1.0]], "a mask: expected whole numbers, got 1 others, such as 1e"),
        ([[-2.0, 1.0]], "a mask: expected bits, got -2"),
        ([[1 + 2j]], "a mask: expected whole numbers, got complex128"),
        ([["x"]], "a mask: expected whole numbers, got"),
    ],
)
def test_no_mask(plane, message):
    with pytest.raises(ImageError, match=message):
        mask_of(np.array(plane), HSC, {}, "a")


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_each_pixel_is_what_its_planes_mean(values):
    mask, _ = mask_of(np.array([values], np.uint64), HSC, {}, "a")
    for value, found in zip(values, mask[0], strict=True):
        expected = 0
        for name, bit in HSC.items():
            if value >> bit & 1 and KNOWN[name] is not None:
                expected |= KNOWN[name]
        assert found == expected
