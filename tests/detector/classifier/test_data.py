"""What a classifier is shown."""

import numpy as np
import torch

from clumpscope.config.classifier import ClassifierConfig
from clumpscope.detector.classifier.data import ClumpyDataset, changed
from clumpscope.detector.training.examples import Labelled, TrainingSet

STILL = {"margin": 0, "aspect": (1, 1), "flips": False, "rotation_deg": 0}
SIZE = 40


def config(**changes) -> ClassifierConfig:
    return ClassifierConfig(size=SIZE, **{**STILL, **changes})


def dataset(augment, **changes) -> ClumpyDataset:
    rng = np.random.default_rng(0)
    items = [
        Labelled(
            rng.integers(0, 255, (3, SIZE, SIZE), dtype=np.uint8),
            np.tile([1.0, 1, 9, 9], (n, 1)),
            np.full(n, kind),
            np.ones(n),
            np.empty(0, np.float32),
        )
        for n, kind in ((0, 1), (1, 1), (2, 2), (0, 2))
    ]
    data = TrainingSet.filled(items)
    return ClumpyDataset(data, np.array([3, 2, 1]), config(**changes), 5, augment=augment)


def test_a_galaxy_is_clumpy_if_it_has_a_label_of_either_class():
    data = dataset(augment=False)
    assert [float(data[k][1]) for k in range(3)] == [0, 1, 1]
    assert data.clumpy.tolist() == [False, True, True]


def test_without_changes_it_is_the_composite():
    plain, still = dataset(augment=False), dataset(augment=True)
    for k, row in enumerate((3, 2, 1)):
        expected = torch.from_numpy(np.asarray(plain.data.pixels[row]) / 255).float()
        assert torch.allclose(plain[k][0], expected, atol=1e-6)
        assert torch.allclose(still[k][0], expected, atol=1e-6)


def test_no_epoch_shows_the_same_and_every_call_the_same():
    data = dataset(augment=True, margin=0.2, rotation_deg=30)
    first, again = data[0][0], data[0][0]
    assert torch.equal(first, again)
    torch.manual_seed(9)
    assert torch.equal(first, data[0][0])
    data.epoch = 1
    assert not torch.equal(first, data[0][0])


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
