import errno
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import DEC, RA, band_image, galaxy_image, tan_wcs
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.errors import ImageError, StoreError
from clumpscope.ops.psf import sampled_gaussian
from clumpscope.store.images import read_galaxy, read_grid, write_galaxy
from fits_files import by_hand, extra

CORNERS = [[-0.5, -0.5], [39.5, 0.0], [12.25, 30.75]]


@pytest.fixture
def path(tmp_path):
    """File of a galaxy in g and r."""
    path = tmp_path / "g1.fits"
    write_galaxy(path, galaxy_image(bands="gr"))
    return path


def test_a_galaxy_survives_the_disk(tmp_path):
    shape = (44, 37)
    mask = np.zeros(shape, np.uint8)
    mask[3, 5] = MaskBit.SATURATED | MaskBit.COSMIC_RAY
    psf = sampled_gaussian(1.51 / 0.396)
    wcs = tan_wcs(shape, rotation_deg=33, flip=True)
    image = GalaxyImage(
        "g1",
        {
            "u": band_image(shape, seed=1, wcs=wcs, mask=mask, psf=psf, psf_fwhm_arcsec=1.51),
            "VIS": band_image(shape, seed=2, wcs=wcs, psf_assumed=True, noise_assumed=True),
        },
        RA,
        DEC,
    )
    path = tmp_path / "g1.fits"
    write_galaxy(path, image)
    found = read_galaxy(path)
    assert (found.galaxy_id, found.ra, found.dec) == ("g1", RA, DEC)
    assert list(found.bands) == ["u", "VIS"]
    for band, plane in image.bands.items():
        back = found[band]
        for name in ("data", "variance", "mask"):
            np.testing.assert_array_equal(getattr(back, name), getattr(plane, name))
            assert getattr(back, name).dtype == getattr(plane, name).dtype
            assert getattr(back, name).dtype.isnative
        for name in ("psf_fwhm_arcsec", "psf_assumed", "noise_assumed"):
            assert getattr(back, name) == getattr(plane, name)
    np.testing.assert_array_equal(found["u"].psf, psf)
    assert found["VIS"].psf is None
    np.testing.assert_allclose(
        native_to_sky(CORNERS, found.wcs), native_to_sky(CORNERS, wcs), atol=1e-9
    )


@given(st.floats(0, 360), st.booleans(), st.floats(0, 359.9), st.floats(-85, 85))
@settings(max_examples=15, deadline=None)
def test_positions_survive_the_disk(tmp_path_factory, rotation, flip, ra, dec):
    path = tmp_path_factory.mktemp("galaxy") / "g1.fits"
    wcs = tan_wcs(rotation_deg=rotation, flip=flip, ra=ra, dec=dec)
    write_galaxy(path, GalaxyImage("g1", {"r": band_image(wcs=wcs)}))
    found = read_galaxy(path).wcs
    np.testing.assert_allclose(
        native_to_sky(CORNERS, found), native_to_sky(CORNERS, wcs), atol=1e-8
    )


def test_no_wcs_and_no_position(tmp_path):
    write_galaxy(tmp_path / "g1.fits", GalaxyImage("g1", {"r": band_image(wcs=None)}))
    found = read_galaxy(tmp_path / "g1.fits")
    assert found.wcs is None
    assert np.isnan([found.ra, found.dec]).all()


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full_disk(*_args):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(StoreError, match="the disk is full"):
        write_galaxy(path, galaxy_image())
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["g1.fits"]


def test_an_image_made_by_hand(tmp_path):
    found = read_galaxy(by_hand(tmp_path / "g1.fits"))
    assert list(found.bands) == ["g", "r"]
    plane = found["g"]
    assert not plane.psf_assumed
    assert plane.noise_assumed
    assert plane.mask.sum() == 0
    assert np.sqrt(plane.variance[0, 0]) == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("dtype", [">f4", "<f4", ">f8", ">i2", ">i4", "u1"])
def test_any_number_type_becomes_native_float32(tmp_path, dtype):
    values = np.arange(1600).reshape(40, 40) % 100

    def edit(hdus):
        hdus[1].data = values.astype(dtype)

    found = read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit))["g"].data
    assert found.dtype == np.float32
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, values)


