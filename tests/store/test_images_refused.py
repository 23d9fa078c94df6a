"""Images that cannot be read say what is wrong, and are never read in part."""

import numpy as np
import pytest
from astropy.io import fits

from builders import galaxy_image
from clumpscope.errors import ImageError
from clumpscope.store.images import read_galaxy, read_grid, write_galaxy
from fits_files import by_hand, extra


@pytest.fixture
def path(tmp_path):
    """File of a galaxy in g and r."""
    path = tmp_path / "g1.fits"
    write_galaxy(path, galaxy_image(bands="gr"))
    return path


def nan_only(hdus):
    hdus[2].data[:] = np.nan


def unequal(hdus):
    hdus[2].data = hdus[2].data[:30]


def other_wcs(hdus):
    hdus[2].header["CRPIX1"] += 1


def no_psf(hdus):
    hdus[2].header["PSFFWHM"] = 0.0


def nan_psf_image(hdus):
    hdus.append(extra("r_PSF", np.full((5, 5), np.nan, np.float32)))


def zero_psf_image(hdus):
    hdus.append(extra("r_PSF", np.zeros((5, 5), np.float32)))


def small_mask(hdus):
    hdus.append(extra("r_MASK", np.zeros((4, 4), np.uint8)))


def small_variance(hdus):
    hdus.append(extra("r_VAR", np.zeros((4, 4), np.float32)))


def empty_mask(hdus):
    hdus.append(extra("r_MASK", None))


def cube(hdus):
    hdus[2].data = np.zeros((2, 40, 40), np.float32)


def no_image(hdus):
    hdus[2].data = None


def flat_psf_image(hdus):
    hdus.append(extra("r_PSF", np.full((4, 4), 1 / 16, np.float32)))


def text_psf(hdus):
    hdus[2].header["PSFFWHM"] = "1.3"


def no_bands(hdus):
    """Planes of other surveys' files, for which they say what ours say, too."""
    for name, hdu in zip(("SCI", "hsc_i"), hdus[1:3], strict=True):
        hdu.header["EXTNAME"] = name


def negative_gain(hdus):
    hdus[1].header.update({"NMGYPDN": 0.005, "SKYDN": 100.0, "GAIN": -1.0, "DARKVAR": 1.0})


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (nan_only, "band r: expected finite pixels, got only NaN; .* bands under .measure. in the"),
        (unequal, r"bands on one pixel grid, got shapes .*\(30, 40\)}; resample"),
        (other_wcs, "band r CRPIX1: expected 20.5 as in g, got 21.5; resample"),
        (no_psf, "band r PSFFWHM: expected a positive width in arcsec, got 0.0; set PSFFWHM"),
        (nan_psf_image, "band r psf: expected finite pixels, got 25 not; mend it or leave it out"),
        (zero_psf_image, "band r psf: expected a positive sum, got 0.0; mend it or leave it out"),
        (flat_psf_image, "band r psf: expected .*; mend it or leave it out"),
        (small_mask, r"mask: expected shape \(40, 40\), got \(4, 4\); mend the HDU r_MASK or"),
        (small_variance, r"expected shape \(40, 40\), got \(4, 4\); mend the HDU r_VAR or leave"),
        (empty_mask, "r_MASK: expected a 2-D image, got none; mend the HDU r_MASK or leave it out"),
        (cube, r"band r: expected a 2-D image, got shape \(2, 40, 40\); store each band in an"),
        (no_image, "band r: expected a 2-D image, got none; store each band in an image HDU"),
        (text_psf, "band r PSFFWHM: expected a positive width in arcsec, got '1.3'; set PSFFWHM"),
        (
            no_bands,
            "bands: expected any, got none; give each band an image .* PSFFWHM unless",
        ),
        (negative_gain, "GAIN > 0, got .*; mend the header or add g_VAR"),
    ],
)
def test_bad_images_say_what_is_wrong(tmp_path, edit, message):
    path = by_hand(tmp_path / "bad.fits", edit=edit)
    with pytest.raises(ImageError, match=message) as caught:
        read_galaxy(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_truncated_file_is_never_read_in_part(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 720):
        path.write_bytes(whole[:length])
        try:
            found = read_galaxy(path, bands="gr")
        except ImageError as error:
            assert str(path) in str(error)  # noqa: PT017  (some lengths end between two HDUs)
        else:
            # Only the last HDU, the variance of r, can be missing, and that is marked.
            np.testing.assert_array_equal(found["r"].data, galaxy_image(bands="gr")["r"].data)
            assert found["r"].noise_assumed


@pytest.mark.parametrize("content", [b"", b"no FITS", b"\x89PNG\r\n", b"SIMPLE  = T"])
def test_no_fits_file(tmp_path, content):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.fits"):
        read_galaxy(path)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(
        ImageError, match=r"none\.fits: no such file; put it there or take none out of hosts"
    ):
        read_galaxy(tmp_path / "none.fits")
    with pytest.raises(ImageError):
        read_galaxy(tmp_path)


def test_headers_without_a_band_or_an_image(path):
    weights = fits.ImageHDU(np.zeros((3, 4)), name="WHT")
    fits.HDUList([fits.PrimaryHDU(), weights]).writeto(path, overwrite=True)
    with pytest.raises(ImageError, match=r"bands: expected any, got none"):
        read_grid(path, {}, 1.3)
    by_hand(path, edit=cube)
    with pytest.raises(ImageError, match=r"expected a 2-D image, got shape \(.*, .*, .*\)"):
        read_grid(path, {}, 1.3)
    with pytest.raises(ImageError, match=r"none\.fits: no such file"):
        read_grid(path.with_name("none.fits"), {}, 1.3)
