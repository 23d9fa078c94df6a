"""Survey profiles: those of the package, and a user's own."""

import re
from math import log10

import pytest
from astropy.io.fits import Header

from clumpscope.config.survey import SurveyProfile, load_survey, plain, survey_names
from clumpscope.errors import RecipeError

OWN = """\
about = "Our three nights at the 2.2 m"
files = ["{id}_WFI_{band}_{plane}", "{id}_WFI_{band}"]
band_cards = ["FILTER"]
unit = "count"
zero_point = 24.6
[bands]
g = ["g#844"]
r = ["Rc162"]
[planes]
weight = ["wgt"]
"""


def write(folder, text):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_surveys_are_there():
    named = "sdss hsc legacy panstarrs des skymapper cfis lsst euclid jwst-nircam hst-acs"
    assert set(survey_names()) == set(named.split())


@pytest.mark.parametrize("name", survey_names())
def test_a_profile_of_the_package_says_what_it_must(name):
    profile = load_survey(name)
    assert profile.headers
    assert profile.band_cards
    assert set(profile.mask_meanings) >= set(profile.mask_bits)  # none is left to chance
    assert set(profile.mask_bands) <= set(profile.mask_bits)
    assert len(set(profile.mask_bits.values())) == len(profile.mask_bits)
    assert profile.psf_fwhm_arcsec


@pytest.mark.parametrize("name", survey_names())
def test_no_name_is_that_of_two_bands(name):
    said = [(plain(one), band) for band, names in load_survey(name).bands.items() for one in names]
    assert len({one for one, _ in said}) == len(set(said))


@pytest.mark.parametrize("name", survey_names())
def test_redder_is_less_extinct_and_space_is_sharper(name):
    profile = load_survey(name)
    letters = [band for band in "uvgrizy" if band in profile.extinction]
    values = [profile.extinction[band] for band in letters]
    assert values == sorted(values, reverse=True)
    space = name in ("euclid", "jwst-nircam", "hst-acs")
    assert all((width < 0.5) == space for width in profile.psf_fwhm_arcsec.values())


@pytest.mark.parametrize(
    ("survey", "cards"),
    [
        ("sdss", {"ORIGIN": "SDSS    "}),
        ("hsc", {"FILTER": "HSC-R2"}),
        ("legacy", {"SURVEY": "LegacySurvey"}),
        ("legacy", {"LEGPIPEV": "DR10.1.3"}),
        ("panstarrs", {"HIERARCH FPA.TELESCOPE": "PS1"}),
        ("des", {"TILENAME": "DES0125-0124", "INSTRUME": "DECam"}),
        ("skymapper", {"ZPAPPROX": 28.7}),
        ("cfis", {"INSTRUME": "MegaPrime"}),
        ("lsst", {"HIERARCH LSST BUTLER DATASETTYPE": "deep_coadd"}),
        ("euclid", {"TELESCOP": "Euclid"}),
        ("jwst-nircam", {"INSTRUME": "NIRCAM"}),
        ("hst-acs", {"INSTRUME": "ACS"}),
        (None, {"INSTRUME": "WFI"}),
        (None, {}),
        (None, {"ORIGIN": "SDSS", "ZPAPPROX": 28.7}),
    ],
)
def test_a_header_is_known(survey, cards):
    found = [name for name in survey_names() if load_survey(name).is_of(Header(cards))]
    assert (found[0] if len(found) == 1 else None) == survey


def test_a_mask_of_all_bands_says_to_each_its_own():
    profile = load_survey("legacy")
    assert profile.meanings("g")["SATUR_G"] == "saturated"
    assert profile.meanings("g")["SATUR_R"] == "none"
    assert profile.meanings("r")["SATUR_R"] == "saturated"
    assert profile.meanings("r")["BRIGHT"] == profile.meanings("g")["BRIGHT"] == "star"


def test_zero_points():
    assert load_survey("hsc").zero_point_of({}) == 27.0
    assert load_survey("sdss").zero_point_of({}) is None
    panstarrs = load_survey("panstarrs")
    assert panstarrs.zero_point_of({"EXPTIME": 900.0}) == pytest.approx(25 + 2.5 * log10(900))
    assert panstarrs.zero_point_of({"EXPTIME": 900.0}, rate=True) == 25.0
    for seconds in (None, 0, -3.0, "long", "nan"):
        assert panstarrs.zero_point_of({"EXPTIME": seconds}) is None
    assert load_survey("skymapper").zero_point_of({"EXPTIME": 100.0}) is None  # each its own


def test_ten_lines_of_ones_own(tmp_path):
    profile = load_survey(str(write(tmp_path, OWN)))
    assert profile.bands == {"g": ("g#844",), "r": ("Rc162",)}
    assert (profile.unit, profile.zero_point) == ("count", 24.6)
    assert profile.planes.weight == ("wgt",)
    assert not profile.is_of({"INSTRUME": "WFI"})


def test_an_unknown_survey():
    with pytest.raises(RecipeError, match=r"survey: expected one of .*lagacy; did you mean leg"):
        load_survey("lagacy")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("about = ", "not valid TOML"),
        (OWN + "[depth_mag]\nz = 22.0\n", "depth_mag has bands that bands has not: z"),
        (OWN + "[mask_bands]\nSAT = 'z'\n", "mask_bands has bands that bands has not: z"),
        ("zeropoint = 27\n" + OWN, "zeropoint: Extra inputs"),
        (OWN + "variance = 'VAR'\n", "planes.variance"),
        ("[bands]\ng = ['g']\n", "about: Field required"),
        ("about = 'x'\n[bands]\n", "bands: Dictionary should have at least 1 item"),
        (OWN + "[mask_bits]\nSAT = 64\n", "mask_bits.SAT"),
        (OWN + "[mask_meanings]\nSAT = 'hot'\n", "mask_meanings.SAT"),
        (OWN.replace("24.6", "inf"), "zero_point"),
        (OWN.replace("Rc162", "G#844"), "'G#844' names two bands: g and r"),
        (OWN.replace("g =", "g_1 ="), "or F814W, not g_1"),
        (OWN.replace("{id}_WFI_{band}_", "WFI_"), "has neither {id} nor {band}"),
        (OWN.replace("{plane}", "{part}"), "has {part}"),
        (OWN + ".".join("a" * 200) + " = 1\n", "keys of at most 100 parts"),
        ("a = " + "[" * 5000, "not valid TOML: nested too deeply"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, problem):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError, match=re.escape(problem)) as error:
        load_survey(str(path))
    assert str(error.value).startswith(f"survey profile {path}: ")


def test_bytes_and_folders_are_refused(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="own"):
        load_survey(str(path))
    with pytest.raises(RecipeError, match="survey: expected one of"):
        load_survey(str(tmp_path))


def test_a_band_is_its_own_name():
    with pytest.raises(ValueError, match="names two bands"):
        SurveyProfile(about="mine", bands={"g": ("r",), "r": ()})
