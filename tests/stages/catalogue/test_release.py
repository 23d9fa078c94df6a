import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from scipy.stats import norm

from clumpscope.config.run import CatalogueConfig
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.quality import quality
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError, TableError
from clumpscope.ops.extinction import MAP_FILES
from clumpscope.stages.catalogue import catalogue

BANDS = "ugriz"
R_BAND = dict(zip(BANDS, (4.239, 3.303, 2.285, 1.698, 1.263), strict=True))
CONFIG = CatalogueConfig()


def photometry(flux=1.0, flux_err=0.1, ids=("a",), clump_ids=None, **columns):
    """One clump an id, of one flux in all bands unless ``flux_b`` says otherwise."""
    n = len(ids)
    table = {"galaxy_id": list(ids), "clump_id": clump_ids or list(range(1, n + 1))}
    for band in BANDS:
        table[f"clump_flux_{band}"] = np.broadcast_to(np.asarray(flux, dtype=float), n)
        table[f"clump_flux_err_{band}"] = np.full(n, flux_err)
    return clump_table("photometry", table | columns)


def hosts(ids=("a",), **columns):
    table = {"galaxy_id": list(ids), "ebv": np.full(len(ids), 0.1)}
    for band in BANDS:
        table[f"petro_flux_{band}"] = np.full(len(ids), 20.0)
        table[f"petro_flux_err_{band}"] = np.full(len(ids), 1.0)
    return record_table(HOSTS, table | columns)


def value(table, name):
    return plain(table, name)[0]


def test_fluxes_magnitudes_extinction_and_colours():
    table = catalogue(photometry(clump_flux_u=[0.5], clump_flux_g=[2.0]), hosts(), CONFIG)
    assert table.meta["level"] == "release"
    assert value(table, "clump_flux_u") == pytest.approx(0.5 * 3.631e-6)
    assert value(table, "clump_flux_err_u") == pytest.approx(0.1 * 3.631e-6)
    assert table["clump_flux_u"].unit == u.Jy
    for band, flux in zip(BANDS, (0.5, 2, 1, 1, 1), strict=True):
        mag = 8.90 - 2.5 * np.log10(flux * 3.631e-6)
        assert value(table, f"clump_mag_{band}") == pytest.approx(mag)
        assert value(table, f"clump_ext_mag_{band}") == pytest.approx(0.1 * R_BAND[band])
        corrected = mag - 0.1 * R_BAND[band]
        assert value(table, f"clump_mag_corr_{band}") == pytest.approx(corrected)
        host_mag = 8.90 - 2.5 * np.log10(20 * 3.631e-6)
        assert value(table, f"galaxy_mag_corr_{band}") == pytest.approx(
            host_mag - 0.1 * R_BAND[band]
        )
    assert value(table, "clump_mag_corr_u_g") == pytest.approx(
        2.5 * np.log10(4) - 0.1 * (4.239 - 3.303)
    )
    assert value(table, "clump_mag_corr_i_z") == pytest.approx(-0.1 * (1.698 - 1.263))
    assert value(table, "galaxy_flux_r") == pytest.approx(20 * 3.631e-6)
    assert value(table, "galaxy_mag_err_r") == pytest.approx(2.5 / np.log(10) / 20)
    assert value(table, "flags") == 0


@pytest.mark.parametrize("flux", [0.0, -0.3])
def test_no_flux_no_magnitude_but_a_limit(flux):
    table = catalogue(photometry(clump_flux_r=[flux]), hosts(), CONFIG)
    assert np.isnan(value(table, "clump_mag_r"))
    assert np.isnan(value(table, "clump_mag_corr_r"))
    assert np.isnan(value(table, "clump_mag_corr_g_r"))
    assert value(table, "clump_mag_limit_r") == pytest.approx(22.5 - 2.5 * np.log10(0.2), abs=1e-3)
    assert value(table, "clump_flux_r") == pytest.approx(flux * 3.631e-6)


def test_the_limit_of_a_faint_clump_lies_two_sigma_above_it():
    table = catalogue(photometry(flux=0.1), hosts(), CONFIG)
    assert value(table, "clump_mag_limit_r") == pytest.approx(22.5 - 2.5 * np.log10(0.3), abs=1e-3)


@pytest.mark.parametrize(
    ("flux", "three", "eight"),
    [(0.59, False, False), (0.61, True, False), (1.59, True, False), (1.61, True, True)],
)
def test_clumps_of_three_and_eight_percent(flux, three, eight):
    table = catalogue(photometry(clump_flux_u=[flux]), hosts(), CONFIG)
    assert value(table, "clump_flux_ratio") == pytest.approx(flux / 20)
    assert (value(table, "is_clump_3pct"), value(table, "is_clump_8pct")) == (three, eight)


