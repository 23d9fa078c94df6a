"""What a classifier is shown."""

import numpy as np
import torch

from clumpscope.config.classifier import ClassifierConfig
from clumpscope.detector.classifier.data import ClumpyDataset
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
