import numpy as np
import pytest

from clumpscope.ops.psf import gaussian_psf, sampled_gaussian
from clumpscope.stages.fetch.band import LocalPsf
from clumpscope.stages.fetch.sdss.sharpness import Sharpness, inner, least_ratios, neighbour_means


@pytest.mark.parametrize("fwhm", [2.4, 3.0, 4.5])
def test_least_ratios_of_a_gaussian(fwhm):
    """In closed form: exp(-d^2 / 2 sigma^2) for neighbours at distance d of its centre."""
    sigma = fwhm / 2.3548
    beside, across = np.exp(-0.5 / sigma**2), np.exp(-1 / sigma**2)
    pairs = [beside, beside, across, across]
    others = [(sum(pairs) - pair) / 3 for pair in pairs]
    least = least_ratios(sampled_gaussian(fwhm))
    np.testing.assert_allclose(least[[0, 1, 4, 5, 6, 7]], [*pairs[:2], *others], rtol=0.02)
    # Splines swing along the diagonals of a narrow PSF: less is asked there, not more.
    assert (least[2:4] <= 1.001 * across).all()
    assert (least[2:4] > (0.85 if fwhm < 3 else 0.97) * across).all()


def test_the_least_ratio_is_at_any_pixel_of_the_psf():
    lopsided = gaussian_psf(4.0, side=25).copy()
    lopsided[14:] *= 0.3  # a steep flank
    middle = np.array([12])
    own = neighbour_means(lopsided, middle, middle)[:, 0] / lopsided[12, 12]
    assert least_ratios(lopsided)[0] < 0.85 * own[0]


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
    np.testing.assert_allclose(least[:, 0], least_ratios(corner))
