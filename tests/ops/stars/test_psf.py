import galsim
import numpy as np
import pytest

from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import FrameError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.ops.stars.psf import Reach, psf_from_stars, rough_width
from psf_scenes import blank, drawn, starry, unit


@pytest.mark.parametrize(
    "model",
    [galsim.Moffat(3.0, fwhm=2.8), galsim.Moffat(3.0, fwhm=5.5), galsim.Gaussian(fwhm=7.5)],
)
def test_stars_of_any_sampling_tell_the_psf(model):
    frame = starry(model, shape=(640, 640), number=64)
    width = psf_moments(drawn(model, 81))[0]
    assert rough_width(frame) == pytest.approx(width, rel=0.2)
    psf = psf_from_stars(frame, reach=Reach.of(rough_width(frame)))
    assert psf.n_stars > 25
    local = psf.at(300, 300)
    assert local.fwhm_px == pytest.approx(width, rel=0.03)
    truth = unit(drawn(model, len(local.image)))
    np.testing.assert_allclose(local.image, truth, atol=0.04 * truth.max())


def test_the_usual_width_has_the_usual_reach():
    assert Reach.of(3.2) == Reach()
    assert Reach.of(9.6).side == 121
    assert Reach.of(0.1) == Reach.of(1.0)
    assert Reach.of(1e6) == Reach.of(100.0)


def test_masked_and_bright_stars_are_left_out():
    model = galsim.Gaussian(fwhm=3.2)
    frame = starry(model)
    every = psf_from_stars(frame)
    mask = np.zeros(frame.data.shape, np.uint8)
    mask[: mask.shape[0] // 2] = MaskBit.SATURATED
    assert every.n_stars > 30
    assert 12 < psf_from_stars(frame, mask).n_stars < 0.6 * every.n_stars
    fainter = psf_from_stars(frame, brightest=20.0)
    assert fainter.n_stars < every.n_stars
    with pytest.raises(FrameError, match="at least 3 isolated stars"):
        psf_from_stars(frame, np.full(mask.shape, MaskBit.NO_DATA, np.uint8))


def test_pixels_whose_noise_is_not_known_hold_no_stars():
    frame = starry(galsim.Gaussian(fwhm=3.2))
    every = psf_from_stars(frame).n_stars
    frame.variance[:, :200] = 0
    frame.variance[:, 200:220] = np.nan
    assert 5 < psf_from_stars(frame).n_stars < 0.7 * every


def test_an_empty_frame_has_no_width():
    assert np.isnan(rough_width(blank()))
