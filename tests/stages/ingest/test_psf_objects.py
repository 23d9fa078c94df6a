import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.errors import FrameError, ImageError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.stages.ingest.psf_objects import OnePsf, PlacedPsfs, Sampling
from psf_scenes import drawn, unit

GRID = np.array([(x, y) for y in (10.0, 110.0, 210.0) for x in (20.0, 120.0)])


def widening(xy):
    """FWHM at a place: linear in both coordinates."""
    return 2.8 + 0.002 * xy[0] + 0.001 * xy[1]


@pytest.fixture(scope="module")
def placed():
    images = np.array([drawn(galsim.Gaussian(fwhm=widening(xy))) for xy in GRID])
    return PlacedPsfs(images, GRID, Sampling(), "grid.fits")


def test_one_psf_is_the_same_everywhere():
    psf = OnePsf.of(drawn(galsim.Gaussian(fwhm=3.0).shift(0.4, 1.0), 42), "psf.fits")
    near, far = psf.at(0, 0), psf.at(3000, 10)
    assert near is far
    assert not near.assumed
    assert near.image.shape == (41, 41)
    assert near.fwhm_px == pytest.approx(np.sqrt(9 + 2.3548**2 / 12), rel=0.003)


def test_at_its_places_a_psf_is_that_of_the_archive(placed):
    for image, (x, y) in zip(placed.images, GRID, strict=True):
        np.testing.assert_allclose(placed.at(y, x).image, unit(image), atol=3e-4)


@settings(deadline=None, max_examples=30)
@given(x=st.floats(20, 120), y=st.floats(10, 210))
def test_between_them_widths_change_as_they_do(placed, x, y):
    local = placed.at(y, x)
    expected = np.sqrt(widening((x, y)) ** 2 + 2.3548**2 / 12)
    assert local.fwhm_px == pytest.approx(expected, rel=0.003)
    assert local.image.sum() == pytest.approx(1, abs=1e-5)
    assert np.hypot(*np.subtract(psf_moments(local.image)[1:], 20)) < 0.02


def test_beyond_them_and_with_few_of_them_the_nearest_counts(placed):
    np.testing.assert_array_equal(placed.at(-500, -500).image, placed.at(10, 20).image)
    for chosen in ([0, 1], [0, 2, 4]):  # two, and three on a line
        few = PlacedPsfs(placed.images[chosen], GRID[chosen], Sampling(), "few")
        np.testing.assert_array_equal(few.at(12, 25).image, placed.at(10, 20).image)


def test_what_does_not_fit_together_is_refused(placed):
    with pytest.raises(ImageError, match="grid.fits: expected"):
        PlacedPsfs(placed.images, GRID[:3], Sampling(), "grid.fits")
    with pytest.raises(ImageError, match="places that are numbers"):
        PlacedPsfs(placed.images, GRID * np.nan, Sampling(), "grid.fits")
    void = PlacedPsfs(np.zeros((6, 41, 41)), GRID, Sampling(), "void.fits")
    with pytest.raises(FrameError, match=r"void.fits, PSF \d: expected a positive sum"):
        void.at(50, 50)