def test_ratio_is_of_the_u_band_only():
    table = catalogue(
        photometry(clump_flux_u=[1.0], clump_flux_r=[9.0]), hosts(petro_flux_r=[5.0]), CONFIG
    )
    assert value(table, "clump_flux_ratio") == pytest.approx(1 / 20)


@pytest.mark.parametrize("host_flux", [np.nan, 0.0, -4.0])
def test_without_a_host_flux_there_is_no_ratio(host_flux):
    table = catalogue(photometry(), hosts(petro_flux_u=[host_flux]), CONFIG)
    assert np.isnan(value(table, "clump_flux_ratio"))
    assert not value(table, "is_clump_3pct")
    assert value(table, "flags") == ClumpFlag.NO_HOST_FLUX


def test_without_ebv_nothing_is_corrected():
    table = catalogue(photometry(), hosts(ebv=[np.nan]), CONFIG)
    assert np.isnan(value(table, "clump_mag_corr_r"))
    assert np.isfinite(value(table, "clump_mag_r"))
    assert value(table, "flags") == ClumpFlag.NO_EXTINCTION


@pytest.mark.parametrize(("flux", "low"), [(0.29, True), (0.31, False), (-1.0, True)])
def test_a_faint_clump_in_u_is_flagged(flux, low):
    table = catalogue(photometry(clump_flux_u=[flux]), hosts(), CONFIG)
    assert bool(value(table, "flags") & ClumpFlag.LOW_SNR) == low


def test_flags_of_earlier_stages_stay():
    table = catalogue(photometry(flags=[int(ClumpFlag.MERGED)]), hosts(ebv=[np.nan]), CONFIG)
    assert value(table, "flags") == ClumpFlag.MERGED | ClumpFlag.NO_EXTINCTION


def test_rows_are_sorted_and_find_their_hosts():
    table = catalogue(
        photometry(ids=("b", "a", "b", "a"), clump_ids=[2, 2, 1, 1], flux=[1, 2, 3, 4]),
        hosts(ids=("c", "b", "a"), redshift=[0.3, 0.2, 0.1], specobjid=[2**60 + 1, 2**60 + 2, 7]),
        CONFIG,
    )
    assert list(table["galaxy_id"]) == ["a", "a", "b", "b"]
    assert list(table["clump_id"]) == [1, 2, 1, 2]
    assert plain(table, "clump_flux_r").tolist() == pytest.approx(
        [f * 3.631e-6 for f in (4, 2, 3, 1)]
    )
    assert plain(table, "galaxy_z").tolist() == [0.1, 0.1, 0.2, 0.2]
    # Ids of 64 bits pass unrounded.
    assert plain(table, "specobjid").tolist() == [7, 7, 2**60 + 2, 2**60 + 2]


def test_host_columns_are_carried_and_none_is_made_up():
    given = hosts(
        ra=[12.0], dec=[-3.0], axis_ratio=[0.4], log_mass=[10.1], log_ssfr=[-9.8],
        petro_r50_arcsec=[3.0],
    )  # fmt: skip
    table = catalogue(photometry(), given, CONFIG)
    names = ("galaxy_ra", "galaxy_dec", "galaxy_expAB_r", "galaxy_lmass", "galaxy_lssfr")
    assert [value(table, name) for name in names] == [12.0, -3.0, 0.4, 10.1, -9.8]
    for name in ("galaxy_expRad_r", "p_real", "completeness", "completeness_err"):
        assert np.isnan(value(table, name))


def test_errors_of_colours_are_those_of_both_bands():
    table = catalogue(photometry(clump_flux_g=[2.0]), hosts(), CONFIG)
    mag_err = 2.5 / np.log(10) * np.array([0.1, 0.05])
    assert value(table, "clump_mag_err_u") == pytest.approx(mag_err[0])
    assert value(table, "clump_mag_corr_err_u_g") == pytest.approx(np.hypot(*mag_err))


@pytest.mark.parametrize("flux", [0.3, 0.6, 1.5])
def test_chances_of_three_and_eight_percent(flux):
    table = catalogue(photometry(clump_flux_u=[flux]), hosts(), CONFIG)
    three = norm.cdf((flux - 0.03 * 20) / np.hypot(0.1, 0.03))
    eight = norm.cdf((flux - 0.08 * 20) / np.hypot(0.1, 0.08))
    assert value(table, "p_3pct") == pytest.approx(three)
    assert value(table, "p_8pct") == pytest.approx(eight)


