import numpy as np
import pytest
from photutils.aperture import CircularAperture

import scenes
from clumpscope.stages.measure.fluxes import SECTORS, solve
from clumpscope.stages.measure.stamps import Stamps

SHAPE = (40, 50)
Y, X = (plane.ravel().astype(float) for plane in np.indices(SHAPE))


def images(xy):
    return np.array([scenes.point_sources(SHAPE, [one], 1.0, scenes.FWHM_PX).ravel() for one in xy])


def aperture_weights(xy, radius):
    cols, rows = X.astype(int), Y.astype(int)
    return Stamps.of(xy, cols, rows, radius + 1).circles([radius])[0]


def solved(data, variance, pictures, templates):
    n, p = pictures.shape
    no_ring = np.zeros((n, p), dtype=int)
    return solve(data, variance, pictures, templates, None, np.zeros(n, dtype=bool), no_ring)


@pytest.mark.parametrize("at", [(20.2, 19.7), (25.5, 20.5), (0.4, 10.0), (49.6, 39.0)])
def test_aperture_weights_are_photutils(at):
    xy = np.array([at])
    weights = aperture_weights(xy, 4.3)
    expected = CircularAperture(xy, 4.3).to_mask(method="exact")[0].to_image(SHAPE)
    np.testing.assert_allclose(weights[0].reshape(SHAPE), expected, atol=1e-12)


def test_a_joint_psf_fit_is_least_squares():
    xy = np.array([[20.0, 20.0], [24.5, 21.0]])
    rng = np.random.default_rng(3)
    pictures = images(xy)
    data = np.array([5.0, 2.0]) @ pictures + rng.normal(0, 0.02, X.size)
    variance = np.full(X.size, 4e-4)
    found = solved(data, variance, pictures, pictures)
    exact = np.linalg.lstsq(pictures.T, data, rcond=None)[0]
    assert found.flux == pytest.approx(exact)
    covariance = np.linalg.inv(pictures @ pictures.T) * 4e-4
    assert found.flux_err == pytest.approx(np.sqrt(np.diag(covariance)))


def test_apertures_know_their_own_losses_and_their_neighbours():
    xy = np.array([[20.0, 20.0], [30.0, 20.0]])
    pictures = images(xy)
    apertures = aperture_weights(xy, 4.0)
    found = solved(np.array([5.0, 200.0]) @ pictures, np.ones(X.size), pictures, apertures)
    assert found.flux == pytest.approx([5.0, 200.0])
    assert found.correction == pytest.approx(1 / (apertures * pictures).sum(axis=1))


def test_two_sources_at_one_place_share_the_light():
    pictures = images(np.array([[20.0, 20.0], [20.0, 20.0]]))
    found = solved(np.array([6.0, 0.0]) @ pictures, np.ones(X.size), pictures, pictures)
    assert found.flux == pytest.approx([3.0, 3.0])


def test_structure_around_a_clump_widens_its_error():
    """Waves of 30 px: of single pixels' size they would be lost in the noise of pixels."""
    xy = np.array([[25.0, 20.0]])
    pictures = images(xy)
    apertures = aperture_weights(xy, 3.7)
    distance = np.hypot(X - 25, Y - 20)
    turn = np.arctan2(Y - 20, X - 25) / (2 * np.pi) + 0.5
    ring = (distance > 3.3) & (distance < 8.2)
    sector = np.where(ring, 1 + np.minimum(SECTORS * turn, SECTORS - 1).astype(int), 0)[None]
    none, variance = np.zeros(1, dtype=bool), np.full(X.size, 4e-4)
    calm, wild, noise = [], [], 0.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        quiet = rng.normal(0, 0.02, X.size)
        rough = quiet + 0.02 * np.sin(X / 4.8 + seed) * np.sin(Y / 4.8 + 2 * seed)
        for found, sky in ((calm, quiet), (wild, rough)):
            one = solve(5 * pictures[0] + sky, variance, pictures, apertures, None, none, sector)
            found.append(one.structure[0])
            noise = np.sqrt(one.flux_err[0] ** 2 - one.structure[0] ** 2)
    assert np.sqrt(np.mean(np.square(calm))) < 0.5 * noise
    assert 0.3 * np.pi * 3.7**2 * 0.01 < np.median(wild) < 3 * np.pi * 3.7**2 * 0.01
    assert np.median(wild) > 2 * np.median(calm)
