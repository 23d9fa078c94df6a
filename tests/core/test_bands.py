import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core import bands
from clumpscope.core.bands import (
    BANDS,
    SDSS_BANDS,
    BandInfo,
    band_info,
    bands_of,
    colours,
    in_order,
    known_bands,
    reference_of,
)

LETTERS = st.lists(st.sampled_from("ugrizyBVK"), min_size=1, unique=True)


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
    ],
)
def test_colours_are_of_neighbours_that_are_there(letters, expected):
    assert list(colours(letters)) == expected


@pytest.mark.parametrize(
    ("letters", "expected"),
    [("ugriz", "r"), ("zgi", "i"), ("yug", "g"), ("yu", "y"), ("VuB", "u"), ("VB", "B")],
)
def test_the_reference_is_r_or_what_comes_near(letters, expected):
    assert reference_of(letters) == expected


@given(LETTERS)
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


def test_a_new_row_is_all_a_band_needs(monkeypatch):
    new = BandInfo("w", 690.0, "em.opt.R", 2.0, 9)
    monkeypatch.setattr(bands, "BANDS", (*BANDS, new))
    assert band_info("w") == new
    assert in_order("wiur") == ("u", "r", "w", "i")
    assert colours("riw") == (("r", "w"), ("w", "i"))
    assert colours("ri") == (("r", "i"),)
    assert reference_of("wV") == "w"
