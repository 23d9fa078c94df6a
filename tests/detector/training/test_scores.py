"""F1 of an epoch: precision and recall of what is left above a threshold, the best of nine."""

import math

import numpy as np
import pytest
import torch

from clumpscope.detector.training.scores import judge

BOXES = torch.tensor([[10.0, 10, 20, 20], [30, 10, 40, 20], [10, 30, 20, 40], [50, 50, 60, 60]])


def found(scores, boxes=BOXES, labels=None):
    labels = [1] * len(boxes) if labels is None else labels
    return {"boxes": boxes, "labels": torch.tensor(labels), "scores": torch.tensor(scores)}


def truth(boxes, labels=None):
    labels = [1] * len(boxes) if labels is None else labels
    return {"boxes": boxes, "labels": torch.tensor(labels)}


def test_the_best_threshold_counts():
    """Two of three clumps are found at 0.8; the third at 0.25, below a wrong one at 0.55.

    Up to 0.2 precision at recall 1 is 3/4, from 0.6 recall is 2/3 with no fault.
    """
    metrics = judge([found([0.8, 0.8, 0.25, 0.55])], [truth(BOXES[:3])])
    low = (67 * 1 + 34 * 0.75) / 101  # COCO: precision at 101 recalls
    f_low, f_high = 2 * low / (low + 1), 2 * (67 / 101) * (2 / 3) / (67 / 101 + 2 / 3)
    assert metrics["f1"] == pytest.approx(max(f_low, f_high), abs=1e-4)
    assert (metrics["map"], metrics["mar"]) == pytest.approx((low, 1), abs=1e-4)
    assert metrics["ap50"] == metrics["ap50_clump"] == pytest.approx(low, abs=1e-4)


def test_a_second_box_on_a_clump_is_suppressed_whatever_its_class():
    """Left in, it would be a fault of class odd, whose only clump is missed."""
    twice = torch.cat([BOXES[:1], BOXES[:1] + 1])
    one = judge([found([0.9, 0.8], twice, [1, 2])], [truth(BOXES[[0, 3]], [1, 2])])
    assert (one["map"], one["mar"]) == pytest.approx((0.5, 0.5))
    assert one["f1"] == pytest.approx(0.5)
    assert one["ap50_clump"] == pytest.approx(1)


def test_without_labels_nothing_is_known():
    metrics = judge([found([0.9] * 4)], [truth(BOXES[:0])])
    assert all(map(math.isnan, metrics.values()))


def test_nothing_found_is_zero():
    metrics = judge([found([], BOXES[:0])], [truth(BOXES)])
    assert metrics["f1"] == metrics["ap50"] == 0


def test_figures_are_those_of_torchmetrics():
    """Stored: what torchmetrics 1.9.0 with faster-coco-eval gave for these boxes."""
    rng = np.random.default_rng(15)
    images, targets = [], []
    for n in (4, 0, 7, 2, 5):
        low = rng.uniform(0, 150, (n + 6, 2))
        boxes = torch.tensor(np.hstack([low, low + rng.uniform(8, 30, low.shape)])).float()
        targets.append(truth(boxes[:n], rng.integers(1, 3, n).tolist()))
        shifted = boxes + torch.tensor(rng.uniform(-2, 2, boxes.shape)).float()
        labels = [*targets[-1]["labels"].tolist()[:-1], *rng.integers(1, 3, 7)][: n + 6]
        images.append(found(rng.uniform(0, 1, n + 6).tolist(), shifted, labels))
    stored = {
        "f1": 0.3498511,
        "map": 0.2644639,
        "mar": 0.5166667,
        "ap50": 0.4196323,
        "ap50_clump": 0.5252736,
    }
    assert judge(images, targets) == pytest.approx(stored, abs=1e-6)
