"""Changes of stacks: sources stay in their boxes, noise stays one, some bands stay."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.augment import Example
from clumpscope.detector.training.augment_stack import augment_stack

EVERYTHING = AugmentConfig(
    window_px=40, gain=0.2, colour=0.1, noisy=1, noise=0.5, fewer_bands=1, flips=True
)


def example(shape=(50, 62), bands=5, at=(30, 22)) -> Example:
    light = np.random.default_rng(0).normal(0, 1, (bands, *shape)).astype(np.float32)
    x, y = at
    light[:, y, x] = 500
    box = np.array([[x + 0.5 - 3, y + 0.5 - 3, x + 0.5 + 3, y + 0.5 + 3]])
    return Example(light, box, np.array([1]), np.arange(bands, dtype=np.float32))


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), x=st.integers(0, 61), y=st.integers(0, 49))
def test_a_source_stays_in_the_middle_of_its_box(seed, x, y):
    changed = augment_stack(example(at=(x, y)), EVERYTHING, np.random.default_rng(seed))
    height, width = changed.pixels.shape[1:]
    assert max(height, width) <= 40
    seen = np.isfinite(changed.noise)
    assert 2 <= seen.sum() <= 5
    assert (np.isfinite(changed.pixels).all(axis=(1, 2)) == seen).all()
    (centre,) = (changed.boxes[:, :2] + changed.boxes[:, 2:]) / 2
    if (centre > 0).all() and (centre < [width, height]).all():
        plane = changed.pixels[seen][0]
        row, col = np.unravel_index(np.argmax(plane), plane.shape)
        np.testing.assert_allclose(centre, [col + 0.5, row + 0.5])
    else:
        assert changed.pixels[seen].max() < 50


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_more_noise_is_still_noise_of_one_and_dims_the_source(seed):
    config = AugmentConfig(flips=False, noisy=1, noise=1.0)
    before = example((120, 120))
    after = augment_stack(before, config, np.random.default_rng(seed))
    sky = np.ones((120, 120), dtype=bool)
    sky[22, 30] = False
    np.testing.assert_allclose(after.pixels[:, sky].std(axis=1), 1, atol=0.04)
    factor = before.pixels[:, 22, 30] / after.pixels[:, 22, 30]
    assert (factor > 0.98).all()
    assert (factor < np.e * 1.02).all()
    assert np.ptp(factor) > 0.01  # each band for itself, and its depth is told
    np.testing.assert_allclose(after.noise - before.noise, np.log(factor), atol=0.02)


def test_nothing_is_changed_that_is_not_asked_for():
    before = example()
    after = augment_stack(before, AugmentConfig(flips=False), np.random.default_rng(1))
    np.testing.assert_array_equal(after.pixels, before.pixels)
    np.testing.assert_array_equal(after.noise, before.noise)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.sets(st.integers(0, 4), max_size=4))
def test_bands_that_are_kept_are_there(seed, missing):
    before = example()
    before.pixels[list(missing)] = np.nan
    before.noise[list(missing)] = np.nan
    changed = augment_stack(before, EVERYTHING, np.random.default_rng(seed))
    assert np.isfinite(changed.noise).sum() >= min(2, 5 - len(missing))
    assert not np.isfinite(changed.noise[list(missing)]).any()
