"""What a band may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.config.band_names import alike, is_band_name
from clumpscope.core.bands import known_bands


@pytest.mark.parametrize("name", [*known_bands(), "V", "Ks", "F1500W", "a234567890123456"])
def test_bands_are_called_so(name):
    assert is_band_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "1", "2mass", "g_VAR", "hsc_g", "g.", "é", "g\n", "a2345678901234567", "g r"],
)
def test_other_text_is_no_name(name):
    assert not is_band_name(name)


# Of HST and JWST, LSST and HSC, Euclid, Legacy Surveys and DES; of columns of our tables.
OTHERS = """
SCI ERR DQ WHT CON WCSCORR D2IMARR ASDF AREA EXP IMAGE MASK VARIANCE CALIBRATION PSF RMS FLG BKG
INVVAR MASKBITS WGT MSK err arcsec px gaussian moffat published primary
"""


@pytest.mark.parametrize("name", OTHERS.split())
def test_other_planes_and_columns_are_no_bands(name):
    assert not is_band_name(name)


@given(st.lists(st.sampled_from(["y", "Y", "u", "VIS", "vis", "Vis", "r"]), unique=True))
def test_alike_are_those_that_only_case_parts(names):
    expected = [one for one in names if any(one != b and one.lower() == b.lower() for b in names)]
    assert list(alike(names)) == expected
