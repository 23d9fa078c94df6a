"""The stand-in for volunteers: what is seen, and the boxes of what is."""

import numpy as np
import pytest

from clumpscope.config.simulate import SimulateConfig, SimulatedLabelsConfig
from clumpscope.stages.simulate.labels import labels, visibility
from clumpscope.stages.simulate.sources import Sources
from clumpscope.stages.simulate.survey import simulate_galaxy

SIZE = 61
VARIANCE = np.full((5, SIZE, SIZE), 0.02**2)


@pytest.fixture(scope="module")
def image():
    galaxy = simulate_galaxy("sim1", SimulateConfig(), 1)
    bands = {
        band: type(plane)(
            np.zeros((SIZE, SIZE), np.float32),
            np.ones((SIZE, SIZE), np.float32),
            np.zeros((SIZE, SIZE), np.uint8),
            plane.wcs,
            plane.psf_fwhm_arcsec,
        )
        for band, plane in galaxy.image.bands.items()
    }
    return type(galaxy.image)("g", bands, galaxy.image.ra, galaxy.image.dec)


def sources(flux, label=1):
    n = len(flux)
    return Sources(
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.repeat(np.array(flux, float)[:, None], 5, axis=1),
        np.full(n, label),
    )


def seen(image, flux, xy=None, light=0.0, config=None, label=1):
    xy = np.full((len(flux), 2), 34.0) if xy is None else np.array(xy, float)
    lit = np.full((5, SIZE, SIZE), light)
    config = config or SimulatedLabelsConfig(rival=0.0)
    return visibility(sources(flux, label), xy, lit, VARIANCE, image, 20.0, config)


def test_half_see_a_source_at_the_recipe_s_signal_to_noise(image):
    sigma = image["g"].psf_fwhm_arcsec / image.pixscale_arcsec / 2.3548
    config = SimulatedLabelsConfig(rival=0.0, snr=6.0, contrast=1e-6)
    flux = 6.0 * 0.02 * np.sqrt(4 * np.pi) * sigma
    assert seen(image, [flux], config=config)[0] == pytest.approx(0.5, abs=0.01)
    assert seen(image, [2 * flux], config=config)[0] > 0.95
    assert seen(image, [flux / 2], config=config)[0] < 0.05


def test_a_bright_host_hides_clumps(image):
    assert seen(image, [3.0], light=0.5)[0] > 0.9
    assert seen(image, [3.0], light=50.0)[0] < 0.05


def test_far_out_odd_sources_are_not_marked(image):
    near, far, outside = seen(
        image,
        [20.0, 20.0, 20.0],
        [[34, 30], [58, 30], [90, 30]],
        label=2,
        config=SimulatedLabelsConfig(odd=1.0),
    )
    assert near > 0.9
    assert 0 < far < 0.5
    assert outside == 0


def test_beside_a_prominent_clump_faint_ones_are_not_marked(image):
    config = SimulatedLabelsConfig(rival=0.4)
    alone = seen(image, [2.0], config=config)[0]
    beside = seen(image, [2.0, 20.0], config=config)
    assert alone > 0.8
    assert beside[0] < 0.05
    assert beside[1] > 0.95


def test_odd_sources_in_plain_sight_are_marked_by_some(image):
    assert seen(image, [20.0], label=2, config=SimulatedLabelsConfig(odd=0.4))[0] == pytest.approx(
        0.4, 0.05
    )


def test_boxes_are_two_fwhm_wide_and_near_sources_share_one(image):
    found = sources([1.0, 3.0, 1.0])
    fwhm = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
    xy = np.array([[20.0, 20.0], [20.0 + 0.5 * fwhm, 20.0], [40.0, 30.0]])
    table = labels("g", found, xy, image, np.array([True, True, True]))
    assert len(table["label"]) == 2
    corners = np.column_stack([table[name] for name in ("x1", "y1", "x2", "y2")]) * SIZE
    assert corners[:, 2] - corners[:, 0] == pytest.approx(2 * fwhm)
    assert corners[:, 3] - corners[:, 1] == pytest.approx(2 * fwhm)
    centre = (corners[:, :2] + corners[:, 2:]) / 2 - 0.5
    # Weighted by flux.
    assert centre[0] == pytest.approx([20 + 0.75 * 0.5 * fwhm, 20])
    assert centre[1] == pytest.approx([40, 30])


def test_nothing_seen_no_boxes(image):
    table = labels("g", sources([1.0]), np.array([[20.0, 20.0]]), image, np.array([False]))
    assert len(table["label"]) == len(table["x1"]) == len(table["ra"]) == 0
