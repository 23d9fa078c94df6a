import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core import bands
from clumpscope.core.bands import (
    BANDS,
    SDSS_BANDS,
    BandInfo,
    as_text,
    band_info,
    bands_of,
    by_rank,
    colours,
    from_text,
    in_order,
    known_bands,
    measurable,
    reference_of,
)

SOME = [*"ugrizyBVK", "VIS", "YE", "F814W", "F444W", "narrow"]
NAMES = st.lists(st.sampled_from(SOME), min_size=1, unique=True)


def test_each_band_has_one_row_and_rank_bluest_first():
    assert len(set(known_bands())) == len({band.rank for band in BANDS}) == len(BANDS)
    assert [b.wavelength_nm for b in BANDS] == sorted(b.wavelength_nm for b in BANDS)
    assert set(SDSS_BANDS) <= set(known_bands())


def test_dust_takes_less_of_redder_light():
    extinctions = [band.extinction for band in BANDS]
    assert extinctions == sorted(extinctions, reverse=True)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("ugriz", [("u", "g"), ("g", "r"), ("r", "i"), ("i", "z")]),
        ("yzirg", [("g", "r"), ("r", "i"), ("i", "z"), ("z", "y")]),
        ("gi", [("g", "i")]),
        ("gVr", [("g", "r")]),
        ("r", []),
        ("V", []),
        (["HE", "VIS", "JE", "YE"], [("VIS", "YE"), ("YE", "JE"), ("JE", "HE")]),
        (["g", "VIS", "F814W", "i"], [("g", "VIS"), ("VIS", "i"), ("i", "F814W")]),
    ],
)
def test_colours_are_of_neighbours_that_are_there(letters, expected):
    assert list(colours(letters)) == expected


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("ugriz", "r"),
        ("zgi", "i"),
        ("yug", "g"),
        ("yu", "y"),
        ("VuB", "u"),
        ("VB", "B"),
        (["F814W", "F606W"], "F606W"),
        (["HE", "JE", "YE", "VIS"], "VIS"),
        (["F444W", "F150W", "F200W"], "F150W"),
    ],
)
def test_the_reference_is_r_or_what_comes_near(letters, expected):
    assert reference_of(letters) == expected


@given(NAMES)
def test_order_is_that_of_the_table_with_strangers_last(letters):
    ordered = in_order([*letters, *letters])
    assert sorted(ordered) == sorted(letters)
    known = [band for band in ordered if band in known_bands()]
    assert known == [band for band in known_bands() if band in letters]
    assert list(ordered[len(known) :]) == [band for band in letters if band not in known_bands()]


def test_bands_of_columns():
    columns = ["petro_flux_err_u", "petro_flux_r", "petro_flux_y", "petro_flux", "xpetro_flux_g"]
    assert bands_of(columns, "petro_flux") == ("r", "y")
    assert bands_of(columns, "petro_flux_err") == ("u",)
    assert bands_of([], "petro_flux") == ()
    named = ["psf_fwhm_VIS", "psf_fwhm_arcsec", "psf_fwhm_F814W", "psf_fwhm_px", "psf_fwhm_h_a"]
    assert bands_of(named, "psf_fwhm") == ("VIS", "F814W")
    apertures = ["aperture_correction_YE", "aperture_correction_gaussian"]
    assert bands_of(apertures, "aperture_correction") == ("YE",)


def test_no_two_bands_are_one_where_case_does_not_count():
    assert len({name.lower() for name in known_bands()}) == len(BANDS)


@pytest.mark.parametrize(
    ("bands", "text"),
    [
        ("ugriz", "ugriz"),
        ("r", "r"),
        (["VIS"], "VIS,"),
        (["g", "VIS"], "g,VIS"),
        (["F606W", "F814W", "z"], "F606W,F814W,z"),
    ],
)
def test_bands_in_metadata(bands, text):
    assert as_text(bands) == text


@given(NAMES)
def test_bands_survive_metadata(bands):
    assert list(from_text(as_text(bands))) == bands


@pytest.mark.parametrize("text", ["", ",", "g,,r", "gg", "g,g", "gG", "g1", "vis,VIS", None, 3])
def test_other_metadata_are_refused(text):
    with pytest.raises(ValueError, match="no (text|names of bands)"):
        from_text(text)


def test_what_is_measured_is_what_is_wanted_and_there():
    assert measurable(("u", "r", "VIS"), ["VIS", "r", "g"]) == ("r", "VIS")
    assert measurable(None, ["VIS", "narrow", "g"]) == ("g", "VIS", "narrow")
    assert measurable(("u",), "gr") == ()


def test_ranks_of_letters_are_as_ever():
    assert by_rank("uyzgir") == tuple("rizgyu")


def test_extinction_beyond_the_table_goes_on_where_the_table_ends():
    """A power law in the infrared, of an index between those of Cardelli and of newer work."""
    names = ["y", "YE", "F115W", "JE", "F150W", "HE", "F200W"]
    waves, values = (
        np.log([getattr(band_info(name), key) for name in names])
        for key in ("wavelength_nm", "extinction")
    )
    slopes = -np.diff(values) / np.diff(waves)
    assert np.all((slopes > 1.2) & (slopes < 2.0))


def test_a_new_row_is_all_a_band_needs(monkeypatch):
    new = BandInfo("w", 690.0, "em.opt.R", 2.0, 9)
    monkeypatch.setattr(bands, "BANDS", (*BANDS, new))
    assert band_info("w") == new
    assert in_order("wiur") == ("u", "r", "w", "i")
    assert colours("riw") == (("r", "w"), ("w", "i"))
    assert colours("ri") == (("r", "i"),)
    assert reference_of("wV") == "w"
