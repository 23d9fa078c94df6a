"""Defects: what they do, and that they are as rare as the recipe says."""

import numpy as np
import pytest

from clumpscope.config.simulate import ArtefactsConfig, ObserveConfig
from clumpscope.core.galaxy import MaskBit
from clumpscope.stages.simulate import artefacts

BLANK = np.zeros((5, 80, 80))
SIGMA = np.array([0.04, 0.016, 0.025, 0.05, 0.19])
ALWAYS = ArtefactsConfig(trail=1, cosmic_ray=1, shift=1)
NEVER = ArtefactsConfig(trail=0, cosmic_ray=0, shift=0)


def test_a_saturated_star_loses_its_core_and_bleeds_along_columns():
    depth = np.array(ObserveConfig().saturation_nmgy)
    rows, cols = np.indices((80, 80))
    star = np.exp(-((rows - 40) ** 2 + (cols - 30) ** 2) / 8)
    images = 6 * depth[:, None, None] * star
    capped, masks = artefacts.saturated(images, ObserveConfig())
    for band in range(5):
        assert capped[band].max() == pytest.approx(depth[band])
        high = masks[band] > 0
        assert (masks[band][high] == MaskBit.SATURATED).all()
        assert np.ptp(np.flatnonzero(high.any(axis=1))) > 2 * np.ptp(
            np.flatnonzero(high.any(axis=0))
        )
        # All that was cut is masked, and what is not masked is unchanged.
        assert high[images[band] > depth[band]].all()
        assert np.array_equal(capped[band][~high], images[band][~high])
    assert images.max() == pytest.approx(6 * depth.max())


def test_nothing_saturates_below_the_depth():
    capped, masks = artefacts.saturated(BLANK + 1, ObserveConfig())
    assert np.array_equal(capped, BLANK + 1)
    assert not masks.any()


def test_only_bright_stars_have_four_spikes():
    flux = np.full(5, 5000.0)
    image = artefacts.spiked(BLANK, 40, 40, flux, 0.0)[2]
    assert image[40, 60] == pytest.approx(image[60, 40], rel=1e-6)
    assert image[40, 60] == pytest.approx(image[40, 20], rel=1e-6)
    assert image[40, 60] > 50 * image[55, 55]
    assert np.array_equal(artefacts.spiked(BLANK, 40, 40, flux / 10, 0.0), BLANK)


def test_a_trail_crosses_one_band():
    rng = np.random.default_rng(0)
    image = artefacts.trail(rng, BLANK, SIGMA, ALWAYS)
    hit = np.flatnonzero(image.any(axis=(1, 2)))
    assert len(hit) == 1
    assert 1.4 * SIGMA[hit[0]] < image.max() < 12 * SIGMA[hit[0]]
    assert np.array_equal(artefacts.trail(rng, BLANK, SIGMA, NEVER), BLANK)


def test_a_cosmic_ray_hits_a_few_pixels_of_one_band():
    rng = np.random.default_rng(0)
    for _ in range(20):
        image = artefacts.cosmic_ray(rng, BLANK, SIGMA, ALWAYS)
        assert len(np.flatnonzero(image.any(axis=(1, 2)))) == 1
        assert 1 <= np.count_nonzero(image) <= 4
    assert np.array_equal(artefacts.cosmic_ray(rng, BLANK, SIGMA, NEVER), BLANK)


def test_one_band_is_displaced_but_never_r():
    rng = np.random.default_rng(0)
    moved = np.array([artefacts.displace(rng, np.zeros((5, 2)), ALWAYS) for _ in range(60)])
    assert not moved[:, 2].any()
    assert (moved.any(axis=2).sum(axis=1) == 1).all()
    assert np.abs(moved).max() <= 1
    assert not artefacts.displace(rng, np.zeros((5, 2)), NEVER).any()


def test_sky_is_left_uneven_by_as_much_as_asked():
    rng = np.random.default_rng(0)
    skies = np.array([artefacts.uneven_sky(rng, (20, 20), SIGMA, 0.1) for _ in range(300)])
    assert skies[:, :, 10, 10].std(axis=0) == pytest.approx(0.1 * SIGMA, rel=0.15)
    assert skies[0, 0, 0, 0] != skies[0, 0, 0, -1]
