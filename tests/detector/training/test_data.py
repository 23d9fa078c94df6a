"""What torch is given: some rows, changed by draws of their own, and their labels."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.data import ViewDataset, collate
from clumpscope.detector.training.examples import Labelled, TrainingSet

EVERYTHING = AugmentConfig(gain=0.3, colour=0.2, gamma=0.2, smooth=0.5, scale=0.3)
BLACK = np.zeros((3, 32, 32), np.uint8)


def items(count=6) -> list[Labelled]:
    pixels = np.random.default_rng(3).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    box = np.array([[4.0, 6.0, 12.0, 16.0]])
    return [Labelled(pixels[k], box + k, np.array([1 + k % 2]), np.ones(1)) for k in range(count)]


def dataset(found, augment=None, seed=0) -> ViewDataset:
    data = TrainingSet.filled(found)
    return ViewDataset(data, np.arange(len(data)), augment, seed)


def test_rows_are_those_asked_for():
    data = TrainingSet.filled(items())
    part = ViewDataset(data, np.array([4, 1]), None, 0)
    assert len(part) == 2
    assert [part[k][1]["boxes"][0, 0] for k in range(2)] == [8, 5]
    np.testing.assert_array_equal(np.rint(part[0][0].numpy() * 255), data.pixels[4])


def test_draws_depend_on_seed_epoch_and_row_alone():
    found = items()
    found[1] = found[0]
    first = dataset(found, EVERYTHING, seed=7)
    pixels = first[0][0]
    for _ in range(2):
        assert torch.equal(dataset(found, EVERYTHING, seed=7)[0][0], pixels)
    assert torch.equal(first[0][0], pixels)
    assert not torch.equal(first[1][0], pixels)
    assert not torch.equal(dataset(found, EVERYTHING, seed=8)[0][0], pixels)
    first.epoch = 1
    assert not torch.equal(first[0][0], pixels)
    first.epoch = 0
    assert torch.equal(first[0][0], pixels)
    other = ViewDataset(first.data, np.array([3, 0]), EVERYTHING, 7)
    assert torch.equal(other[1][0], pixels)


def test_without_augmentation_nothing_changes():
    found = items()
    whole = dataset(found)
    assert len(whole) == 6
    pixels, target = whole[2]
    np.testing.assert_array_equal(np.rint(pixels.numpy() * 255), found[2].pixels)
    np.testing.assert_array_equal(target["boxes"], found[2].boxes)
    assert target["boxes"].dtype == torch.float32
    assert target["labels"].tolist() == [1]


def test_boxes_are_cut_to_the_image_and_those_centred_outside_go():
    boxes = np.array([[-4, 4, 8, 12], [-8, 4, 4, 12], [20, 20, 40, 60.0], [30, -9, 44, 3]])
    _, target = dataset([Labelled(BLACK, boxes, np.array([1, 2, 1, 2]), np.ones(4))])[0]
    assert target["boxes"].tolist() == [[0, 4, 8, 12]]
    assert target["labels"].tolist() == [1]


def test_an_image_without_boxes():
    empty = Labelled(BLACK, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))
    _, target = dataset([empty], EVERYTHING)[0]
    assert target["boxes"].shape == (0, 4)
    assert target["labels"].dtype == torch.int64


def test_batches_as_torchvision_takes_them():
    whole = dataset(items(), EVERYTHING)
    images, targets = next(iter(DataLoader(whole, batch_size=4, collate_fn=collate)))
    assert (len(images), len(targets)) == (4, 4)
    assert torch.equal(images[3], whole[3][0])
    assert torch.equal(targets[3]["boxes"], whole[3][1]["boxes"])


def test_soft_labels_come_as_often_as_they_are_likely():
    quarter = [Labelled(i.pixels, i.boxes, i.labels, np.array([0.25])) for i in items()]
    soft = dataset(quarter, EVERYTHING)
    seen = 0
    for soft.epoch in range(200):
        seen += sum(len(soft[k][1]["labels"]) for k in range(len(soft)))
    assert seen / (200 * len(soft)) == pytest.approx(0.25, abs=0.05)
    hard = dataset(items(), EVERYTHING)
    for hard.epoch in range(5):
        assert all(len(hard[k][1]["labels"]) == 1 for k in range(len(hard)))
    checked = dataset(quarter)  # what is held out is judged by every label
    assert all(len(checked[k][1]["labels"]) == 1 for k in range(len(checked)))
