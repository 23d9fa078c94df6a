import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.stages.ingest.psf_width import psf_of_width, width_in


def header(**cards):
    made = fits.Header()
    for key, value in cards.items():
        made[key] = value
    return made


def said(**cards):
    """What `width_in` is asked of a header with comments, of pixels of 0.2 arcsec."""
    made = header(**cards)
    return made, 0.2, "a.fits", made.comments.__getitem__


@pytest.mark.parametrize(
    ("cards", "fwhm_px", "told"),
    [
        ({"PSFFWHM": 0.8}, 4.0, "PSFFWHM = 0.8 arcsec"),
        ({"FINALIQ": 0.6}, 3.0, "FINALIQ = 0.6 arcsec"),
        ({"SEEING": (0.7, "[arcsec] FWHM")}, 3.5, "SEEING = 0.7 arcsec"),
        ({"SEEING": (3.05, "Average FWHM (pixels)")}, 3.05, "SEEING = 3.05 px"),
        ({"FWHM": (4.1, "Median FWHM in pixels")}, 4.1, "FWHM = 4.1 px"),
        ({"PSF_FWHM": (0.9, 'in ", 0.2 a pixel: [arcsec]')}, 4.5, "PSF_FWHM = 0.9 arcsec"),
        ({"PSFFWHM": 0.8, "SEEING": (9, "arcsec")}, 4.0, "PSFFWHM = 0.8 arcsec"),
        ({"PSFFWHM": 0.0, "SEEING": (1, "arcsec")}, 5.0, "SEEING = 1 arcsec"),
    ],
)
def test_widths_whose_unit_is_known(cards, fwhm_px, told):
    width, _ = width_in(*said(**cards))
    assert width.fwhm_px == pytest.approx(fwhm_px)
    assert width.said == told


def test_panstarrs_writes_pixels_in_a_hierarch_card():
    cards = fits.Header()
    cards["HIERARCH CHIP.SEEING"] = 4.58
    assert width_in(cards, 0.25, "a.fits")[0].fwhm_px == 4.58
    cards["HIERARCH CHIP.SEEING"] = "NaN"
    width, notes = width_in(cards, 0.25, "a.fits")
    assert width is None
    assert notes == ("CHIP.SEEING = 'NaN' is no width",)


@pytest.mark.parametrize("comment", ["", "seeing", "arcsec or pixels"])
def test_a_width_without_a_unit_is_told_and_not_taken(comment):
    width, notes = width_in(*said(SEEING=(1.1, comment)))
    assert width is None
    assert notes == ("SEEING = 1.1 is not taken: its comment says neither arcsec nor pixels",)
    assert width_in({"SEEING": 1.1}, 0.2, "a.fits")[0] is None
    assert width_in({}, 0.2, "a.fits") == (None, ())


@given(st.one_of(st.floats(1e-9, 0.099), st.floats(20.1, 1e9)))
def test_absurd_widths_are_refused(fwhm):
    with pytest.raises(ImageError, match=r"^a.fits PSFFWHM.*from 0.5 to 100 px"):
        width_in({"PSFFWHM": fwhm}, 0.2, "a.fits")


def test_a_width_makes_a_gaussian():
    gaussian = psf_of_width(3.0, assumed=True)
    assert (gaussian.fwhm_px, gaussian.assumed) == (3.0, True)
    assert psf_moments(gaussian.image)[0] == pytest.approx(3.0, rel=2e-3)