def placed(**columns):
    """One clump 4 arcsec north of the host, of PSF-FWHM 1.32 arcsec."""
    there = {
        "clump_centre_ra": [12.0], "clump_centre_dec": [-3.0 + 4 / 3600], "FWHM_r_arcsec": [1.32],
    }  # fmt: skip
    known = {
        "ra": [12.0], "dec": [-3.0], "axis_ratio": [0.5], "position_angle_deg": [90.0],
        "redshift": [0.05], "petro_r90_arcsec": [8.0],
    }  # fmt: skip
    return catalogue(photometry(**there), hosts(**known | columns), CONFIG)


def test_distances_from_the_host_in_three_units():
    table = placed()
    kpc = 0.9774  # an arcsec at z = 0.05 for H0 = 70, Om0 = 0.3
    for stem, distance in (("", 4.0), ("_deproj", 8.0)):
        assert value(table, f"clump_dist{stem}") == pytest.approx(distance)
        assert value(table, f"clump_dist{stem}_r90") == pytest.approx(distance / 8)
        assert value(table, f"clump_dist{stem}_kpc") == pytest.approx(distance * kpc, rel=1e-3)
    assert value(table, "FWHM_r_kpc") == pytest.approx(1.32 * kpc, rel=1e-3)
    assert table["clump_name"][0] == "CSCOPE J004800.00-025956.0"


@pytest.mark.parametrize(("redshift", "coarse"), [(0.05, False), (0.15, True), (np.nan, False)])
def test_a_psf_that_spans_much_of_the_host_is_flagged(redshift, coarse):
    assert bool(value(placed(redshift=[redshift]), "flags") & ClumpFlag.COARSE) == coarse


def test_the_same_clump_of_two_galaxies_points_to_the_nearer_one():
    one = {"clump_centre_ra": 12.0, "clump_centre_dec": -3.0, "FWHM_r_arcsec": 1.32}
    there = {name: [number] * 2 for name, number in one.items()}
    known = {"ra": [12.0, 12.0], "dec": [-3.001, -3.005], "petro_r90_arcsec": [8.0, np.nan]}
    ids = ("a", "b")
    found = photometry(ids=ids, clump_ids=[1, 1], **there)
    table = catalogue(found, hosts(ids=ids, **known), CONFIG)
    assert list(table["duplicate_of"]) == ["", "a 1"]
    assert (plain(table, "flags") & ClumpFlag.DUPLICATE > 0).tolist() == [False, True]


def test_a_star_s_colours_are_flagged_after_extinction():
    colours = np.array([1.03, 0.35, 0.05])  # of an F star of g-i = 0.4
    mags = 18 + np.array([colours[:2].sum(), colours[1], 0, -colours[2], 0])
    reddened = mags + 0.1 * np.array([R_BAND[band] for band in BANDS])
    total = 10 ** (-0.4 * (reddened - 22.5))
    flux = {f"clump_flux_{band}": [total[b]] for b, band in enumerate(BANDS)}
    table = catalogue(photometry(**flux), hosts(), CONFIG)
    assert value(table, "flags") & ClumpFlag.STELLAR_COLOURS
    assert value(table, "stellar_distance") < 0.1
    flux["clump_flux_u"][0] *= 2
    assert not value(catalogue(photometry(**flux), hosts(), CONFIG), "flags")


def write_map(path, value_, size=64):
    header = fits.Header({"CRPIX1": size / 2 + 0.5, "CRPIX2": size / 2 + 0.5})
    header["LAM_NSGP"], header["LAM_SCAL"] = 1, size // 2
    fits.writeto(path, np.full((size, size), value_, dtype=np.float32), header)


def test_dust_maps_go_before_the_host_table(tmp_path):
    write_map(tmp_path / MAP_FILES[0], 0.2)
    config = CatalogueConfig(dust_map=str(tmp_path))
    galactic_pole = {"ra": [192.86, np.nan], "dec": [27.13, np.nan]}
    table = catalogue(photometry(ids=("a", "b")), hosts(("a", "b"), **galactic_pole), config)
    # Where the host has no position, its own value stands in.
    assert plain(table, "clump_ext_mag_r") == pytest.approx([0.2 * 2.285, 0.1 * 2.285])
    missing = CatalogueConfig(dust_map=str(tmp_path / "none"))
    with pytest.raises(RecipeError, match="dust_map"):
        catalogue(photometry(), hosts(ra=[192.86], dec=[27.13]), missing)


