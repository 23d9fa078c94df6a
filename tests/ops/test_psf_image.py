import galsim
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.ops.psf import adaptive_moments, gaussian_psf
from clumpscope.ops.psf_image import prepared_psf, psf_moments
from places import SHARED

HSC = SHARED / "hsc" / "psf_hsc_ra150.24071_dec2.06514.fits"

MODELS = st.one_of(
    st.builds(lambda fwhm: galsim.Gaussian(fwhm=fwhm), st.floats(2.5, 5.0)),
    st.builds(
        lambda fwhm, beta: galsim.Moffat(beta, fwhm=fwhm), st.floats(2.5, 4.0), st.floats(2.5, 5)
    ),
)
SHEARS = st.builds(lambda e1, e2: (e1, e2), st.floats(-0.15, 0.15), st.floats(-0.15, 0.15))
OFFSETS = st.tuples(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))


def drawn(model, side, *, finer=1.0, off=(0.0, 0.0), effective=False):
    """A model by galsim: the light of each (finer) pixel, or the effective PSF read off there."""
    if effective:
        held = galsim.Convolve(model.shift(*off), galsim.Pixel(1.0))
        return held.drawImage(nx=side, ny=side, scale=1 / finer, method="no_pixel").array
    return model.shift(*off).drawImage(nx=side, ny=side, scale=1 / finer).array


