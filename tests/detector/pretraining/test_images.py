"""What encoders are shown of whole galaxies."""

import numpy as np
import torch

from clumpscope.config.pretraining import PretrainingConfig
from clumpscope.detector.pretraining.images import changed

STILL = {"margin": 0, "aspect": (1, 1), "flips": False, "rotation_deg": 0}
SIZE = 40


def config(**changes) -> PretrainingConfig:
    return PretrainingConfig(size=SIZE, **{**STILL, **changes})


def ramp() -> torch.Tensor:
    """(3, SIZE, SIZE): where each pixel was: its column, its row, and 1."""
    rows, cols = np.mgrid[:SIZE, :SIZE] + 0.5
    return torch.from_numpy(np.stack([cols, rows, np.ones((SIZE, SIZE))])).float()


def extents(**changes) -> list[tuple[float, float]]:
    """Width and height of 300 crops, as shares of the image."""
    found = []
    for seed in range(300):
        seen = changed(ramp(), config(**changes), np.random.default_rng(seed))
        width = (seen[0, 20, -6] - seen[0, 20, 5]) / (SIZE - 11)
        height = (seen[1, -6, 20] - seen[1, 5, 20]) / (SIZE - 11)
        found.append((float(width), float(height)))
    return found


def test_crops_are_within_the_margin():
    found = np.array(extents(margin=0.2))
    assert (np.abs(found[:, 0] - found[:, 1]) < 0.03).all()
    assert 0.79 < found.min() < 0.83
    assert 0.97 < found.max() < 1.01


def test_crops_have_the_aspect():
    width, height = np.array(extents(margin=0.2, aspect=(0.9, 1.1))).T
    ratio = width / height
    assert 0.85 < ratio.min() < 0.93
    assert 1.07 < ratio.max() < 1.15


def test_half_are_mirrored():
    mirrored = [
        bool((seen := changed(ramp(), config(flips=True), np.random.default_rng(k)))[0, 0, 0] > 20)
        and torch.equal(seen, ramp().flip(2))
        for k in range(400)
    ]
    assert 160 < sum(mirrored) < 240


def test_angles_are_within_the_limit():
    angles = []
    for k in range(200):
        seen = changed(ramp(), config(rotation_deg=60), np.random.default_rng(k))
        across = seen[:2, 20, 24] - seen[:2, 20, 15]
        angles.append(float(torch.rad2deg(torch.atan2(across[1], across[0]))))
    assert 55 < max(angles) < 62
    assert -62 < min(angles) < -55
