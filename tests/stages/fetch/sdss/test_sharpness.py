import numpy as np
import pytest

from clumpscope.core.field import LocalPsf
from clumpscope.ops.psf import gaussian_psf, sampled_gaussian
from clumpscope.stages.fetch.sdss.sharpness import (
    Sharpness,
    around,
    background,
    inner,
    least_ratios,
    neighbour_means,
)


@pytest.mark.parametrize("fwhm", [2.4, 3.0, 4.5])
def test_least_ratios_of_a_gaussian(fwhm):
    """In closed form: exp(-d^2 / 2 sigma^2) for neighbours at distance d of its centre."""
    sigma = fwhm / 2.3548
    beside, across = np.exp(-0.5 / sigma**2), np.exp(-1 / sigma**2)
    pairs = [beside, beside, across, across]
    others = [(sum(pairs) - pair) / 3 for pair in pairs]
    least = least_ratios(sampled_gaussian(fwhm))[0]
    np.testing.assert_allclose(least[[0, 1, 4, 5, 6, 7]], [*pairs[:2], *others], rtol=0.02)
    # Splines swing along the diagonals of a narrow PSF: less is asked there, not more.
    assert (least[2:4] <= 1.001 * across).all()
    assert (least[2:4] > (0.85 if fwhm < 3 else 0.97) * across).all()


def test_the_least_ratio_is_at_any_pixel_of_the_psf():
    lopsided = gaussian_psf(4.0, side=25).copy()
    lopsided[14:] *= 0.3  # a steep flank
    middle = np.array([12])
    own = neighbour_means(lopsided, middle, middle)[:, 0] / lopsided[12, 12]
    assert least_ratios(lopsided)[0, 0] < 0.85 * own[0]


def test_means_of_neighbours():
    image = np.arange(25.0).reshape(5, 5) ** 2
    around = image[1:4, 1:4]
    means = neighbour_means(image, np.array([2]), np.array([2]))[:, 0]
    pairs = [
        (around[0, 1] + around[2, 1]) / 2,
        (around[1, 0] + around[1, 2]) / 2,
        (around[0, 0] + around[2, 2]) / 2,
        (around[0, 2] + around[2, 0]) / 2,
    ]
    np.testing.assert_allclose(means[:4], pairs)
    np.testing.assert_allclose(means[4:], (np.sum(pairs) - pairs) / 3)


def test_inner_leaves_out_the_rim():
    rows, cols = inner(np.ones((7, 9), dtype=bool), 2)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (2, 4, 2, 6)


def test_tiles_are_those_of_their_places():
    class Widening:
        def at(self, row, col):
            fwhm = 2.5 + col / 1000 + row / 3000
            return LocalPsf(gaussian_psf(fwhm, side=25), fwhm, assumed=False)

    shape = (1489, 2048)
    sharpness = Sharpness.of(Widening(), shape)
    rows, cols = np.array([0, 1488]), np.array([0, 2047])
    least = sharpness.at(rows, cols)
    assert (least[:, 0] < least[:, 1]).all()
    corner = Widening().at(shape[0] / 6, shape[1] / 8).image
    np.testing.assert_array_equal(sharpness.image(0, 0), corner)
    np.testing.assert_allclose(least[:, 0], least_ratios(corner)[0])
    over = least_ratios(corner)[1]
    np.testing.assert_allclose(sharpness.over_background_at(rows, cols)[:, 0], over)
    assert (over <= least[:, 0] + 1e-6)[:4].all()  # a star's own wings are taken from both


def test_the_background_is_the_faintest_side():
    rows, cols = np.mgrid[:21, :21]
    slope = 100.0 + 3 * rows + 2 * cols
    slope[10, 10] += 900
    place = np.array([10]), np.array([10])
    np.testing.assert_allclose(background(slope, *place), slope[7, 7])
    np.testing.assert_allclose(background(slope - 500, *place), 0)


def test_around_repeats_the_rim():
    image = np.arange(12.0).reshape(3, 4)
    pixels = around(image, np.array([0, 1]), np.array([0, 2]), 1).reshape(2, 3, 3)
    np.testing.assert_array_equal(pixels[0], [[0, 0, 1], [0, 0, 1], [4, 4, 5]])
    np.testing.assert_array_equal(pixels[1], image[:3, 1:4])
