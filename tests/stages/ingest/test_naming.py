"""File names of archives and of people, read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.config.survey import Planes, SurveyProfile, load_survey
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.stages.ingest.naming import (
    PLANES,
    Named,
    band_of,
    common_bands,
    matched,
    taken_apart,
)

# Archive names: survey, file, id, band, plane.
ARCHIVES = [
    ("sdss", "frame-r-003918-3-0213.fits.bz2", "003918-3-0213", "r", None),
    ("sdss", "psField-003918-3-0213.fit", "003918-3-0213", None, "other"),
    ("hsc", "2-cutout-HSC-I-9469-s21a_wide.fits", "2", "i", None),
    ("hsc", "cutout-HSC-G-9325-pdr2_wide-201204-201802.fits", "", "g", None),
    ("hsc", "calexp-HSC-R2-9813-4,4.fits", "9813-4_4", "r", None),
    ("hsc", "2-psf-calexp-pdr3_wide-HSC-G-9813-4,4-150.1-2.2.fits", "2", "g", "psf"),
    ("legacy", "legacysurvey-1126p222-image-g.fits.fz", "1126p222", "g", "image"),
    ("legacy", "legacysurvey-1126p222-invvar-z.fits.fz", "1126p222", "z", "inverse_variance"),
    ("legacy", "legacysurvey-1126p222-maskbits.fits.fz", "1126p222", None, "mask"),
    ("legacy", "legacysurvey-1126p222-psfsize-r.fits.fz", "1126p222", "r", "other"),
    ("legacy", "cutout_150.1000_-2.2000.fits", "150.1000_-2.2000", None, None),
    (
        "panstarrs",
        "rings.v3.skycell.1234.012.stk.r.unconv.mask.fits",
        "skycell.1234.012",
        "r",
        "mask",
    ),
    (
        "panstarrs",
        "rings.v3.skycell.1234.012.stk.y.unconv.wt.fits",
        "skycell.1234.012",
        "y",
        "variance",
    ),
    (
        "panstarrs",
        "cutout_rings.v3.skycell.1072.047.stk.g.unconv.fits",
        "skycell.1072.047",
        "g",
        None,
    ),
    ("des", "DES0125-0124_r4920p01_r.fits.fz", "DES0125-0124", "r", None),
    ("des", "DES2159-5748_r4575p01_Y_nobkg.fits.fz", "DES2159-5748", "y", None),
    ("cfis", "CFIS.205.267.r.weight.fits.fz", "205.267", "r", "weight"),
    ("cfis", "CFIS.316.246.u.fits", "316.246", "u", None),
    ("lsst", "deep_coadd_9813_15_i.fits", "9813_15", "i", None),
    (
        "euclid",
        "EUC_MER_BGSUB-MOSAIC-NIR-Y_TILE102163762-7F3874_20240516T064835.674261Z_00.00.fits",
        "TILE102163762",
        "YE",
        None,
    ),
    (
        "euclid",
        "EUC_MER_MOSAIC-VIS-RMS_TILE102070858-BB87CE_20241104T161703.183124Z_00.00.fits",
        "TILE102070858",
        "VIS",
        "error",
    ),
    (
        "euclid",
        "EUC_MER_GRID-PSF-VIS_TILE102070858-7333BC_20241104T161703.183167Z_00.00.fits",
        "TILE102070858",
        "VIS",
        "psf",
    ),
    (
        "jwst-nircam",
        "jw02736-o001_t001_nircam_clear-f200w_i2d.fits",
        "jw02736-o001_t001",
        "F200W",
        None,
    ),
    (
        "jwst-nircam",
        "jw02731-o001_t017_nircam_f444w-f470n_i2d.fits",
        "jw02731-o001_t017",
        "F470N",
        None,
    ),
    (
        "jwst-nircam",
        "hlsp_ceers_jwst_nircam_nircam1_f115w_dr0.5_i2d.fits.gz",
        "nircam1",
        "F115W",
        None,
    ),
    (
        "jwst-nircam",
        "gds-grizli-v7.2-f444w-clear_drc_wht.fits.gz",
        "gds",
        "F444W",
        "weight",
    ),
    (
        "hst-acs",
        "hlsp_candels_hst_acs_gs-tot_f814w_v1.0_drz.fits",
        "gs-tot",
        "F814W",
        "image",
    ),
    ("hst-acs", "acs_I_030mas_029_wht.fits", "029", "F814W", "weight"),
]

# People's names: file, id, band, plane.
PEOPLE = [
    ("NGC1234_g.fits", "NGC1234", "g", None),
    ("NGC_1234-r.fits.gz", "NGC_1234", "r", None),
    ("NGC 1234 g.fit", "NGC_1234", "g", None),
    ("stack_g_NGC1234.fits", "NGC1234", "g", None),
    ("g_NGC1234.fts", "NGC1234", "g", None),
    ("g.fits", "", "g", None),
    ("image_g.fits", "", "g", "image"),
    ("NGC1234_g_var.fits", "NGC1234", "g", "variance"),
    ("NGC1234_var_g.fits", "NGC1234", "g", "variance"),
    ("NGC1234_g_ivar.fits.fz", "NGC1234", "g", "inverse_variance"),
    ("NGC1234.g.invvar.fits", "NGC1234", "g", "inverse_variance"),
    ("NGC1234_g_inv_var.fits", "NGC1234", "g", "inverse_variance"),
    ("rms-NGC1234-i.fits", "NGC1234", "i", "error"),
    ("NGC1234_i_err.fits", "NGC1234", "i", "error"),
    ("NGC1234_i_sigma.fits", "NGC1234", "i", "error"),
    ("NGC1234_i.weight.fits", "NGC1234", "i", "weight"),
    ("NGC1234_F814W_wht.fits", "NGC1234", "F814W", "weight"),
    ("f606w_NGC1234_drz_sci.fits", "NGC1234", "F606W", "image"),
    ("NGC1234_F275W_drc.fits", "NGC1234", "F275W", None),
    ("NGC1234_r_mask.fits", "NGC1234", "r", "mask"),
    ("NGC1234_flags.fits", "NGC1234", None, "mask"),
    ("NGC1234_r_dq.fits", "NGC1234", "r", "mask"),
    ("psf_r_NGC1234.fits", "NGC1234", "r", "psf"),
    ("NGC1234_r.psf", "NGC1234", "r", "psf"),
    ("NGC1234_seg.fits", "NGC1234", None, "other"),
    ("NGC1234.fits", "NGC1234", None, None),
    ("J1518-g.fits", "J1518", "g", None),
    ("J1518+4244_g.fits", "J1518+4244", "g", None),
    ("SDSS_J151806.14+424445.0_z.fits", "SDSS_J151806.14+424445.0", "z", None),
    ("J1518+42.5_r.fits", "J1518+42.5", "r", None),
    ("hsc_ra150.24071_dec2.06514.fits", "hsc_ra150.24071_dec2.06514", None, None),
    ("psf_hsc_ra150.24071_dec2.06514.fits", "hsc_ra150.24071_dec2.06514", None, "psf"),
    ("ra150.24071_dec-2.06_g.fits", "ra150.24071_dec-2.06", "g", None),
    ("g_ra150.24071_dec-2.06.fits", "ra150.24071_dec-2.06", "g", None),
    ("hsc_g_150.24071_-2.06.fits", "150.24071_-2.06", "g", None),
    ("UGC-A_281_u.fits", "UGC-A_281", "u", None),
    ("Mrk_266 (r).fits", "Mrk_266", "r", None),
    ("I_Zw_18.fits", "I_Zw_18", None, None),
    ("I Zw 18_g.fits", "I_Zw_18", "g", None),
    ("IIZw40-sdss_i.fits", "IIZw40", "i", None),
    ("COSMOS-Web_F115W.fits", "COSMOS-Web", "F115W", None),
    ("cosmos_acs_12345_f814w_cutout.fits", "cosmos_acs_12345", "F814W", None),
    ("id12345_VIS.fits", "id12345", "VIS", None),
    ("id12345_NIR-Y.fits", "id12345", "YE", None),
    ("id12345_NIR-H_rms.fits", "id12345", "HE", "error"),
    ("12345_decam_z.fits", "12345", "z", None),
    ("cutout-0001-lsst_y.fits", "0001", "y", None),
    ("obj.17.i.fits", "obj.17", "i", None),
    ("target_7_G.fits", "target_7", "g", None),
    ("587729159520452673_r.fits.bz2", "587729159520452673", "r", None),
    ("galaxy#3_r.fits", "galaxy_3", "r", None),
    ("M51_i_coadd_image.fits", "M51", "i", "image"),
    ("calexp-g-clumpy01.fits", "clumpy01", "g", None),
    ("A2744_F444W_i2d.fits", "A2744", "F444W", None),
    ("A2744_f405n-f444w_i2d.fits", "A2744", "F405N", None),
    ("tadpole_u_megacam.fits", "tadpole", "u", None),
    ("Weighted_galaxies_r.fits", "Weighted_galaxies", "r", None),
    ("haystack-g.fits", "haystack", "g", None),
    ("NGC1234_g_exp.fits", "NGC1234", "g", "other"),
    (".hidden_g.fits", "hidden", "g", None),
]


@pytest.mark.parametrize(("survey", "name", *Named.__match_args__[:3]), ARCHIVES)
def test_archives_names(survey, name, id, band, plane):  # noqa: A002
    profile = load_survey(survey)
    assert matched(name, profile.files, profile) == Named(id, band, plane)


@pytest.mark.parametrize(("name", *Named.__match_args__[:3]), PEOPLE)
def test_peoples_names(name, id, band, plane):  # noqa: A002
    assert taken_apart(name, common_bands()) == Named(id, band, plane)


def test_a_name_that_fits_no_pattern():
    profile = load_survey("panstarrs")
    assert matched("NGC1234_g.fits", profile.files, profile) is None
    # w is a band of the telescope, not of the survey
    assert matched("rings.v3.skycell.1.2.stk.w.unconv.fits", profile.files, profile) is None


def test_a_pattern_is_the_whole_name_and_its_points_are_points():
    profile = SurveyProfile(about="mine", bands={"g": ("gp",)})
    assert matched("a.gp.fits", ("{id}.{band}",), profile) == Named("a", "g", None)
    assert matched("a_gp.fits", ("{id}.{band}",), profile) is None
    assert matched("a.gp.b.fits", ("{id}.{band}",), profile) is None
    assert matched("A.GP.FITS.GZ", ("{id}.{band}",), profile) == Named("A", "g", None)
    assert matched("a/a.gp.err.fits", ("{id}/{id}.{band}.{plane}",), profile) == Named(
        "a", "g", "error"
    )
    assert matched("a/b.gp.err.fits", ("{id}/{id}.{band}.{plane}",), profile) is None


def test_of_two_bands_the_telling_one_and_then_the_last_is_taken():
    bands = common_bands()
    assert taken_apart("NGC_r_1.fits", bands) == Named("NGC_1", "r", None)
    last = taken_apart("NGC_r_1_g.fits", bands)
    assert (last.id, last.band) == ("NGC_r_1", "g")
    telling = taken_apart("NGC_F814W_z_1.fits", bands)
    assert (telling.id, telling.band) == ("NGC_z_1", "F814W")


def test_a_profiles_planes_come_before_the_usual_ones():
    name = "NGC1_g_wt.fits"
    assert taken_apart(name, {"g": ()}).plane == "weight"
    assert taken_apart(name, {"g": ()}, Planes(variance=("WT",))).plane == "variance"


@pytest.mark.parametrize(
    ("survey", "value", "band"),
    [
        ("des", "g DECam SDSS c0001 4720.0 1520.0", "g"),
        ("des", "Y DECam c0005 10095.0 1130.0", "y"),
        ("hsc", "HSC-R2", "r"),
        ("cfis", "r.MP9602", "r"),
        ("cfis", "i_MegaCam", "i"),
        ("hst-acs", "CLEAR1L; F814W", "F814W"),
        ("hst-acs", "F606W,CLEAR2L", "F606W"),
        ("hst-acs", "CLEAR1L", None),
        ("sdss", "SDSS r", "r"),
        ("sdss", "r ", "r"),
        ("sdss", "ri", None),
        ("sdss", "g and r", None),
        ("sdss", "Bessell R", None),
        ("sdss", "R Johnson-Cousins", None),
        ("sdss", "", None),
        ("panstarrs", "r.00000", "r"),
        ("lsst", "i_06", "i"),
        ("jwst-nircam", "CLEAR", None),
        ("jwst-nircam", "F150W2", "F150W2"),
        ("jwst-nircam", "F444W-F405N", "F405N"),
        ("jwst-nircam", "F405N; F200W", None),
        ("euclid", "NIR_Y", "YE"),
        ("euclid", "VIS", "VIS"),
    ],
)
def test_band_of_a_card(survey, value, band):
    assert band_of(value, load_survey(survey).bands) == band


@pytest.mark.parametrize(
    ("cards", "band"),
    [
        ({"PUPIL": "CLEAR", "FILTER": "F200W"}, "F200W"),
        ({"PUPIL": "F405N", "FILTER": "F444W"}, "F405N"),
        ({"PUPIL": "F162M", "FILTER": "F150W2"}, "F162M"),
    ],
)
def test_the_order_of_cards_finds_the_filter_that_counts(cards, band):
    profile = load_survey("jwst-nircam")
    said = (band_of(cards[card], profile.bands) for card in profile.band_cards)
    assert next(one for one in said if one) == band


SAID = {kind: names for kind, names in PLANES.model_dump().items() if kind != "image"}


@given(
    galaxy_id=st.from_regex(r"[A-Z]{2,5}[0-9]{1,6}([+-][0-9]{2}(\.[0-9]{1,2})?)?", fullmatch=True),
    band=st.sampled_from(sorted(common_bands())),
    plane=st.sampled_from([(None, ""), *((k, n) for k, some in SAID.items() for n in some)]),
    order=st.permutations(range(3)),
    sep=st.sampled_from("_-"),
    suffix=st.sampled_from([".fits", ".fit", ".fits.gz", ".fits.fz", ".FITS"]),
    generic=st.sampled_from(["", "stack_", "cutout-"]),
)
def test_a_name_composed_is_read_back(galaxy_id, band, plane, order, sep, suffix, generic):
    parts = [galaxy_id, band, plane[1]]
    name = generic + sep.join(parts[place] for place in order if parts[place]) + suffix
    assert taken_apart(name, common_bands()) == Named(galaxy_id, band, plane[0])


@given(name=st.text(min_size=1, max_size=40))
def test_any_name_gives_a_safe_id(name):
    said = taken_apart(name, common_bands())
    if said.id:
        check_galaxy_id(said.id)
    profile = load_survey("hsc")
    matched(name, profile.files, profile)
