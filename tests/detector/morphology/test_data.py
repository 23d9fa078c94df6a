"""What a network of shapes is shown."""

import numpy as np
import torch

from clumpscope.config.morphology import MorphologyConfig
from clumpscope.core.questions import ANSWERS
from clumpscope.detector.morphology.data import MorphologyDataset, altered
from clumpscope.detector.training.examples import Labelled, TrainingSet

STILL = {"margin": 0, "aspect": (1, 1), "flips": False, "rotation_deg": 0}
SAME = {"gain": 0, "colour": 0, "noise": 0, "smooth": 0}
SIZE = 40


def dataset(augment, **changes) -> MorphologyDataset:
    rng = np.random.default_rng(0)
    none = np.empty((0, 4)), np.empty(0, int), np.empty(0)
    data = TrainingSet.filled(
        Labelled(rng.integers(0, 255, (3, SIZE, SIZE), dtype=np.uint8), *none) for _ in range(3)
    )
    votes = np.arange(3 * len(ANSWERS)).reshape(3, -1)
    config = MorphologyConfig(size=SIZE, **{**STILL, **SAME, **changes})
    return MorphologyDataset(data, np.array([2, 0]), votes, config, 5, augment=augment)


def test_votes_are_those_of_the_row():
    for augment in (True, False):
        assert dataset(augment)[0][1].tolist() == list(range(2 * len(ANSWERS), 3 * len(ANSWERS)))


def test_two_views_are_drawn_only_where_they_shall_agree():
    assert [len(dataset(True, agreement=weight)[0][0]) for weight in (0.5, 0)] == [2, 1]
    assert len(dataset(False, agreement=0.5)[0][0]) == 1


def test_without_changes_views_are_the_composite():
    for augment in (True, False):
        for view in dataset(augment)[0][0]:
            expected = torch.from_numpy(np.asarray(dataset(True).data.pixels[2]) / 255).float()
            assert torch.allclose(view, expected, atol=1e-6)


def test_views_differ_and_come_again():
    data = dataset(True, flips=True, rotation_deg=90, gain=0.2)
    one, other = data[0][0]
    assert not torch.equal(one, other)
    torch.manual_seed(9)
    assert torch.equal(data[0][0], torch.stack([one, other]))
    data.epoch = 1
    assert not torch.equal(data[0][0][0], one)


def of_grey(count=400, **changes) -> torch.Tensor:
    """(count, 3, SIZE, SIZE) changed images of a brightness of 0.5."""
    config = MorphologyConfig(**{**SAME, **changes})
    grey = torch.full((3, SIZE, SIZE), 0.5)
    return torch.stack([altered(grey, config, np.random.default_rng(k)) for k in range(count)])


def test_brightness_and_colour_have_their_widths():
    gain = (of_grey(gain=0.1)[:, :, 0, 0] / 0.5).log()
    assert torch.equal(gain[:, 0], gain[:, 1])
    assert 0.09 < gain[:, 0].std() < 0.11
    colour = (of_grey(colour=0.1)[:, :, 0, 0] / 0.5).log()
    assert 0.12 < (colour[:, 0] - colour[:, 1]).std() < 0.16


def test_half_get_noise():
    width = of_grey(noise=0.1).flatten(1).std(dim=1)
    assert 160 < (width > 1e-6).sum() < 240
    assert 0.09 < width.max() < 0.11


def test_some_are_blurred():
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.random((3, SIZE, SIZE), dtype=np.float32))
    config = MorphologyConfig(**{**SAME, "smooth": 0.3})
    widths = [altered(image, config, np.random.default_rng(k)).std() for k in range(200)]
    assert 40 < sum(width < 0.9 * image.std() for width in widths) < 80
