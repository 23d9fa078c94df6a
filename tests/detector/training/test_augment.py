"""Augmentation: boxes follow the pixels, and light changes as it was asked to."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.augment import Example, augment
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.examples import Labelled, TrainingSet

SHAPE = (48, 64)  # rows, columns: unequal, so that a mixed-up axis shows
EVERYTHING = AugmentConfig(gain=0.3, colour=0.2, gamma=0.2, smooth=0.5, scale=0.3)
NOTHING = AugmentConfig(flips=False)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def rectangles(draw, shape=SHAPE):
    """x1, y1, x2, y2 on pixel edges, at least two pixels wide."""
    x1, y1 = draw(st.integers(0, shape[1] - 2)), draw(st.integers(0, shape[0] - 2))
    x2, y2 = draw(st.integers(x1 + 2, shape[1])), draw(st.integers(y1 + 2, shape[0]))
    return np.array([x1, y1, x2, y2], float)


def painted(box, shape=SHAPE) -> Example:
    """Dark, with one bright rectangle."""
    pixels = np.full((3, *shape), 0.1, np.float32)
    x1, y1, x2, y2 = box.astype(int)
    pixels[:, y1:y2, x1:x2] = 0.9
    return Example(pixels, box[None], np.array([2]))


def inside(box, shape) -> np.ndarray:
    """Pixels whose centre lies in a box."""
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    return (cols > box[0]) & (cols < box[2]) & (rows > box[1]) & (rows < box[3])


@given(rectangles(), SEEDS)
def test_boxes_follow_flips_exactly(box, seed):
    changed = augment(painted(box), AugmentConfig(flips=True), np.random.default_rng(seed))
    bright = changed.pixels[0] > 0.5
    np.testing.assert_array_equal(bright, inside(changed.boxes[0], bright.shape))
    assert changed.labels.tolist() == [2]


def test_all_eight_orientations_come():
    example = painted(np.array([2.0, 5.0, 11.0, 9.0]), (32, 32))
    draws = (
        augment(example, AugmentConfig(flips=True), np.random.default_rng(seed))
        for seed in range(200)
    )
    assert len({tuple(one.boxes[0]) for one in draws}) == 8


@given(rectangles(), SEEDS)
def test_boxes_follow_scale_exactly(box, seed):
    """A pixel is bright if, and only if, its centre lies in the scaled box."""
    config = AugmentConfig(flips=False, scale=0.4)
    changed = augment(painted(box), config, np.random.default_rng(seed))
    assert changed.pixels.shape == (3, *SHAPE)
    np.testing.assert_array_equal(changed.pixels[0] > 0.5, inside(changed.boxes[0], SHAPE))
    size, before = np.diff(changed.boxes[0].reshape(2, 2), axis=0), box[2:] - box[:2]
    factors = (size / before)[0]
    assert factors[0] == pytest.approx(factors[1])
    assert 0.6 <= factors[0] <= 1.4


def test_scale_goes_both_ways_and_shows_black_beyond_the_edge():
    example = painted(np.array([20.0, 20.0, 30.0, 30.0]))
    config = AugmentConfig(flips=False, scale=0.4)
    widths, corners = [], []
    for seed in range(40):
        changed = augment(example, config, np.random.default_rng(seed))
        widths.append(changed.boxes[0, 2] - changed.boxes[0, 0])
        corners.append(changed.pixels[0, 0, 0])
    assert min(widths) < 8
    assert max(widths) > 12
    assert all(
        (corner == 0) == (width < 9.8)
        for corner, width in zip(corners, widths, strict=True)
        if not 9.8 <= width <= 10
    )


@given(rectangles(), SEEDS)
def test_everything_at_once_gives_a_valid_example(box, seed):
    item = Labelled(
        (painted(box).pixels * 255).astype(np.uint8), box[None], np.array([1]), np.ones(1)
    )
    data = TrainingSet.filled([item])
    pixels, target = ViewDataset(data, np.arange(1), EVERYTHING, seed)[0]
    assert pixels.dtype == torch.float32
    assert pixels.isfinite().all()
    assert 0 <= pixels.min() <= pixels.max() <= 1
    assert pixels.shape in {(3, *SHAPE), (3, *SHAPE[::-1])}
    boxes = target["boxes"]
    assert len(boxes) == len(target["labels"])
    assert (boxes >= 0).all()
    assert (boxes[:, 2:] <= torch.tensor(pixels.shape[:0:-1])).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def ratio(config, seed=5):
    """Changed over original of a flat grey image, (3, H, W)."""
    example = Example(np.full((3, 16, 16), 0.2, np.float32), np.zeros((0, 4)), np.zeros(0, int))
    return augment(example, config, np.random.default_rng(seed)).pixels / 0.2


def test_gain_is_one_for_all_and_colour_one_a_channel():
    gain = ratio(AugmentConfig(flips=False, gain=0.3))
    assert np.ptp(gain) == pytest.approx(0, abs=1e-6)
    assert gain.mean() != pytest.approx(1, abs=0.01)
    colour = ratio(AugmentConfig(flips=False, colour=0.3))
    assert np.ptp(colour, axis=(1, 2)) == pytest.approx(0, abs=1e-6)
    assert len(set(colour[:, 0, 0].round(3))) == 3
    assert ratio(NOTHING) == pytest.approx(1)


def test_gain_has_the_width_asked_for():
    gains = [
        np.log(ratio(AugmentConfig(flips=False, gain=0.2), seed)[0, 0, 0]) for seed in range(400)
    ]
    assert np.mean(gains) == pytest.approx(0, abs=0.04)
    assert np.std(gains) == pytest.approx(0.2, rel=0.15)


def test_gamma_keeps_black_and_white():
    ramp = np.broadcast_to(np.linspace(0, 1, 16, dtype=np.float32), (3, 16, 16))
    example = Example(ramp, np.zeros((0, 4)), np.zeros(0, int))
    config = AugmentConfig(flips=False, gamma=0.3)
    changed = augment(example, config, np.random.default_rng(1)).pixels
    assert (changed[..., 0], changed[..., -1]) == (pytest.approx(0), pytest.approx(1))
    assert (np.diff(changed, axis=-1) > 0).all()
    assert not np.allclose(changed, ramp, atol=0.01)


def test_smoothing_keeps_light_and_channels_apart():
    pixels = np.zeros((3, 33, 33), np.float32)
    pixels[1, 16, 16] = 0.9
    example = Example(pixels, np.zeros((0, 4)), np.zeros(0, int))
    changed = augment(example, AugmentConfig(flips=False, smooth=1.0), np.random.default_rng(1))
    assert changed.pixels[1].sum() == pytest.approx(0.9, rel=1e-3)
    assert changed.pixels[1].max() < 0.5
    assert (changed.pixels[[0, 2]] == 0).all()
