import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.psf import gaussian_psf, normalised
from clumpscope.stages.fetch.sdss.cosmic import cosmic_rays
from clumpscope.stages.fetch.sdss.mask import bleeding_trails, frame_mask, saturated_cores
from clumpscope.stages.fetch.sdss.sharpness import Sharpness
from star_scenes import OnePsf, noisy, star

FWHM = 3.2


def sharpness(image):
    return Sharpness.of(OnePsf(image, FWHM), (61, 61))


PSF = sharpness(gaussian_psf(FWHM, side=25))


def interpolated(image, level=40000.0, seed=2):
    """A saturated star as SDSS leaves it: every row of the core made up apart from the others."""
    rng = np.random.default_rng(seed)
    out = image.copy()
    for row in np.flatnonzero((image > level).any(axis=1)):
        cols = np.flatnonzero(image[row] > level)
        wide = slice(max(cols[0] - 2, 0), cols[-1] + 3)
        out[row, wide] = rng.uniform(2500, 6000)
    return out


@given(
    x=st.floats(25, 35),
    y=st.floats(25, 35),
    peak=st.floats(100, 50000),
    fwhm=st.floats(0.9 * FWHM, 1.1 * FWHM),
    seed=st.integers(0, 999),
)
@settings(max_examples=60)
def test_an_unsaturated_star_is_neither_saturated_nor_a_cosmic_ray(x, y, peak, fwhm, seed):
    # The PSF of a real frame varies by several per cent, hence the range of widths.
    image, noise = noisy(star((61, 61), x, y, peak, fwhm), seed)
    assert not saturated_cores(image, PSF).any()
    assert not cosmic_rays(image, noise, PSF).any()


@given(x=st.floats(25, 35), y=st.floats(25, 35), brightness=st.floats(3, 200))
@settings(max_examples=40)
def test_a_saturated_core_is_found_whole(x, y, brightness):
    true = star((61, 61), x, y, 40000 * brightness, FWHM)
    image, _ = noisy(interpolated(true))
    cores = saturated_cores(image, PSF)
    assert cores[true > 40000].all()
    assert not cores[~ndimage.binary_dilation(true > 1500, iterations=5)].any()


def test_a_bright_broad_galaxy_is_not_saturated():
    # A nucleus of 6000 DN and twice the PSF's width: 16.8 mag a square arcsecond in r.
    image, _ = noisy(star((61, 61), 30, 30, 6000, 2.2 * FWHM) + star((61, 61), 30, 30, 900, 20))
    assert not saturated_cores(image, PSF).any()


def test_a_trail_is_followed_along_its_columns_and_no_farther():
    true = star((301, 61), 30, 150, 4e6, FWHM)
    tall = Sharpness.of(OnePsf(gaussian_psf(FWHM, side=25), FWHM), true.shape)
    image = interpolated(true)
    image[150:240, 28:33] += 300
    image, noise = noisy(image)
    cores = saturated_cores(image, tall)
    trails = bleeding_trails(image, noise, cores)
    assert trails[165:235, 29:32].mean() > 0.97
    assert not trails[255:].any()
    assert not trails[:100].any()
    assert not trails[:, :20].any()


def test_without_a_core_there_is_no_trail():
    image, noise = noisy(np.zeros((60, 60)))
    image[:, 30] += 200
    assert not bleeding_trails(image, noise, np.zeros((60, 60), dtype=bool)).any()


def test_the_mask_of_a_frame_has_all_its_bits(bands):
    frame = bands["r"].frame
    data = frame.data.copy()
    data[10, 200] = np.nan
    data[265, 90] += 3.0
    mask = frame_mask(type(frame)(**{**vars(frame), "data": data}), bands["r"].psf)
    assert mask.dtype == np.uint8
    assert mask[10, 200] == MaskBit.NO_DATA
    assert mask[265, 90] == MaskBit.COSMIC_RAY
    # The field has no saturated star, and its stars are not cosmic rays.
    assert np.count_nonzero(mask) == pytest.approx(2, abs=2)


def test_a_star_of_a_lopsided_psf_is_not_saturated():
    # The least ratio is on the PSF's flank: held against its middle pixel, such stars were.
    model = galsim.Add(
        galsim.Gaussian(fwhm=2.0, flux=0.6), galsim.Gaussian(fwhm=2.4, flux=0.4).shift(1.2, 1.4)
    )
    psf = normalised(model.drawImage(nx=25, ny=25, scale=1.0).array)
    for dx, dy in np.random.default_rng(4).uniform(-0.5, 0.5, (20, 2)):
        image = model.drawImage(nx=61, ny=61, scale=1.0, offset=(dx, dy)).array
        noised, noise = noisy(image * 12000 / image.max())
        assert not saturated_cores(noised, sharpness(psf)).any()
        assert not cosmic_rays(noised, noise, sharpness(psf)).any()
