"""Training data: composites in memory as bytes, once, with boxes in composite pixels."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from clumpscope.config.train import AugmentConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.detector.training.augment import Example, augment
from clumpscope.errors import TableError, expected_got

Target = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Labelled:
    """One composite with its labels.

    Attributes
    ----------
    pixels
        (3, H, W) uint8; 255 is composite value 1.
    boxes
        (n, 4): x1, y1, x2, y2 in composite pixels, edge convention.
    labels
        (n,) of `Label`.
    weights
        (n,) in [0, 1]: chance of each box to be there in an epoch.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, image: Composite, found: Boxes, *, soft: bool) -> "Labelled":
        """A composite with its labels (boxes as fractions of the stored array).

        With ``soft`` a box is in each epoch only with the probability that is its score.
        """
        return cls(
            np.rint(image.pixels * 255).astype(np.uint8),
            image.frame.boxes_fraction_to_composite(found.xyxy),
            found.labels,
            found.scores if soft else np.ones(len(found)),
        )


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N composites, (N, 3, H, W) uint8, and the boxes, labels and weights of each (`Labelled`)."""

    pixels: NDArray[np.uint8]
    boxes: list[NDArray[np.float64]]
    labels: list[NDArray[np.int64]]
    weights: list[NDArray[np.float64]]

    @classmethod
    def filled(cls, items: Iterable[Labelled | None], total: int) -> "TrainingSet":
        """Those of at most ``total`` items that are not ``None``, in order.

        Each is copied as it comes into one array, so that memory holds the pixels once.

        Raises
        ------
        TableError
            If all are ``None``.
        """
        pixels = np.empty((0, 3, 0, 0), dtype=np.uint8)
        parts: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]] = []
        for item in items:
            if item is None:
                continue
            if not parts:
                pixels = np.empty((total, *item.pixels.shape), dtype=np.uint8)
            pixels[len(parts)] = item.pixels
            parts.append((item.boxes, item.labels, item.weights))
        if not parts:
            raise TableError(expected_got("training set", "at least one usable image", "none"))
        boxes, labels, weights = map(list, zip(*parts, strict=True))
        return cls(pixels[: len(parts)], boxes, labels, weights)

    def __len__(self) -> int:
        return len(self.pixels)


class CompositeDataset(Dataset[tuple[Tensor, Target]]):
    """Some rows of a training set for torch; nothing is copied.

    Every epoch draws its augmentations from (seed, epoch, row).
    """

    def __init__(
        self, data: TrainingSet, rows: NDArray[np.intp], augment: AugmentConfig | None, seed: int
    ) -> None:
        self.data = data
        self.rows = rows
        self.augment = augment
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        """(3, H, W) float32 in [0, 1] and its boxes and labels."""
        row = int(self.rows[index])
        pixels = self.data.pixels[row].astype(np.float32) / 255
        example = Example(pixels, self.data.boxes[row], self.data.labels[row])
        if self.augment is not None:
            rng = np.random.default_rng([self.seed, self.epoch, row])
            example = augment(example, self.augment, rng)
            # The mean over epochs is the loss of a soft label.
            there = rng.random(len(example.labels)) < self.data.weights[row]
            example = Example(example.pixels, example.boxes[there], example.labels[there])
        example = _clipped(example)
        return torch.from_numpy(np.ascontiguousarray(example.pixels)), {
            "boxes": torch.from_numpy(example.boxes.astype(np.float32)),
            "labels": torch.from_numpy(example.labels),
        }


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
    return Example(example.pixels, boxes, example.labels[inside])
