import numpy as np
import pytest
from scipy.ndimage import convolve1d

import scenes
from builders import galaxy_image
from clumpscope.ops.background import scatter, sky


@pytest.mark.parametrize("level", [0.0, 3.0, -0.5])
def test_level_and_rms_of_blank_sky(level):
    data = np.random.default_rng(1).normal(level, 0.1, (200, 200))
    found = sky(data, np.ones(data.shape, dtype=bool))
    assert found.level == pytest.approx(level, abs=0.003)
    assert found.rms == pytest.approx(0.1, rel=0.02)


def test_a_galaxy_and_bad_pixels_hardly_count():
    rng = np.random.default_rng(2)
    data = rng.normal(1.0, 0.1, (160, 160)) + scenes.disk((160, 160), 500, 7.0)
    good = np.ones(data.shape, dtype=bool)
    data[:20], good[:20] = np.nan, False
    found = sky(data, good)
    # The disk's faint wings are sky to anybody; its bright part would give an rms of 0.6.
    assert found.level == pytest.approx(1.0, abs=0.03)
    assert found.rms == pytest.approx(0.1, rel=0.12)


def test_clipping_goes_on_until_it_settles():
    data = np.random.default_rng(4).normal(0, 0.1, (160, 160)) + scenes.disk((160, 160), 9000, 25)
    level, rms = sky(data, np.ones(data.shape, dtype=bool))
    kept = data[np.abs(data - level) <= 3 * rms]
    assert np.median(kept) == pytest.approx(level, abs=0.01)
    assert kept.std() / 0.98658 == pytest.approx(rms, rel=0.1)


def test_no_pixel_no_sky():
    assert np.isnan(sky(np.ones((4, 4)), np.zeros((4, 4), dtype=bool))).all()
    assert sky(np.ones((4, 4)), np.ones((4, 4), dtype=bool)) == (1.0, 0.0)


@pytest.mark.parametrize("kernel", [None, (0.25, 0.5, 0.25), (0.5, 0.5)])
def test_scatter_is_the_share_of_variance_that_single_pixels_show(kernel):
    rng = np.random.default_rng(3)
    data = rng.normal(0, 0.2, (160, 160))
    share = 1.0
    if kernel is not None:
        for axis in (0, 1):
            data = convolve1d(data, kernel, axis=axis)
        share = float(np.sum(np.square(kernel))) ** 2
    image = galaxy_image(bands="g", shape=data.shape, data=data, variance=np.full(data.shape, 0.04))
    assert scatter(image, "g") == pytest.approx(max(share, 0.4), rel=0.1)


def test_scatter_says_nothing_without_pixels():
    empty = galaxy_image(bands="g", data=np.zeros((40, 40)), variance=np.zeros((40, 40)))
    assert scatter(empty, "g") == 1.0
