import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.field import LocalPsf
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.psf import gaussian_psf, normalised
from clumpscope.stages.fetch.sdss.band import make_bands
from clumpscope.stages.fetch.sdss.cosmic import cosmic_rays, filled
from clumpscope.stages.fetch.sdss.detectors import ccd_noise
from clumpscope.stages.fetch.sdss.frame import read_frame
from clumpscope.stages.fetch.sdss.sharpness import Sharpness
from places import SHARED
from star_scenes import OnePsf, noisy, star

FWHM = 3.2
SHAPE = (61, 61)


def sharpness(image, shape=SHAPE):
    return Sharpness.of(OnePsf(image, FWHM), shape)


PSF = sharpness(gaussian_psf(FWHM, side=25))


@given(
    dx=st.floats(-0.5, 0.5),
    dy=st.floats(-0.5, 0.5),
    log_flux=st.floats(2, 6.5),
    fwhm=st.floats(2.0, 5.0),
    shear=st.floats(-0.25, 0.25),
    lopsided=st.floats(0, 0.5),
    seed=st.integers(0, 999),
)
@settings(max_examples=60)
def test_a_point_source_is_never_hit(dx, dy, log_flux, fwhm, shear, lopsided, seed):
    """Drawn with the PSF itself, at any place within a pixel and of any brightness."""
    main = galsim.Moffat(3.5, fwhm=fwhm, flux=1 - lopsided).shear(g1=shear, g2=shear / 2)
    wing = galsim.Gaussian(fwhm=fwhm, flux=lopsided).shift(0.4 * fwhm, 0.5 * fwhm)
    model = galsim.Add(main, wing)
    psf = normalised(model.drawImage(nx=41, ny=41, scale=1.0, method="no_pixel").array)
    drawn = model.withFlux(10**log_flux).drawImage(
        nx=61, ny=61, scale=1.0, offset=(dx, dy), method="no_pixel"
    )
    image, noise = noisy(drawn.array.astype(float), seed)
    assert not cosmic_rays(image, noise, sharpness(psf)).any()


@given(
    x=st.floats(25, 35), y=st.floats(25, 35), peak=st.floats(100, 50000), seed=st.integers(0, 99)
)
@settings(max_examples=40)
def test_a_star_a_tenth_narrower_than_the_psf_is_not_hit(x, y, peak, seed):
    image, noise = noisy(star(SHAPE, x, y, peak, 0.9 * FWHM), seed)
    assert not cosmic_rays(image, noise, PSF).any()


def test_a_star_whose_core_was_interpolated_over_is_not_hit():
    # As in 8162-6-80 i: four pixels of a row made up, the first thrice as bright as it should be.
    narrow = sharpness(gaussian_psf(2.5, side=25))
    image = star(SHAPE, 30.2, 29.8, 3500, 2.7)
    image[31, 28:32] = (1190, 1290, 1700, 2260)
    image, noise = noisy(image)
    assert not cosmic_rays(image, noise, narrow).any()


def test_nothing_is_hit_on_the_rim():
    image, noise = noisy(np.zeros(SHAPE))
    image[:, :3] = 900  # columns that the pipeline makes up
    image[3, 30] = 900
    assert not cosmic_rays(image, noise, PSF).any()


def test_each_place_is_held_against_its_own_psf():
    """A ray in a sharp half of a frame is a star in the blurred half, and the other way round."""

    class TwoPsfs:
        def at(self, row, col):
            fwhm = 2.0 if col < 100 else 4.5
            return LocalPsf(gaussian_psf(fwhm, side=25), fwhm, assumed=False)

    shape = (200, 200)
    image, noise = noisy(star(shape, 50, 100, 5000, 2.2) + star(shape, 150, 100, 5000, 2.2))
    hit = cosmic_rays(image, noise, Sharpness.of(TwoPsfs(), shape))
    assert not hit[:, :100].any()
    assert hit[100, 150]


@given(seed=st.integers(0, 10**6), counts=st.floats(150, 5000), galaxy=st.booleans())
@settings(max_examples=40)
def test_cosmic_rays_are_found_where_they_hit(seed, counts, galaxy):
    light = star((61, 61), 30, 30, 400, 14) if galaxy else np.zeros((61, 61))
    image, noise = noisy(light, seed)
    rng = np.random.default_rng(seed)
    row, col = rng.integers(7, 54, 2)
    image[row, col] += counts + 3 * light[row, col]
    hit = cosmic_rays(image, noise, PSF)
    assert hit[row, col]
    # What is beside it may join it, a pixel farther a round.
    assert np.abs(np.argwhere(hit) - (row, col)).max() <= 3


def test_a_track_is_found_along_its_length():
    image, noise = noisy(np.zeros((61, 61)))
    for step in range(12):
        image[20 + step, 20 + 2 * step : 22 + 2 * step] += 600
    hit = cosmic_rays(image, noise, PSF)
    truth = np.zeros_like(hit)
    for step in range(12):
        truth[20 + step, 20 + 2 * step : 22 + 2 * step] = True
    assert hit[truth].mean() > 0.9
    assert hit[~truth].sum() <= 2


def test_noise_alone_is_not_hit():
    image, noise = noisy(np.zeros((400, 400)))
    assert not cosmic_rays(image, noise, sharpness(PSF.image(0, 0), image.shape)).any()


def test_filled_takes_the_median_of_the_good_pixels_around():
    image = np.arange(49.0).reshape(7, 7)
    bad = np.zeros((7, 7), dtype=bool)
    bad[3, 3] = bad[3, 4] = True
    out = filled(image, bad)
    assert out[3, 3] == np.median(np.delete(image[1:6, 1:6].ravel(), [12, 13]))
    np.testing.assert_array_equal(out[~bad], image[~bad])
    assert not filled(image, np.ones((7, 7), dtype=bool)).any()


@pytest.fixture(scope="module")
def sharp_field():
    path = SHARED / "sdss_sharp" / "frame-i-008162-6-0080.fits.bz2"
    if not path.is_file():
        pytest.skip(f"the sharp frame is not here: {path}")
    return make_bands({"i": read_frame(path, "i", ccd_noise(8162, 6, "i"))}, {})["i"]


def test_stars_of_the_sharp_frame_keep_their_cores(sharp_field):
    # Isolated stars of i = 16.4 to 17.9; 16 and more pixels of the first ones were taken.
    stars = ((1691, 341), (895, 876), (89, 281), (391, 275), (1876, 80), (621, 426), (300, 1182))
    for x, y in (*stars, (558, 669), (1066, 141), (396, 246), (634, 644)):
        near = sharp_field.mask[y - 4 : y + 5, x - 4 : x + 5]
        assert not (near & MaskBit.COSMIC_RAY).any(), (x, y)
    assert 0 < np.count_nonzero(sharp_field.mask & MaskBit.COSMIC_RAY) < 20
    # Whole stars of 16,000 to 20,000 DN are not saturated.
    for x, y in ((1714, 532), (1009, 555), (1011, 1003)):
        assert not sharp_field.mask[y - 4 : y + 5, x - 4 : x + 5].any(), (x, y)


def test_the_psf_of_the_sharp_frame_widens_along_its_rows(sharp_field):
    widths = [sharp_field.psf.at(744, x).fwhm_px for x in (100, 1000, 1950)]
    assert widths == pytest.approx([2.55, 2.73, 3.02], rel=0.015)
