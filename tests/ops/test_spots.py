"""Signal-to-noise and contrast of point sources against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.errors import ImageError
from clumpscope.ops.spots import spots
from scenes import FWHM_PX, SKY_SIGMA, galaxy

MIDDLE = np.array([[49.5, 49.5]])


def changed(image: GalaxyImage, **fields) -> GalaxyImage:
    return replace(image, bands={"g": replace(image["g"], **fields)})


def test_snr_is_that_of_a_gaussian_on_blank_sky():
    # sum P^2 of a Gaussian is 1 / (4 pi sigma^2): F / (2 sqrt(pi) sigma_psf sigma_sky)
    image = galaxy(host_flux=0, level=1.0, bands="g")
    xy = [[49.5, 49.5], [30.2, 61.7], [0.0, 50.0]]
    found = spots(image, xy, [3.0, 1.5, 1.5]).snr
    expected = 3.0 / (2 * np.sqrt(np.pi) * FWHM_PX / 2.35482 * SKY_SIGMA)
    assert found[:2] == pytest.approx([expected, expected / 2], rel=3e-3)
    # At the edge half the light is seen, and a little more: its middle column.
    assert found[2] == pytest.approx(expected / 2 * np.sqrt(0.5 + 0.5 / 3), rel=0.05)


def test_contrast_is_flux_over_the_light_around():
    # half of a Gaussian's light lies within its FWHM: 2 F / (pi FWHM^2) over the level
    image = galaxy(host_flux=0, level=0.5, bands="g", noise=False)
    expected = 2 * 3.0 / (np.pi * FWHM_PX**2) / 0.5
    assert spots(image, [[49.5, 49.5], [20.3, 31.1]], [3.0, 6.0]).contrast == pytest.approx(
        [expected, 2 * expected], rel=5e-3
    )


def test_neighbours_do_not_count_as_host():
    near = MIDDLE + [[1.7 * FWHM_PX, 0.0]]
    xy = np.concatenate([MIDDLE, near])
    image = galaxy(xy=near, flux=50.0, host_flux=0, level=0.5, bands="g", noise=False)
    alone = spots(image, MIDDLE, [3.0]).contrast[0]
    together = spots(image, xy, [3.0, 50.0]).contrast[0]
    clean = 2 * 3.0 / (np.pi * FWHM_PX**2) / 0.5
    assert abs(together / clean - 1) < abs(alone / clean - 1)
    assert together == pytest.approx(clean, rel=0.03)


def test_variance_counts_at_the_place():
    image = galaxy(host_flux=0, level=1.0, bands="g")
    variance = image["g"].variance.copy()
    variance[:, 50:] *= 4
    found = spots(changed(image, variance=variance), [[25, 50], [75, 50]], [1.0, 1.0]).snr
    assert found[0] / found[1] == pytest.approx(2, rel=1e-6)


def test_a_sampled_psf_is_used():
    psf = np.zeros((21, 21), np.float32)
    psf[10, 10] = 1
    image = changed(galaxy(host_flux=0, level=1.0, bands="g"), psf=psf)
    assert spots(image, [[40, 40]], [2.0]).snr[0] == pytest.approx(2.0 / SKY_SIGMA, rel=1e-5)


def test_what_is_not_seen_is_nan_and_no_host_is_infinite():
    image = galaxy(host_flux=0, bands="g", noise=False, level=-0.1)
    mask = np.zeros(image.shape, np.uint8)
    mask[:, :40] = 4
    found = spots(
        changed(image, mask=mask), [[-1, 5], [70, 70], [15, 50], [60, 60]], [1, 1, 1, np.nan]
    )
    assert np.isnan(found.snr).tolist() == [True, False, True, True]
    assert np.isnan(found.contrast).tolist() == [True, False, True, True]
    assert found.contrast[1] == np.inf


def test_pictures_and_nothing():
    picture = ColourImage("a", np.zeros((9, 9, 3), np.float32), 0.4, 1.3)
    assert np.isnan(spots(picture, [[4, 4]], [1.0]).snr).all()
    assert len(spots(galaxy(bands="g"), np.empty((0, 2)), []).snr) == 0
    with pytest.raises(ImageError, match="1 values, got 2"):
        spots(galaxy(bands="g"), MIDDLE, [1.0, 2.0])
    with pytest.raises(ImageError, match="band g"):
        spots(galaxy(bands="r"), MIDDLE, [1.0])
