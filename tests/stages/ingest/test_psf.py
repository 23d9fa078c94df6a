import galsim
import numpy as np
import pytest
from astropy.io import fits

from clumpscope.errors import ImageError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.ops.stars.star_psf import StarPsf
from clumpscope.stages.ingest.psf import psf_of
from psf_scenes import SCALE, blank, drawn, starry

MODEL = galsim.Moffat(3.5, fwhm=4.4)
WIDTH = psf_moments(drawn(MODEL))[0]
EMPTY = blank()
CLEAR = np.zeros(EMPTY.data.shape, dtype=np.uint8)
IMAGE = [fits.ImageHDU(drawn(MODEL).astype(np.float32))]


@pytest.fixture(scope="module")
def stars():
    return starry(MODEL)


def of(frame, **given):
    return psf_of(frame, np.zeros(frame.data.shape, np.uint8), given.pop("header", {}), **given)


def test_an_image_is_taken_first(stars):
    psf, notes = of(stars, header={"PSFFWHM": WIDTH * SCALE}, hdus=IMAGE, where="psf.fits")
    assert psf.at(0, 0).fwhm_px == pytest.approx(WIDTH, rel=1e-3)
    assert notes == ("PSF image of psf.fits",)


def test_then_a_width_of_the_header(stars):
    psf, notes = of(stars, header={"PSFFWHM": 0.8, "SEEING": 3}, default_fwhm_arcsec=1.0)
    local = psf.at(10, 10)
    assert local.fwhm_px == pytest.approx(4.0)
    assert not local.assumed
    assert notes == ("PSFFWHM = 0.8 arcsec, its shape taken for a Gaussian",)


@pytest.mark.parametrize("default", [None, 0.7, 1.3])
def test_then_stars_of_the_frame(stars, default):
    psf, notes = of(stars, header={"SEEING": 1.1}, default_fwhm_arcsec=default)
    assert isinstance(psf, StarPsf)
    local = psf.at(200, 200)
    assert local.fwhm_px == pytest.approx(WIDTH, rel=0.03)
    assert local.assumed
    assert "stars of the frame" in notes[0]
    assert "SEEING = 1.1 is not taken" in notes[1]


def test_then_the_survey_s_usual_width():
    psf, notes = of(EMPTY, default_fwhm_arcsec=0.9)
    local = psf.at(3, 4)
    assert (local.fwhm_px, local.assumed) == (pytest.approx(4.5), True)
    assert notes[0].startswith("assumed, 0.9 arcsec")
    assert "at least 3 isolated stars" in notes[1]


def test_what_is_too_wide_for_stars_is_none(stars):
    psf, notes = of(stars, default_fwhm_arcsec=0.36)
    assert psf.at(0, 0).fwhm_px == pytest.approx(1.8)
    assert notes[-1]


def test_nothing_at_all_is_refused_with_a_remedy():
    with pytest.raises(ImageError, match=r"field_r.fits PSF: expected an image, a width or stars"):
        of(EMPTY)
    with pytest.raises(ImageError, match=r"SEEING = 1.1 is not taken.*set PSFFWHM \(arcsec\)"):
        of(EMPTY, header={"SEEING": 1.1})


def test_an_absurd_default_is_refused():
    with pytest.raises(ImageError, match="default PSF: expected a PSF-FWHM from 0.5 to 100 px"):
        of(EMPTY, default_fwhm_arcsec=0.01)


def test_a_header_that_differs_from_the_image_is_told_and_a_wrong_one_refused():
    _, notes = of(EMPTY, header={"PSFFWHM": WIDTH * SCALE * 1.3}, hdus=IMAGE)
    assert "is not taken: the PSF's image is" in notes[1]
    header = fits.Header()
    header["SEEING"] = (WIDTH * SCALE * 3, "arcsec")
    _, notes = of(EMPTY, header=header, hdus=IMAGE)
    assert "SEEING" in notes[1]
    with pytest.raises(ImageError, match="expected the width of its PSF's image.*OVERSAMP"):
        of(EMPTY, header={"PSFFWHM": WIDTH * SCALE / 4}, hdus=IMAGE)


def test_a_psf_file_that_is_none_does_not_fall_back_on_stars(stars):
    with pytest.raises(ImageError, match="^psf.fits"):
        of(stars, hdus=[fits.PrimaryHDU()], where="psf.fits")
