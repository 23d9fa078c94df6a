"""Convolutions in fewer digits find the same clumps."""

import numpy as np
import pytest

import scenes
from clumpscope.detector.predict import Detector
from clumpscope.models.registry import packaged_models
from clumpscope.models.view import view
from clumpscope.ops.overlap import iou

XY = [[45, 60], [62, 40], [30, 38]]


@pytest.mark.parametrize(("name", "most"), [("clumpscope-native", 0.05), ("clumpscope-psf", 0.02)])
def test_boxes_stay_where_they_are(name, most):
    path = packaged_models()[name]
    seen = view(scenes.galaxy(xy=XY), Detector.load(path, 0.05).spec)
    (full,) = Detector.load(path, 0.05).detect([seen])
    (half,) = Detector.load(path, 0.05, precision="bf16").detect([seen])
    sure = full.scores > 0.3
    assert sure.sum() >= 2
    overlap = iou(full.xyxy[sure], half.xyxy)
    assert (overlap.max(axis=1) >= 0.95).all()
    apart = np.abs(full.scores[sure] - half.scores[overlap.argmax(axis=1)])
    assert 0 < apart.max() <= most
    assert half.xyxy.dtype == full.xyxy.dtype
