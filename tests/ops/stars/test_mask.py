"""Stars in masks: circles, spikes, halos that are cut back, faint stars named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.stars import Stars
from clumpscope.ops.stars import in_halo, seen_from, star_mask, with_stars

SHAPE = (101, 121)


def stars_at(image, xy, radius=4.0, faint=False, spike=0.0, angle=0.0):
    sky = native_to_sky(np.asarray(xy, float).reshape(-1, 2), image.wcs)
    n = len(sky)
    return Stars(
        bands=("r",),
        ra=sky[:, 0],
        dec=sky[:, 1],
        mag=np.full((n, 1), 16.0),
        radius_arcsec=np.broadcast_to(radius, n).astype(float),
        spike_arcsec=np.full(n, spike),
        spike_angle_deg=np.full(n, angle),
        saturated=np.zeros(n, dtype=bool),
        faint=np.broadcast_to(faint, n).copy(),
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(-20, 140), st.floats(-20, 120), st.floats(1, 30))
def test_a_star_masks_the_circle_of_its_radius(x, y, radius):
    image = scenes.galaxy(shape=SHAPE, bands="r", noise=False)
    mask = star_mask(SHAPE, image.wcs, stars_at(image, [x, y], radius * scenes.PIXSCALE))
    rows, cols = np.indices(SHAPE)
    distance = np.hypot(cols - x, rows - y)
    assert mask[distance < radius - 0.01].all()
    assert not mask[distance > radius + 0.01].any()


@pytest.mark.parametrize("turn", [0.0, 30.0, 75.0])
def test_spikes_are_four_arms_at_their_position_angle(turn):
    wcs = scenes.make_wcs(SHAPE, rotation_deg=20)
    image = scenes.galaxy(shape=SHAPE, bands="r", noise=False, wcs=wcs)
    stars = stars_at(image, [60, 50], 3.0, spike=14.0, angle=turn)
    mask = star_mask(SHAPE, wcs, stars)
    for arm in range(4):
        angle = np.radians(turn + 90 * arm)
        for away, expected in ((12.0, True), (16.0, False)):
            step = np.array([np.sin(angle) / np.cos(np.radians(stars.dec[0])), np.cos(angle)])
            sky = np.array([stars.ra[0], stars.dec[0]]) + away / 3600 * step
            x, y = (round(v) for v in wcs.wcs_world2pix([sky], 0)[0])
            assert mask[y, x] == expected


def test_faint_stars_are_named_bright_ones_masked_in_all_bands_and_the_target_neither():
    image = scenes.galaxy(shape=SHAPE)
    stars = stars_at(
        image, [[20, 20], [60.2, 50.4], [90, 80], [22, 22]], 4.0, [False, False, True, True]
    )
    marked = with_stars(image, stars)
    assert marked.stars == pytest.approx(np.array([[90, 80]]), abs=1e-6)
    for plane in marked.bands.values():
        assert plane.mask[20, 20] == MaskBit.STAR
        assert plane.mask[50, 60] == 0
        assert plane.mask[80, 90] == 0


def test_a_halo_in_which_the_target_lies_is_cut_back_and_said():
    image = scenes.galaxy(shape=SHAPE)
    halo = stars_at(image, [110, 50], radius=40.0)
    away = 50 * scenes.PIXSCALE
    assert in_halo(halo, image.ra, image.dec)
    assert not in_halo(stars_at(image, [110, 50], radius=18.0), image.ra, image.dec)
    seen = seen_from(halo, image.ra, image.dec, 1.3)
    assert seen.radius_arcsec == pytest.approx([max(16.0, away / 2)], rel=1e-3)
    assert not with_stars(image, halo)["r"].mask[50, 60]


def test_a_star_close_by_keeps_its_whole_mask():
    image = scenes.galaxy(shape=SHAPE)
    near = stars_at(image, [70, 50], radius=8.0)
    assert seen_from(near, image.ra, image.dec, 1.3).radius_arcsec.tolist() == [8.0]
