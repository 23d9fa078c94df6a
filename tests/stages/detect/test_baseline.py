"""The classical finder sees what stands out and nothing else."""

import numpy as np
import pytest

import scenes
from clumpscope.core.boxes import Label
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import ColourImage
from clumpscope.stages.detect.baseline import baseline, peaks


def test_finds_a_blue_and_a_red_point_source_on_a_disk() -> None:
    xy = [[35.0, 60.0], [66.0, 40.0]]
    flux = {"u": [3, 3], "g": [6, 3], "r": [3, 9], "i": [3, 9], "z": [3, 9]}
    image = scenes.galaxy(xy=xy, flux=flux)
    boxes = baseline(image)
    best = boxes[np.argsort(-boxes.scores)[:3]]
    centres = boxes_fraction_to_native(best.xyxy, image.shape)
    centres = (centres[:, :2] + centres[:, 2:]) / 2
    for target, label in zip(xy, (Label.CLUMP, Label.ODD), strict=True):
        distance = np.hypot(*(centres - target).T)
        assert distance.min() < 1
        assert best.labels[np.argmin(distance)] == label
    assert (boxes.xyxy[:, 2] - boxes.xyxy[:, 0]) * 100 == pytest.approx(2 * scenes.FWHM_PX)


def test_constant_image_has_no_peak() -> None:
    xy, significance, blue = peaks(np.ones((50, 50)), np.ones((50, 50)), 3.0)
    assert len(xy) == len(significance) == len(blue) == 0


def test_works_on_a_picture() -> None:
    rng = np.random.default_rng(0)
    pixels = np.abs(rng.normal(0.02, 0.01, (80, 80, 3))).astype(np.float32)
    pixels[..., 2] += scenes.point_sources((80, 80), [[30, 50]], 20.0, 4.0).astype(np.float32)
    boxes = baseline(ColourImage("p", np.clip(pixels, 0, 1), 0.3, 1.2))
    best = boxes.xyxy[np.argmax(boxes.scores)] * 80 - 0.5
    assert [(best[0] + best[2]) / 2, (best[1] + best[3]) / 2] == pytest.approx([30, 50], abs=0.7)
