import galsim
import numpy as np
import pytest
from astropy.io import fits
from galsim.des import DES_PSFEx

from clumpscope.errors import FrameError, ImageError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.stages.ingest.psfex import psfex_psf
from psf_scenes import drawn, unit

ZERO, SCALE = (1020.0, 2050.0), (1010.0, 2040.0)


def psfex_hdu(samp=0.6, degree=2, side=51, **cards):
    """A model as PSFEx writes it: a round PSF whose width and shape change over the frame."""
    base = drawn(galsim.Moffat(3.0, fwhm=3.5), side, 1 / samp, effective=True)
    wide = drawn(galsim.Moffat(3.0, fwhm=4.0), side, 1 / samp, effective=True)
    long = drawn(galsim.Moffat(3.0, fwhm=3.5).shear(g1=0.1), side, 1 / samp, effective=True)
    terms = (degree + 1) * (degree + 2) // 2
    basis = np.zeros((terms, side, side), np.float32)
    basis[0] = base
    rng = np.random.default_rng(2)
    for k in range(1, terms):
        basis[k] = 0.3 * rng.uniform(-1, 1) * (wide - base) + 0.3 * rng.uniform(-1, 1) * (
            long - base
        )
    column = fits.Column(
        "PSF_MASK", f"{basis.size}E", dim=f"({side},{side},{terms})", array=[basis]
    )
    hdu = fits.BinTableHDU.from_columns([column], name="PSF_DATA")
    hdu.header.update(
        {
            "POLNAXIS": 2, "POLGRP1": 1, "POLNAME1": "X_IMAGE", "POLZERO1": ZERO[0],
            "POLSCAL1": SCALE[0], "POLGRP2": 1, "POLNAME2": "Y_IMAGE", "POLZERO2": ZERO[1],
            "POLSCAL2": SCALE[1], "POLNGRP": 1, "POLDEG1": degree, "PSF_FWHM": 3.5,
            "PSF_SAMP": samp, "PSFNAXIS": 3, "PSFAXIS1": side, "PSFAXIS2": side, "PSFAXIS3": terms,
            **cards,
        }
    )  # fmt: skip
    return hdu


@pytest.mark.parametrize(("samp", "degree"), [(0.6, 2), (0.5, 1), (1.0, 3), (0.45, 0)])
def test_a_model_is_what_galsim_makes_of_it(samp, degree):
    hdu = psfex_hdu(samp, degree)
    psf, model = psfex_psf(hdu, "a.psf"), DES_PSFEx(hdu)
    for col, row in ((0, 0), (1019, 2049), (2040, 100), (300, 4000)):
        found = psf.at(row, col)
        side = len(found.image)
        theirs = model.getPSF(galsim.PositionD(col + 1, row + 1))  # pixels from 1
        expected = theirs.drawImage(nx=side, ny=side, scale=1.0, method="no_pixel").array
        np.testing.assert_allclose(found.image, unit(expected), atol=0.01 * found.image.max())
        assert found.fwhm_px == pytest.approx(psf_moments(expected)[0], rel=0.004)
        assert not found.assumed


def test_terms_are_those_of_a_plain_loop():
    hdu = psfex_hdu(degree=3)
    basis, row, col = hdu.data["PSF_MASK"][0].astype(float), 700, 1500
    x, y = (col + 1 - ZERO[0]) / SCALE[0], (row + 1 - ZERO[1]) / SCALE[1]
    image, k = np.zeros(basis.shape[1:]), 0
    for j in range(4):
        for i in range(4 - j):
            image += basis[k] * x**i * y**j
            k += 1
    psf = psfex_psf(hdu, "a.psf")
    expected = psf.sampling.ready(image, "by hand")
    np.testing.assert_allclose(psf.at(row, col).image, expected, atol=1e-6)


def test_a_model_of_nothing_is_the_same_everywhere():
    hdu = psfex_hdu(degree=0, POLNAXIS=0)
    psf = psfex_psf(hdu, "a.psf")
    np.testing.assert_array_equal(psf.at(0, 0).image, psf.at(900, 30).image)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"POLNAME1": "MAG_AUTO"}, "X and Y"),
        ({"POLNAXIS": 3}, "X and Y"),
        ({"POLNGRP": 2}, "X and Y"),
        ({"POLDEG1": 3}, "as many images"),
        ({"PSF_SAMP": 0.0}, "PSF_SAMP: expected a positive number"),
        ({"POLSCAL2": 0.0}, "POLSCAL: expected other than 0"),
        ({"POLZERO1": "x"}, "POLZERO1: expected a finite number"),
    ],
)
def test_other_models_are_refused(cards, expected):
    with pytest.raises(ImageError, match=f"^a.psf.*{expected}"):
        psfex_psf(psfex_hdu(**cards), "a.psf")


def test_a_void_model_has_no_psf():
    hdu = psfex_hdu()
    hdu.data["PSF_MASK"][:] = 0
    with pytest.raises(FrameError, match="a.psf at x 10, y 5: expected a positive sum"):
        psfex_psf(hdu, "a.psf").at(5, 10)