def test_noise_keywords(tmp_path):
    """Each count is one photon times the gain (SDSS data model of frame)."""
    cards = {"NMGYPDN": 0.005, "SKYDN": 120.0, "GAIN": 4.7, "DARKVAR": 1.2}
    plane = read_galaxy(by_hand(tmp_path / "g1.fits", **cards))["g"]
    assert not plane.noise_assumed
    expected = 0.005**2 * ((plane.data / 0.005 + 120) / 4.7 + 1.2)
    np.testing.assert_allclose(plane.variance, expected, rtol=1e-5)


def test_noise_keywords_that_cannot_be(tmp_path):
    cards = {"NMGYPDN": 0.005, "SKYDN": 120.0, "GAIN": 0.0, "DARKVAR": 1.2}
    with pytest.raises(ImageError, match="band g: expected NMGYPDN > 0 and GAIN > 0"):
        read_galaxy(by_hand(tmp_path / "g1.fits", **cards))


def test_missing_pixels_are_masked(tmp_path):
    def edit(hdus):
        hdus[1].data[2, 3] = np.nan
        hdus[1].data[4, 5] = np.inf
        variance = np.full((40, 40), 0.0004, np.float32)
        variance[6, 7], variance[8, 9] = np.nan, -1
        hdus.append(extra("g_VAR", variance))

    plane = read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit))["g"]
    rows, cols = np.nonzero(plane.mask)
    assert list(zip(rows, cols, strict=True)) == [(2, 3), (4, 5), (6, 7), (8, 9)]
    assert set(plane.mask[rows, cols]) == {MaskBit.NO_DATA}
    assert np.isfinite(plane.data).all()
    assert np.isfinite(plane.variance).all()


def test_a_width_that_is_not_given_is_marked(tmp_path):
    def edit(hdus):
        del hdus[1].header["PSFFWHM"]

    path = by_hand(tmp_path / "g1.fits", edit=edit)
    found = read_galaxy(path, default_psf_fwhm_arcsec=1.7)
    known = read_galaxy(path, psf_fwhm_arcsec={"g": 1.5, "r": 9.0}, default_psf_fwhm_arcsec=1.7)
    assert (known["g"].psf_fwhm_arcsec, known["g"].psf_assumed) == (1.5, False)
    assert (known["r"].psf_fwhm_arcsec, known["r"].psf_assumed) == (1.3, False)
    assert (found["g"].psf_fwhm_arcsec, found["g"].psf_assumed) == (1.7, True)
    assert (found["r"].psf_fwhm_arcsec, found["r"].psf_assumed) == (1.3, False)
    remedy = r"set PSFFWHM in .* psf_fwhm_g in hosts\.parquet, .* psf_fwhm_arcsec under \[sample\]"
    with pytest.raises(ImageError, match=f"band g PSFFWHM: expected a pos.*, got none; {remedy}"):
        read_galaxy(path)


def test_wanted_bands_only_and_in_order(path):
    assert list(read_galaxy(path, bands="rg").bands) == ["r", "g"]
    assert list(read_galaxy(path, bands="r").bands) == ["r"]
    with pytest.raises(ImageError, match=r"g1\.fits: bands: expected u g, got g r"):
        read_galaxy(path, bands="ug")


def test_a_wcs_that_is_not_of_the_sky(tmp_path):
    def edit(hdus):
        for hdu in hdus[1:]:
            for key in list(WCS(hdu.header).to_header()):
                hdu.header.pop(key, None)
            hdu.header["CTYPE1"], hdu.header["CTYPE2"] = "LINEAR", "LINEAR"

    assert read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit)).wcs is None


@pytest.mark.parametrize("dtype", [">i4", ">f4"])
def test_foreign_mask_values_are_no_data(tmp_path, dtype):
    values = [0, 1, 3, 15, 16, 256, 257, -1]
    if dtype == ">f4":
        values += [1.5, np.nan]

    def edit(hdus):
        mask = np.zeros((40, 40), dtype)
        mask[0, : len(values)] = values
        hdus.append(extra("g_MASK", mask))

    mask = read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit))["g"].mask
    assert mask[0, : len(values)].tolist() == [0, 1, 3, 15] + [MaskBit.NO_DATA] * (len(values) - 4)


