"""Composites that show a whole galaxy, as torch takes them, and their random changes."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import InterpolationMode, functional

from clumpscope.config.pretraining import PretrainingConfig
from clumpscope.detector.training.examples import TrainingSet


class GalaxyDataset(Dataset[tuple[Tensor, Tensor]]):
    """Some rows of a training set of composites; each gives what is seen, and what is to be told.

    Every epoch draws its changes from (seed, epoch, row); without ``augment`` there are none.
    """

    def __init__(
        self,
        data: TrainingSet,
        rows: NDArray[np.intp],
        config: PretrainingConfig,
        seed: int,
        *,
        augment: bool,
    ) -> None:
        self.data = data
        self.rows = rows
        self.config = config
        self.seed = seed
        self.augment = augment
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def composite(self, row: int) -> Tensor:
        """(3, H, W) float32 in [0, 1] of a row of the set."""
        return torch.from_numpy(np.asarray(self.data.pixels[row], dtype=np.float32) / 255)

    def draws(self, row: int) -> np.random.Generator:
        """Generator of a row's changes in this epoch."""
        return np.random.default_rng([self.seed, self.epoch, row])


def changed(image: Tensor, config: PretrainingConfig, rng: np.random.Generator) -> Tensor:
    """Cut, resize, mirror and turn an image (3, H, W) at random (Appendix B).

    The crop's area is drawn evenly between (1 - margin)² and 1 of the image's, and its aspect
    evenly in the logarithm, as torchvision's ``RandomResizedCrop`` does.
    """
    height, width = image.shape[-2:]
    area = height * width * rng.uniform((1 - config.margin) ** 2, 1)
    aspect = math.exp(rng.uniform(*np.log(config.aspect)))
    rows = min(height, round(math.sqrt(area / aspect)))
    cols = min(width, round(math.sqrt(area * aspect)))
    top, left = rng.integers(height - rows + 1), rng.integers(width - cols + 1)
    size = [config.size] * 2
    image = functional.resized_crop(image, top, left, rows, cols, size, antialias=True)
    if config.flips and rng.random() < 0.5:
        image = functional.horizontal_flip(image)
    if config.rotation_deg:
        angle = float(rng.uniform(-config.rotation_deg, config.rotation_deg))
        image = functional.rotate(image, angle, InterpolationMode.BILINEAR)
    return image


def unchanged(image: Tensor, config: PretrainingConfig) -> Tensor:
    """The whole image (3, H, W) at the size that the network sees."""
    resized: Tensor = functional.resize(image, [config.size] * 2, antialias=True)
    return resized
