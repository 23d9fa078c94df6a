"""Training data as torch takes it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from clumpscope.config.stack import StackConfig
from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.augment import Example, augment, flipped
from clumpscope.detector.training.augment_stack import augment_stack
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.ops.stack import encoded

if TYPE_CHECKING:
    from clumpscope.detector.training.levels import Levels

Target = dict[str, Tensor]


class ViewDataset(Dataset[tuple[Tensor, Target]]):
    """Some rows of a training set for torch; nothing is copied.

    ``stack`` is given if they are stacks of bands. Every epoch draws its augmentations from
    (seed, epoch, row). If the ``levels`` of all images are known, each comes with its own.
    """

    def __init__(
        self,
        data: TrainingSet,
        rows: NDArray[np.intp],
        augment: AugmentConfig | None,
        seed: int,
        stack: StackConfig | None = None,
    ) -> None:
        self.data = data
        self.rows = rows
        self.augment = augment
        self.seed = seed
        self.stack = stack
        self.levels: Levels | None = None
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        """(C, H, W) float32 as the network takes it, and its boxes and labels."""
        row = int(self.rows[index])
        example = self._example(row)
        if self.augment is not None:
            rng = np.random.default_rng([self.seed, self.epoch, row])
            change = augment if self.stack is None else augment_stack
            example = change(example, self.augment, rng)
            # The mean over epochs is the loss of a soft label.
            there = rng.random(len(example.labels)) < self.data.weights[row]
            example = replace(example, boxes=example.boxes[there], labels=example.labels[there])
        example = _clipped(example)
        return self._shown(example), {
            "boxes": torch.from_numpy(example.boxes.astype(np.float32)),
            "labels": torch.from_numpy(example.labels),
            **({} if self.levels is None else self.levels.of(row, example.way)),
        }

    def mirrored(self, index: int, way: int) -> Tensor:
        """(C, H, W) as the network takes an image that comes in a way (`Example`)."""
        example = self._example(int(self.rows[index]))
        return self._shown(flipped(example, bool(way & 1), bool(way & 2), bool(way & 4)))

    def _example(self, row: int) -> Example:
        data = self.data
        pixels = data.pixels[row].astype(np.float32)
        if self.stack is None:
            pixels /= 255
        return Example(pixels, data.boxes[row], data.labels[row], data.noise[row])

    def _shown(self, example: Example) -> Tensor:
        pixels = example.pixels
        if self.stack is not None:
            pixels = encoded(pixels, example.noise, self.stack)
        return torch.from_numpy(np.ascontiguousarray(pixels))


def collate(batch: list[tuple[Tensor, Target]]) -> tuple[list[Tensor], list[Target]]:
    """Lists of images and targets, as torchvision's detectors take them."""
    images, targets = zip(*batch, strict=True)
    return list(images), list(targets)


def _clipped(example: Example) -> Example:
    """Boxes whose centre lies inside, cut to the image."""
    _, height, width = example.pixels.shape
    centre = (example.boxes[:, :2] + example.boxes[:, 2:]) / 2
    inside = ((centre > 0) & (centre < [width, height])).all(axis=1)
    boxes = np.clip(example.boxes[inside], 0, [width, height, width, height])
    return replace(example, boxes=boxes, labels=example.labels[inside])
