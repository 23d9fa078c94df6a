"""Composites and whether they are clumpy, as torch takes them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clumpscope.detector.pretraining.images import GalaxyDataset, changed, unchanged


class ClumpyDataset(GalaxyDataset):
    """Galaxies of which those are clumpy that have a label."""

    @property
    def clumpy(self) -> NDArray[np.bool_]:
        """(N,) whether each is."""
        return np.array([len(self.data.labels[row]) > 0 for row in self.rows], dtype=bool)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """(3, size, size) float32 in [0, 1], and 1 if it is clumpy, else 0."""
        row = int(self.rows[index])
        image = self.composite(row)
        if self.augment:
            image = changed(image, self.config, self.draws(row))
        else:
            image = unchanged(image, self.config)
        return image, torch.tensor(float(len(self.data.labels[row]) > 0))