def check(psf, model):
    """That a PSF is ``model``'s, centred in the middle."""
    side = len(psf)
    assert psf.dtype == np.float32
    assert psf.shape == (side, side)
    assert side % 2 == 1
    assert psf.sum() == pytest.approx(1, abs=1e-5)
    fwhm, x, y, _ = adaptive_moments(psf)
    assert np.hypot(x - side // 2, y - side // 2) < 0.02
    truth = drawn(model, side)
    assert fwhm == pytest.approx(adaptive_moments(truth)[0], rel=0.01)
    np.testing.assert_allclose(psf, truth / truth.sum(), atol=0.02 * truth.max())


@settings(deadline=None, max_examples=60)
@given(model=MODELS, shear=SHEARS, off=OFFSETS, side=st.integers(37, 44))
def test_images_off_centre_and_of_even_sides(model, shear, off, side):
    model = model.shear(e1=shear[0], e2=shear[1])
    psf = prepared_psf(drawn(model, side, off=off), "psf")
    assert len(psf) == side - (side + 1) % 2
    check(psf, model)


@settings(deadline=None, max_examples=60)
@given(model=MODELS, off=OFFSETS, finer=st.floats(1.0, 6.0), effective=st.booleans())
def test_oversampled_images(model, off, finer, effective):
    side = round(41 * finer)
    image = drawn(model, side, finer=finer, off=off, effective=effective)
    check(prepared_psf(image, "psf", finer, effective=effective), model)


@pytest.mark.parametrize("fwhm", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("effective", [False, True])
def test_space_telescopes_finely_sampled_images(fwhm, effective):
    # WebbPSF's: four samples a pixel, an even side, less than two pixels wide.
    model = galsim.Airy(lam_over_diam=fwhm, obscuration=0.15)
    image = drawn(model, 164, finer=4, off=(0.125, 0.125), effective=effective)
    psf = prepared_psf(image, "psf", 4, effective=effective)
    truth = drawn(model, 41)
    assert psf.shape == (41, 41)
    np.testing.assert_allclose(psf, truth / truth.sum(), atol=0.005 * truth.max())


def test_whole_oversampling_sums_samples():
    image = np.random.default_rng(0).normal(0, 1e-5, (63, 63)) + drawn(galsim.Gaussian(fwhm=9), 63)
    image = (image + image[::-1] + image[:, ::-1] + image[::-1, ::-1]) / 4  # centred exactly
    summed = image.reshape(21, 3, 21, 3).sum(axis=(1, 3))
    np.testing.assert_allclose(prepared_psf(image, "psf", 3), summed / summed.sum(), atol=2e-6)


def test_coarser_samples_are_interpolated():
    model = galsim.Gaussian(fwhm=3.5)
    image = drawn(model, 35, finer=0.8, off=(0.3, -0.4), effective=True)
    check(prepared_psf(image, "psf", 0.8, effective=True), model)


def test_the_rim_of_an_off_centre_image_does_not_ring():
    image = drawn(galsim.Moffat(2.2, fwhm=3.0), 31, off=(1.4, 0.6))
    psf = prepared_psf(image, "psf")
    assert psf.min() > -0.05 * image[0].max()  # the step at the rim, on one side of which is 0


def test_negative_wings_stay():
    image = drawn(galsim.Gaussian(fwhm=3.2), 41)
    image = 1.1 * image - 0.1 * drawn(galsim.Gaussian(fwhm=12.0), 41)
    psf = prepared_psf(image, "psf")
    assert psf.min() < 0
    np.testing.assert_allclose(psf, image / image.sum(), atol=1e-4 * psf.max())


@pytest.mark.parametrize("shape", [(41, 31), (30, 41)])
def test_oblong_images_become_squares(shape):
    image = galsim.Gaussian(fwhm=3.0).drawImage(nx=shape[1], ny=shape[0], scale=1).array
    check(prepared_psf(image, "psf"), galsim.Gaussian(fwhm=3.0))


def test_of_narrow_images_moments_are_those_of_their_effective_psf():
    for fwhm in (0.9, 1.1, 1.3, 1.5, 1.7, 1.9, 2.1):
        image = drawn(galsim.Gaussian(fwhm=fwhm), 21)
        fine = drawn(galsim.Gaussian(fwhm=fwhm), 210, finer=10, effective=True)
        found, x, y = psf_moments(image)
        assert found == pytest.approx(adaptive_moments(fine)[0] / 10, rel=0.03)
        assert (x, y) == (pytest.approx(10, abs=0.01), pytest.approx(10, abs=0.01))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.zeros((21, 21)), "a positive sum, got 0.0"),
        (np.full((21, 21), -1.0), "a positive sum, got -441"),
        (np.where(np.eye(21) > 0, np.nan, 1), "finite pixels, got 21 not"),
        (np.pad([[1.0]], 10), "light in several pixels"),
        (np.ones((21, 21)), "half of its side"),
        (gaussian_psf(60.0, side=21), "half of its side"),
        (np.ones((5, 21, 21)), r"a plane of pixels, got shape \(5, 21, 21\)"),
        (np.ones((0, 3)), "a plane of pixels"),
        (np.tile([[1.0, -0.999]], (20, 10)), "expected"),
    ],
)
def test_what_is_no_psf_is_refused_by_name(image, expected):
    with pytest.raises(ImageError, match=f"^the r one: .*{expected}"):
        prepared_psf(image, "the r one")


@pytest.mark.parametrize("oversampling", [0.0, -2.0, np.nan, np.inf, 1e4])
def test_an_oversampling_that_is_none_is_refused(oversampling):
    with pytest.raises(ImageError, match="oversampling above 0"):
        prepared_psf(gaussian_psf(3.0), "psf", oversampling)


def test_finer_pixels_than_said_are_too_narrow():
    with pytest.raises(ImageError, match="the r one"):
        prepared_psf(gaussian_psf(3.0), "the r one", 30.0)


@pytest.mark.skipif(not HSC.exists(), reason=f"no real HSC PSFs in {HSC}")
def test_real_hsc_images_are_ready_as_they_are():
    for image in fits.getdata(HSC):
        psf = prepared_psf(image, "psf")
        assert psf.shape == (43, 43)
        np.testing.assert_allclose(psf, image, atol=0.003 * image.max())
        assert psf_moments(psf)[0] == pytest.approx(psf_moments(image)[0], rel=1e-3)
