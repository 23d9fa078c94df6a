"""Stars found in small scenes: on blank sky, on a galaxy, saturated, and what is none."""

from dataclasses import replace

import numpy as np
import pytest

import scenes
from clumpscope.core.frames import sky_to_native
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.ops.stars import find_stars, host_is_star, starred, views_of
from clumpscope.ops.stars.wings import wings

SHAPE = (120, 120)
# Colours of a G star on the main sequence, and of a young clump.
STAR = {"u": 0.2, "g": 0.661, "r": 1.0, "i": 1.175, "z": 1.25}
CLUMP = {"u": 0.9, "g": 1.0, "r": 0.95, "i": 0.8, "z": 0.75}


def scene(*sources, host_flux=0.0, **keywords):
    """Sources are (x, y, flux in r, colours)."""
    xy = [(x, y) for x, y, _, _ in sources]
    flux = {band: [flux * colours[band] for _, _, flux, colours in sources] or 0.0 for band in STAR}
    return scenes.galaxy(shape=SHAPE, xy=xy, flux=flux, host_flux=host_flux, **keywords)


def places(image):
    stars = find_stars(views_of(image))
    return stars, sky_to_native(np.column_stack([stars.ra, stars.dec]), image.wcs)


def test_stars_on_blank_sky_are_found_with_their_magnitudes_brightest_first():
    image = scene((30.3, 40.6, 20.0, STAR), (90.2, 80.4, 200.0, STAR), (60, 100, 0.05, STAR))
    stars, xy = places(image)
    assert xy == pytest.approx(np.array([[90.2, 80.4], [30.3, 40.6]]), abs=0.1)
    r = stars.bands.index("r")
    assert stars.mag[:, r] == pytest.approx(22.5 - 2.5 * np.log10([200, 20]), abs=0.02)
    colour = stars.mag[:, stars.bands.index("g")] - stars.mag[:, r]
    assert colour == pytest.approx(-2.5 * np.log10(0.661), abs=0.02)
    assert stars.faint.tolist() == [False, False]
    assert not stars.saturated.any()


def test_the_radius_is_where_the_wings_are_three_tenths_of_the_noise():
    stars, _ = places(scene((60, 60, 2000.0, STAR)))
    brightness = 2000 * 1.25 * wings(stars.radius_arcsec[0]) * scenes.PIXSCALE**2  # z is brightest
    assert brightness == pytest.approx(0.3 * scenes.SKY_SIGMA, rel=0.05)


def test_only_stars_that_the_psf_takes_away_are_faint():
    stars, _ = places(scene((40, 60, 8.0, STAR), (80, 60, 40.0, STAR)))
    # 2 % of the peaks of 8 and 40 nmgy in z are 0.016 and 0.08.
    assert stars.faint.tolist() == [False, True]


def test_galaxies_are_none():
    assert not len(find_stars(views_of(scene(host_flux=400, scale_px=2.5))))
    assert not len(find_stars(views_of(scene(host_flux=400, scale_px=8))))


def test_on_a_galaxy_the_colours_decide():
    where = (70.4, 66.2, 40.0)
    star = scene((*where, STAR), host_flux=300, scale_px=12)
    clump = scene((*where, CLUMP), host_flux=300, scale_px=12)
    assert places(star)[1] == pytest.approx(np.array([where[:2]]), abs=0.1)
    assert not len(find_stars(views_of(clump)))


def test_a_saturated_star_gets_its_flux_from_its_wings():
    image = scene((90, 60, 0.0, STAR))
    y, x = np.indices(SHAPE)
    radius = np.hypot(x - 60, y - 60) * scenes.PIXSCALE
    light = 3e4 * wings(np.maximum(radius, 1)) * scenes.PIXSCALE**2
    core = radius < 3.0
    bands = {
        band: replace(
            plane,
            data=(plane.data + np.where(core, 100, STAR[band] * light)).astype(np.float32),
            mask=np.where(core, np.uint8(MaskBit.SATURATED), np.uint8(0)),
        )
        for band, plane in image.bands.items()
    }
    stars, xy = places(GalaxyImage("g", bands, image.ra, image.dec))
    assert stars.saturated.tolist() == [True]
    assert xy == pytest.approx(np.array([[60, 60]]), abs=0.5)
    expected = 22.5 - 2.5 * np.log10(3e4 * np.array([STAR[band] for band in stars.bands]))
    assert stars.mag[0] == pytest.approx(expected, abs=0.05)
    assert stars.radius_arcsec[0] > 30


def test_a_target_that_is_a_star_is_seen_and_left_alone():
    star = scene((59.5, 59.5, 60.0, STAR), (20, 20, 60.0, STAR))
    galaxy = scene(host_flux=400, scale_px=5)
    cored = scene((59.5, 59.5, 60.0, STAR), host_flux=400, scale_px=9)
    assert [host_is_star(image) for image in (star, galaxy, cored)] == [True, False, False]
    mask = starred(star)["r"].mask & MaskBit.STAR
    assert not mask[50:70, 50:70].any()
    assert mask[20, 20]


def test_without_a_wcs_or_data_there_are_none():
    image = scene((30, 40, 20.0, STAR))
    bare = {band: replace(plane, wcs=None) for band, plane in image.bands.items()}
    assert not len(find_stars(views_of(GalaxyImage("g", bare))))
    dark = {
        band: replace(plane, data=np.full(SHAPE, np.nan, np.float32), variance=plane.variance * 0)
        for band, plane in image.bands.items()
    }
    assert not len(find_stars(views_of(GalaxyImage("g", dark, image.ra, image.dec))))
