import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.psf import gaussian_psf
from clumpscope.stages.fetch.sdss.mask import (
    bleeding_trails,
    cosmic_rays,
    filled,
    frame_mask,
    saturated_cores,
)

FWHM = 3.2
PSF = gaussian_psf(FWHM, side=25)
SIGMA = FWHM / 2.3548


def star(shape, x, y, peak, fwhm=FWHM):
    rows, cols = np.indices(shape)
    return peak * np.exp(-4 * np.log(2) * ((cols - x) ** 2 + (rows - y) ** 2) / fwhm**2)


def noisy(image, seed=1, sigma=10.0, gain=4.0):
    rng = np.random.default_rng(seed)
    variance = sigma**2 + np.maximum(image, 0) / gain
    return image + rng.normal(0, np.sqrt(variance)), np.sqrt(variance)


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
    fwhm=st.floats(0.92 * FWHM, 1.1 * FWHM),
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
    true = star((61, 61), x, y, 40000 * brightness)
    image, _ = noisy(interpolated(true))
    cores = saturated_cores(image, PSF)
    assert cores[true > 40000].all()
    assert not cores[~ndimage.binary_dilation(true > 1500, iterations=5)].any()


def test_a_bright_broad_galaxy_is_not_saturated():
    # A nucleus of 6000 DN and twice the PSF's width: 16.8 mag a square arcsecond in r.
    image, _ = noisy(star((61, 61), 30, 30, 6000, 2.2 * FWHM) + star((61, 61), 30, 30, 900, 20))
    assert not saturated_cores(image, PSF).any()


def test_a_trail_is_followed_along_its_columns_and_no_farther():
    true = star((301, 61), 30, 150, 4e6)
    image = interpolated(true)
    image[150:240, 28:33] += 300
    image, noise = noisy(image)
    cores = saturated_cores(image, PSF)
    trails = bleeding_trails(image, noise, cores)
    assert trails[165:235, 29:32].mean() > 0.97
    assert not trails[255:].any()
    assert not trails[:100].any()
    assert not trails[:, :20].any()


def test_without_a_core_there_is_no_trail():
    image, noise = noisy(np.zeros((60, 60)))
    image[:, 30] += 200
    assert not bleeding_trails(image, noise, np.zeros((60, 60), dtype=bool)).any()


@given(seed=st.integers(0, 10**6), counts=st.floats(150, 5000), galaxy=st.booleans())
@settings(max_examples=40)
def test_cosmic_rays_are_found_where_they_hit(seed, counts, galaxy):
    light = star((61, 61), 30, 30, 400, 14) if galaxy else np.zeros((61, 61))
    image, noise = noisy(light, seed)
    rng = np.random.default_rng(seed)
    row, col = rng.integers(3, 58, 2)
    image[row, col] += counts + 3 * light[row, col]
    hit = cosmic_rays(image, noise, PSF)
    assert hit[row, col]
    assert hit.sum() <= 3


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
    assert cosmic_rays(image, noise, PSF).sum() == 0


def test_filled_takes_the_median_of_the_good_pixels_around():
    image = np.arange(49.0).reshape(7, 7)
    bad = np.zeros((7, 7), dtype=bool)
    bad[3, 3] = bad[3, 4] = True
    out = filled(image, bad)
    assert out[3, 3] == np.median(np.delete(image[1:6, 1:6].ravel(), [12, 13]))
    np.testing.assert_array_equal(out[~bad], image[~bad])
    assert not filled(image, np.ones((7, 7), dtype=bool)).any()


def test_the_mask_of_a_frame_has_all_its_bits(bands):
    frame = bands["r"].frame
    data = frame.data.copy()
    data[10, 200] = np.nan
    data[265, 90] += 3.0
    mask = frame_mask(type(frame)(**{**vars(frame), "data": data}), bands["r"].psf.image)
    assert mask.dtype == np.uint8
    assert mask[10, 200] == MaskBit.NO_DATA
    assert mask[265, 90] == MaskBit.COSMIC_RAY
    # The field has no saturated star, and its stars are not cosmic rays.
    assert np.count_nonzero(mask) == pytest.approx(2, abs=2)
