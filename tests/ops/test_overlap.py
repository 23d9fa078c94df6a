import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchvision.ops import nms

from clumpscope.core.boxes import Boxes
from clumpscope.ops.overlap import iou, suppress


def random_boxes(seed, n, side=100.0):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, side, (n, 2))
    xyxy = np.hstack([low, low + rng.uniform(5, 40, (n, 2))])
    # A few equal scores, as half precision gives them.
    scores = np.round(rng.uniform(0, 1, n), 3)
    return Boxes.of(xyxy, rng.integers(1, 3, n), scores, rng.uniform(0, 1, (n, 3)))


def test_iou_of_known_boxes():
    a = np.array([[0.0, 0, 2, 2], [5, 5, 5, 5]])
    b = np.array([[1.0, 0, 3, 2], [0, 0, 2, 2], [2, 0, 4, 2], [5, 5, 5, 5]])
    assert iou(a, b) == pytest.approx(np.array([[1 / 3, 1, 0, 0], [0, 0, 0, 0]]))


@settings(deadline=None)
@given(
    st.integers(0, 2**31),
    arrays(float, 2, elements=st.floats(-50, 50)),
    st.floats(0.1, 10),
)
def test_iou_knows_no_place_no_scale_and_no_order(seed, shift, scale):
    boxes = random_boxes(seed, 6).xyxy
    moved = (boxes + np.tile(shift, 2)) * scale
    assert iou(moved, moved) == pytest.approx(iou(boxes, boxes), abs=1e-9)
    mirrored = boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1]
    assert iou(mirrored, mirrored) == pytest.approx(iou(boxes, boxes), abs=1e-9)
    assert pytest.approx(iou(boxes, boxes)) == iou(boxes, boxes).T


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_suppression_is_that_of_torchvision(seed, threshold):
    boxes = random_boxes(seed, 80)
    # Distinct scores: torch does not say how it orders equal ones.
    scores = np.random.default_rng(seed).permutation(80) / 80
    boxes = Boxes(boxes.xyxy, boxes.labels, scores, boxes.probabilities)
    expected = nms(torch.tensor(boxes.xyxy), torch.tensor(scores), threshold).numpy()
    assert 0 < len(expected) < 80
    assert np.array_equal(suppress(boxes, threshold), expected)


def test_suppression_is_over_both_labels():
    boxes = Boxes.of([[0, 0, 10, 10], [1, 0, 11, 10]], [1, 2], [0.4, 0.9], np.zeros((2, 3)))
    assert suppress(boxes, 0.2).tolist() == [1]


def test_a_box_at_the_limit_stays():
    boxes = Boxes.of([[0, 0, 2, 2], [1, 0, 3, 2]], [1, 1], [0.9, 0.8], np.zeros((2, 3)))
    assert len(suppress(boxes, 1 / 3)) == 2
    assert len(suppress(boxes, 0.33)) == 1


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_suppression_does_not_hang_on_the_order(seed):
    boxes = random_boxes(seed, 30)
    tied = Boxes(boxes.xyxy, boxes.labels, np.round(boxes.scores, 1), boxes.probabilities)
    shuffled = tied[np.random.default_rng(seed).permutation(30)]
    kept, again = tied[suppress(tied, 0.2)], shuffled[suppress(shuffled, 0.2)]
    assert np.array_equal(kept.xyxy, again.xyxy)


def test_nothing_in_nothing_out():
    assert len(suppress(Boxes.empty(), 0.2)) == 0
    assert iou(np.empty((0, 4)), np.ones((2, 4))).shape == (0, 2)
