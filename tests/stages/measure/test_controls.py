import numpy as np
import pytest
from scipy import ndimage

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import measure
from clumpscope.stages.measure.controls import Controls, _places
from clumpscope.stages.measure.host import Ellipse, HostBasis

SHAPE = (61, 61)
Y, X = (plane.ravel().astype(float) for plane in np.indices(SHAPE))
FWHM = 3.3
CONFIG = MeasureConfig(bands=("r",))


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_places_lie_on_the_isophotes_clear_of_clumps(ratio):
    ellipse = Ellipse(30.0, 31.0, ratio, 0.7)
    xy = np.array([[42.0, 31.0], [30.0, 22.0]])
    places, owner = _places(ellipse, xy, FWHM)
    own, _ = ellipse.polar(xy, FWHM)
    radius, _ = ellipse.polar(places, FWHM)
    assert set(np.unique((radius - own[owner]).round(6))) == {-0.7, 0.0, 0.7}
    apart = np.hypot(*(places[:, None] - xy).transpose(2, 0, 1))
    assert apart.min() > 1.6 * FWHM
    assert np.bincount(owner).min() > 10


def host(sigma, ripple, seed, fit=True):
    """Controls of one clump on a disk whose arms a model of an ellipse does not follow."""
    rng = np.random.default_rng(seed)
    ellipse = Ellipse(30.0, 30.0, 1.0, 0.0)
    radius, azimuth = ellipse.polar(np.column_stack([X, Y]), FWHM)
    xy = np.array([[44.0, 30.0]])
    fitted = np.full(X.size, fit) & (np.hypot(X - 44, Y - 30) > 0.7 * FWHM)
    basis = HostBasis.of(radius, azimuth, fitted, 8.0)
    data = np.exp(-radius) + rng.normal(0, sigma, X.size)
    data += ripple * rng.normal(0, 1, 9) @ [np.cos(k * azimuth + k) for k in range(4, 13)]
    controls = Controls.of(ellipse, xy, np.arange(X.size), SHAPE, basis, FWHM, 1.125)
    system = basis.system(data, sigma)
    residual = data - basis.fit(data, system)
    return controls.structure(residual, np.full(X.size, sigma**2), basis.fitted, system)[0]


def test_noise_alone_makes_little_structure_and_arms_make_theirs():
    pixels = np.pi * (1.125 * FWHM) ** 2
    noise = 0.02 * np.sqrt(pixels)
    quiet = [host(0.02, 0.0, seed) for seed in range(12)]
    assert np.mean(np.square(quiet)) < 0.15 * noise**2
    arms = [host(0.02, 0.05, seed) for seed in range(12)]
    # Nine waves of rms 0.05 / sqrt 2 each, smoothed by the aperture.
    assert 0.4 * 0.1 * pixels < np.sqrt(np.mean(np.square(arms))) < 1.5 * 0.1 * pixels
    assert host(0.02, 0.05, 0, fit=False) == 0


def test_errors_hold_where_structure_hides_below_the_noise_of_pixels():
    """Random fields of the PSF's size and half a pixel's noise: twice an aperture's noise."""
    rng = np.random.default_rng(6)
    pulls = []
    for seed in range(24):
        image = scenes.galaxy(
            f"g{seed}", (101, 101), [], host_flux=40.0, scale_px=9.0, bands=("r",), seed=seed
        )
        patches = ndimage.gaussian_filter(rng.normal(0, 1, image.shape), scenes.FWHM_PX / 2.355)
        plane = image["r"]
        light = plane.data + 0.5 * scenes.SKY_SIGMA * patches / patches.std()
        object.__setattr__(plane, "data", light.astype(np.float32))
        outline = galaxy_outline(image, RefineConfig())
        turn = rng.uniform(0, 2 * np.pi)
        for k in range(3):
            angle = turn + 2 * np.pi / 3 * k
            xy = 50 + 17 * np.array([[np.cos(angle), np.sin(angle)]])
            found = measure(image, xy, CONFIG, outline)
            pulls.append(found.flux[0, 0] / found.flux_err[0, 0])
    low, high = np.percentile(pulls, [16, 84])
    assert (high - low) / 2 == pytest.approx(1.05, abs=0.25)
