from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.config.run import RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.stages.refine import refine
from clumpscope.stages.refine.recentre import recentre

SHAPE = (80, 80)
TRUE = np.array([[50.3, 41.8]])
FWHM = scenes.FWHM_PX


def image(flux=8.0, xy=TRUE, **kwargs):
    return scenes.galaxy(shape=SHAPE, xy=xy, flux=flux, host_flux=200, **kwargs)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.33), st.floats(0, 2 * np.pi))
def test_a_clump_is_drawn_to_its_peak(distance, angle):
    start = TRUE + distance * FWHM * np.array([[np.cos(angle), np.sin(angle)]])
    found = recentre(image(noise=False), start, FWHM, 0.35 * FWHM)
    assert found == pytest.approx(TRUE, abs=0.05)


def test_scatter_shrinks_and_knows_no_direction():
    rng = np.random.default_rng(1)
    before = TRUE + rng.normal(0, 0.25, (40, 2))
    after = np.concatenate(
        [
            recentre(image(flux=3.0, seed=k), start[None], FWHM, 0.35 * FWHM)
            for k, start in enumerate(before)
        ]
    )
    assert np.abs(after.mean(axis=0) - TRUE).max() < 0.04
    assert after.std(axis=0).max() < 0.6 * before.std(axis=0).min()


def test_a_peak_too_far_away_and_a_faint_clump_leave_it_in_its_place():
    far = TRUE + [[0.6 * FWHM, 0]]
    assert recentre(image(noise=False), far, FWHM, 0.35 * FWHM).tolist() == far.tolist()
    start = TRUE + [[0.2, 0.1]]
    faint = recentre(image(flux=0.05, seed=3), start, FWHM, 0.35 * FWHM)
    assert faint.tolist() == start.tolist()


def test_neighbours_stay_apart():
    xy = np.array([[40.0, 50.0], [40.0 + 1.2 * FWHM, 50.0]])
    start = xy + [[0.3, 0.0], [-0.3, 0.2]]
    found = recentre(image([8.0, 5.0], xy, noise=False), start, FWHM, 0.35 * FWHM)
    assert found == pytest.approx(xy, abs=0.1)


def test_off_the_image_nothing_happens():
    start = np.array([[-3.0, 40.0], [79.4, 79.4]])
    assert recentre(image(), start, FWHM, 1.0).tolist() == start.tolist()


@pytest.mark.parametrize(("offset", "moved"), [(0.1, False), (0.3, True)])
def test_refined_positions_are_the_peaks_and_large_moves_are_flagged(offset, moved):
    boxes = scenes.boxes_at(TRUE + [[offset * FWHM, 0]], SHAPE)
    found = refine(image(noise=False), boxes, RefineConfig(), 0.3)
    assert found.xy == pytest.approx(TRUE, abs=0.05)
    assert bool(found.flags[0] & ClumpFlag.MOVED) == moved
    kept = refine(image(noise=False), boxes, RefineConfig(recentre_fwhm=0), 0.3)
    assert kept.xy == pytest.approx(TRUE + [[offset * FWHM, 0]])


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_masked_pixels_do_not_draw_a_clump(value):
    """Zeros beyond a frame's edge, and a cosmic ray, are no light."""
    clean = image(noise=False)
    planes = {}
    for band, plane in clean.bands.items():
        data, mask = plane.data.copy(), plane.mask.copy()
        hit = (slice(None), slice(53, None)) if value == 0 else (42, 52)
        if value == 0 or band == "r":
            data[hit], mask[hit] = value, MaskBit.NO_DATA
        planes[band] = replace(plane, data=data, mask=mask)
    found = recentre(GalaxyImage("g", planes), TRUE + [[0.2, -0.1]], FWHM, 0.35 * FWHM)
    assert found == pytest.approx(TRUE, abs=0.05)
