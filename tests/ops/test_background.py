import numpy as np
import pytest

import scenes
from clumpscope.ops.background import sky


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


def by_definition(values):
    """Level and rms by clipping again and again, without a shortcut."""
    level = np.median(values)
    rms = np.sqrt(np.mean((values[values <= level] - level) ** 2))
    for _ in range(20):
        kept = values[np.abs(values - level) <= 3 * rms]
        if not kept.size or kept.size == values.size:
            break
        values, level, rms = kept, np.median(kept), kept.std() / 0.98658
    cut = int(0.3 * values.size)
    return np.sort(values)[cut : values.size - cut].mean(), rms


@pytest.mark.parametrize("size", [1, 2, 7, 400, 40001])
def test_what_is_sorted_once_is_clipped_as_by_its_definition(size):
    rng = np.random.default_rng(size)
    data = (50 + rng.standard_t(3, size)).astype(np.float32)[None]
    found = sky(data, np.ones(data.shape, dtype=bool))
    assert found == pytest.approx(by_definition(data[0].astype(float)), rel=1e-9, abs=1e-12)
