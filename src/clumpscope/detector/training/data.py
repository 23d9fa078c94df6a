"""Training data: composites in memory as bytes, boxes in composite pixels, augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.utils.data import Dataset

from clumpscope.config.train import AugmentConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.errors import TableError, expected_got

Target = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N composites and their boxes.

    Attributes
    ----------
    pixels
        (N, 3, H, W) uint8; 255 is composite value 1.
    boxes
        N arrays (n, 4): x1, y1, x2, y2 in composite pixels, edge convention.
    labels
        N arrays (n,) of `Label`.
    weights
        N arrays (n,) in [0, 1]: chance of each box to be there in an epoch; ``None``: all are.
    """

    pixels: NDArray[np.uint8]
    boxes: list[NDArray[np.float64]]
    labels: list[NDArray[np.int64]]
    weights: list[NDArray[np.float64]] | None = None

    def __post_init__(self) -> None:
        if not len(self.pixels) == len(self.boxes) == len(self.labels) > 0:
            raise TableError(
                expected_got(
                    "training set",
                    "as many box lists as composites, at least one",
                    f"{len(self.pixels)}, {len(self.boxes)}, {len(self.labels)}",
                )
            )

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def joined(cls, parts: list["TrainingSet"]) -> "TrainingSet":
        """All parts, one after the other.

        Raises
        ------
        TableError
            If there is none.
        """
        if not parts:
            raise TableError(expected_got("training set", "at least one image", "none"))
        return cls(
            np.concatenate([part.pixels for part in parts]),
            [boxes for part in parts for boxes in part.boxes],
            [labels for part in parts for labels in part.labels],
            [one for part in parts for one in part.every_weight()],
        )

    def every_weight(self) -> list[NDArray[np.float64]]:
        """Weights, 1 where there are none."""
        if self.weights is None:
            return [np.ones(len(labels)) for labels in self.labels]
        return self.weights

    def subset(self, index: NDArray[np.intp]) -> "TrainingSet":
        """Those of ``index``."""
        weights = self.every_weight()
        return TrainingSet(
            self.pixels[index],
            [self.boxes[k] for k in index],
            [self.labels[k] for k in index],
            [weights[k] for k in index],
        )


@dataclass(frozen=True, eq=False)
class Example:
    """One composite (3, H, W) float32 with boxes (n, 4) and labels (n,)."""

    pixels: NDArray[np.float32]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]


class CompositeDataset(Dataset[tuple[Tensor, Target]]):
    """Examples for torch; every epoch draws its augmentations from (seed, epoch, index)."""

    def __init__(self, data: TrainingSet, augment: AugmentConfig | None, seed: int) -> None:
        self.data = data
        self.augment = augment
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        """(3, H, W) float32 in [0, 1] and its boxes and labels."""
        pixels = self.data.pixels[index].astype(np.float32) / 255
        example = Example(pixels, self.data.boxes[index], self.data.labels[index])
        if self.augment is not None:
            rng = np.random.default_rng([self.seed, self.epoch, index])
            example = augment(example, self.augment, rng)
            if self.data.weights is not None:
                # The mean over epochs is the loss of a soft label.
                there = rng.random(len(example.labels)) < self.data.weights[index]
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


def augment(example: Example, config: AugmentConfig, rng: np.random.Generator) -> Example:
    """Change an example at random: geometry first, then brightness and sharpness."""
    if config.flips:
        example = _flipped(example, *(rng.random(3) < 0.5))
    if config.scale:
        example = _scaled(example, float(rng.uniform(1 - config.scale, 1 + config.scale)))
    pixels = example.pixels
    if rng.random() < config.smooth:
        width = rng.uniform(0.5, 2.0)
        pixels = gaussian_filter(pixels, (0, width, width), truncate=2.5)
    factors = np.exp(config.gain * rng.standard_normal() + config.colour * rng.standard_normal(3))
    pixels = pixels * factors[:, None, None].astype(np.float32)
    exponent = np.float32(np.exp(config.gamma * rng.standard_normal()))
    return replace(example, pixels=np.clip(pixels, 0, 1) ** exponent)


def _flipped(example: Example, horizontal: bool, vertical: bool, transposed: bool) -> Example:
    pixels, boxes = example.pixels, example.boxes
    _, height, width = pixels.shape
    if horizontal:
        pixels = pixels[:, :, ::-1]
        boxes = np.column_stack(
            [width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]]
        )
    if vertical:
        pixels = pixels[:, ::-1, :]
        boxes = np.column_stack(
            [boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]]
        )
    if transposed:
        pixels = pixels.transpose(0, 2, 1)
        boxes = boxes[:, [1, 0, 3, 2]]
    return Example(pixels, boxes, example.labels)


def _scaled(example: Example, factor: float) -> Example:
    """Enlarged or shrunk about the centre, by nearest neighbour, in the same frame."""
    _, height, width = example.pixels.shape
    centre = np.array([width, height]) / 2
    cols, rows = (
        np.floor((np.arange(size) + 0.5 - middle) / factor + middle).astype(np.intp)
        for size, middle in zip((width, height), centre, strict=True)
    )
    seen_cols, seen_rows = (cols >= 0) & (cols < width), (rows >= 0) & (rows < height)
    pixels = np.zeros_like(example.pixels)
    shown = np.ix_(range(len(pixels)), seen_rows, seen_cols)
    pixels[shown] = example.pixels[np.ix_(range(len(pixels)), rows[seen_rows], cols[seen_cols])]
    middle = np.tile(centre, 2)
    return Example(pixels, (example.boxes - middle) * factor + middle, example.labels)


def training_set(pairs: Sequence[tuple[Composite, Boxes]], *, soft: bool = False) -> TrainingSet:
    """Composites with their labels (boxes as fractions of the stored array), in memory.

    With ``soft`` a box is in each epoch only with the probability that is its score.

    Raises
    ------
    TableError
        If there is none.
    """
    if not pairs:
        raise TableError(expected_got("training set", "at least one image", "none"))
    pixels = np.stack([np.rint(image.pixels * 255).astype(np.uint8) for image, _ in pairs])
    boxes = [image.frame.boxes_fraction_to_composite(found.xyxy) for image, found in pairs]
    weights = [found.scores for _, found in pairs] if soft else None
    return TrainingSet(pixels, boxes, [found.labels for _, found in pairs], weights)
