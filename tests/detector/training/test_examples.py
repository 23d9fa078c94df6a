"""Composites with labels: pixels once in memory, boxes and labels beside them."""

import tracemalloc

import numpy as np
import pytest

from clumpscope.config.run import CompositeConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.core.frames import PixelFrame
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.errors import TableError


def item(k: int) -> Labelled:
    """One whose every number tells k."""
    box = np.array([[k, 6.0, k + 8.0, 16.0]])
    return Labelled(
        np.full((3, 32, 32), k, np.uint8), box, np.array([1 + k % 2]), np.array([k / 10])
    )


def test_a_composite_becomes_bytes_and_its_boxes_composite_pixels():
    """A field of 100 x 50 px is enlarged four times; its central 200 px are columns 25 to 75."""
    config = CompositeConfig(size=400, crop=200)
    frame = PixelFrame.centred((50, 100), config.size, config.crop)
    pixels = np.linspace(0, 1, 3 * 200 * 200, dtype=np.float32).reshape(3, 200, 200)
    # Native columns 40 to 60 and rows 10 to 20.
    found = Boxes.of([[0.4, 0.2, 0.6, 0.4]], [2], [0.25], np.full((1, 3), np.nan))
    soft = Labelled.of(Composite("g", pixels, config, frame), found, soft=True)
    assert soft.pixels.dtype == np.uint8
    assert np.abs(soft.pixels / 255 - pixels).max() <= 0.5 / 255 + 1e-6
    assert soft.boxes.tolist() == [[60, 40, 140, 80]]
    assert (soft.labels.tolist(), soft.weights.tolist()) == ([2], [0.25])
    hard = Labelled.of(Composite("g", pixels, config, frame), found, soft=False)
    assert hard.weights.tolist() == [1]


def test_what_cannot_be_used_leaves_no_gap():
    first, second, third = (item(k) for k in (4, 5, 6))
    data = TrainingSet.filled([None, first, None, second, third, None], 6)
    assert len(data) == len(data.boxes) == len(data.labels) == len(data.weights) == 3
    np.testing.assert_array_equal(data.pixels, [first.pixels, second.pixels, third.pixels])
    assert [boxes[0, 0] for boxes in data.boxes] == [4, 5, 6]
    assert [labels[0] for labels in data.labels] == [1, 2, 1]
    assert [weights[0] for weights in data.weights] == [0.4, 0.5, 0.6]
    with pytest.raises(TableError, match="expected at least one usable image, got none"):
        TrainingSet.filled([None, None], 2)


def test_memory_holds_the_pixels_once():
    def coming(count):
        for k in range(count):
            pixels = np.full((3, 200, 200), k, np.uint8)
            yield Labelled(pixels, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))

    tracemalloc.start()
    data = TrainingSet.filled(coming(40), 40)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.pixels.nbytes == 40 * 3 * 200 * 200
    assert data.pixels.nbytes < peak < 1.1 * data.pixels.nbytes