def test_unknown_and_doubled_hosts_are_refused():
    with pytest.raises(TableError, match="none for a"):
        catalogue(photometry(), hosts(ids=("b",)), CONFIG)
    with pytest.raises(TableError, match="a twice"):
        catalogue(photometry(), hosts(ids=("a", "a")), CONFIG)


def test_hosts_may_lack_columns():
    table = catalogue(photometry(), hosts()["galaxy_id", "petro_flux_u"], CONFIG)
    assert value(table, "clump_flux_ratio") == pytest.approx(0.05)
    assert np.isnan(value(table, "galaxy_z"))
    assert value(table, "specobjid") == 0


def test_no_clumps_make_an_empty_release():
    table = catalogue(clump_table("photometry", {}), hosts(), CONFIG)
    assert len(table) == 0
    assert table.colnames == [spec.name for spec in schema("release")]


def test_other_bands_have_no_ratio_and_no_known_extinction():
    given = clump_table(
        "photometry",
        {"galaxy_id": ["a"], "clump_id": [1], "clump_flux_g": [1.0], "clump_flux_V": [1.0]},
        "gV",
    )
    table = catalogue(given, hosts(), CONFIG)
    assert table.meta["bands"] == "gV"
    assert np.isfinite(value(table, "clump_mag_corr_g"))
    assert np.isnan(value(table, "clump_mag_corr_V"))
    assert value(table, "flags") == ClumpFlag.NO_HOST_FLUX | ClumpFlag.NO_EXTINCTION


def test_flags_of_the_host_count_and_a_row_not_to_be_used_has_no_chances():
    flags = [0, int(ClumpFlag.MERGED), int(ClumpFlag.SATURATED), 0]
    table = catalogue(
        photometry(flux=5.0, ids=("a", "a", "a", "b"), flags=flags),
        hosts(("a", "b"), flags=[0, int(ClumpFlag.HOST_CROWDED)]),
        CONFIG,
    )
    assert plain(table, "quality").tolist() == [0, 0, 2, 1]
    assert np.isnan(plain(table, "p_3pct")).tolist() == [False, False, True, False]
    assert np.isnan(plain(table, "p_8pct")).tolist() == [False, False, True, False]
    assert plain(table, "flags")[3] & int(ClumpFlag.HOST_CROWDED)
    assert np.isfinite(plain(table, "clump_flux_ratio")).all()


def test_quality_knows_every_flag_that_the_catalogue_itself_raises():
    """Such as colours of a star, which only the catalogue can tell."""
    colours = {"u": 1.0, "g": 3.2, "r": 5.0, "i": 5.9, "z": 6.3}  # on the stellar locus
    given = photometry(flux=5.0, ids=("a",))
    for band, flux in colours.items():
        given[f"clump_flux_{band}"] = [flux] * given[f"clump_flux_{band}"].unit
        given[f"clump_flux_err_{band}"] = [0.01] * given[f"clump_flux_{band}"].unit
    table = catalogue(given, hosts(), CONFIG)
    assert plain(table, "flags")[0] & int(ClumpFlag.STELLAR_COLOURS)
    assert plain(table, "quality").tolist() == quality(plain(table, "flags")).tolist() == [1]


def test_a_clump_whose_image_has_no_u_is_neither_faint_nor_without_extinction():
    """The first has g and VIS, the second u and a band without a row, the third nothing at all."""
    bands = ("u", "g", "VIS", "narrow")
    there = np.array([[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    columns = {"galaxy_id": ["a"] * 3, "clump_id": [1, 2, 3]}
    for band, here in zip(bands, there.T, strict=True):
        columns[f"clump_flux_{band}"] = np.where(here, 0.1, np.nan)
        columns[f"clump_flux_err_{band}"] = np.where(here, 0.1, np.nan)
        columns[f"aperture_radius_{band}"] = np.where(here, 1.4, np.nan)
    table = catalogue(clump_table("photometry", columns, bands), hosts(), CONFIG)
    assert table.meta["bands"] == "u,g,VIS,narrow"
    flags = plain(table, "flags")
    assert (flags & ClumpFlag.LOW_SNR > 0).tolist() == [False, True, True]
    assert (flags & ClumpFlag.NO_EXTINCTION > 0).tolist() == [False, True, True]
    assert (flags & ClumpFlag.NO_HOST_FLUX == 0).all()
    assert np.isfinite(plain(table, "clump_flux_ratio")).tolist() == [False, True, False]
    assert np.isfinite(plain(table, "clump_mag_corr_g_VIS")).tolist() == [True, False, False]
    assert plain(table, "clump_ext_mag_VIS") == pytest.approx(0.1854)