@pytest.mark.parametrize("ra", ["12:34:56.7", "10.5", True, None])
def test_a_position_that_is_not_in_degrees_is_unknown(tmp_path, ra):
    def edit(hdus):
        hdus[0].header["RA"], hdus[0].header["DEC"] = ra, 20.0

    found = read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit))
    assert np.isnan([found.ra, found.dec]).all()


def test_names_in_upper_case(tmp_path):
    def edit(hdus):
        hdus[1].header["EXTNAME"] = "G"
        hdus.append(extra("G_VAR", np.full((40, 40), 4.0, np.float32)))
        hdus.append(extra("R_VAR", np.full((40, 40), 9.0, np.float32)))

    path = by_hand(tmp_path / "g1.fits", edit=edit)
    found = read_galaxy(path)
    assert list(found.bands) == ["g", "r"]
    assert [found[band].variance[0, 0] for band in "gr"] == [4, 9]
    assert list(read_galaxy(path, bands="gr").bands) == ["g", "r"]
    assert list(read_galaxy(path, bands="G").bands) == ["G"]
    # Bands of another system keep their names.
    assert list(read_galaxy(by_hand(tmp_path / "g2.fits", bands="BVR")).bands) == list("BVR")


def test_wcs_cards_may_differ_by_rounding(tmp_path):
    def edit(hdus):
        hdus[2].header["CRVAL1"] *= 1 + 1e-12
        hdus[2].header["CDELT1"] *= 1 + 1e-12

    assert read_galaxy(by_hand(tmp_path / "g1.fits", edit=edit)).wcs is not None
    with pytest.raises(ImageError, match="CRVAL1"):
        read_galaxy(
            by_hand(
                tmp_path / "g2.fits",
                edit=lambda hdus: hdus[2].header.set("CRVAL1", hdus[1].header["CRVAL1"] + 1e-6),
            )
        )


@pytest.mark.parametrize(
    ("cards", "got"),
    [
        ({"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"}, "ELON-TAN ELAT-TAN"),
        ({"RADESYS": "FK4"}, "FK4"),
        ({"RADESYS": "", "EQUINOX": 1950.0}, "FK4"),
    ],
)
def test_other_sky_systems_are_refused(tmp_path, cards, got):
    with pytest.raises(ImageError, match=f"RA and DEC in ICRS or FK5, got {got}; transform it"):
        read_galaxy(by_hand(tmp_path / "g1.fits", **cards))


@pytest.mark.parametrize("system", ["ICRS", "FK5"])
def test_the_usual_sky_systems_are_read(tmp_path, system):
    assert read_galaxy(by_hand(tmp_path / "g1.fits", RADESYS=system)).wcs is not None


@pytest.mark.parametrize(
    "name",
    ["ugriz", "no r", "upper case", "no WCS", "no width", "no width at all"],
)
def test_the_grid_in_the_headers_is_that_of_the_image(path, name):
    """Header by header and not, they are told apart by nothing; (ny, nx) are unequal."""
    shape, known = (24, 37), {"r": 1.7, "u": 2.5}
    bands = "ugz" if name == "no r" else "ugriz"
    wcs = None if name == "no WCS" else tan_wcs(shape, rotation_deg=30)
    planes = {
        band: band_image(shape, wcs=wcs, psf_fwhm_arcsec=1 + k / 10) for k, band in enumerate(bands)
    }
    write_galaxy(path, GalaxyImage("g1", planes))
    with fits.open(path, mode="update") as hdus:
        for hdu in hdus[1:]:
            if name == "upper case":
                hdu.header["EXTNAME"] = hdu.header["EXTNAME"].upper()
            if name.startswith("no width"):
                hdu.header.remove("PSFFWHM", ignore_missing=True)
    known = {} if name == "no width at all" else known
    image, grid = read_galaxy(path, None, known, 1.3), read_grid(path, known, 1.3)
    assert grid.shape == image.shape == shape
    if name == "no WCS":
        assert grid.wcs is None
        assert np.isnan(grid.psf_fwhm_px)
        return
    points = np.array([[3.0, 20.0], [30.0, 5.0]])
    assert native_to_sky(points, grid.wcs) == pytest.approx(native_to_sky(points, image.wcs))
    band = "z" if name == "no r" else "r"
    assert grid.psf_fwhm_px == pytest.approx(image[band].psf_fwhm_arcsec / image.pixscale_arcsec)
