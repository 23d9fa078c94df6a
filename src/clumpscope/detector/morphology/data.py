"""Changed views of composites, and the votes for each, as torch takes them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from clumpscope.config.morphology import MorphologyConfig
from clumpscope.detector.pretraining.images import GalaxyDataset, changed, unchanged
from clumpscope.detector.training.examples import TrainingSet

_BLUR_PX = (0.5, 1.5)


class MorphologyDataset(GalaxyDataset):
    """Galaxies with ``votes`` (N, answers) a row of the set, all 0 where nobody was asked."""

    def __init__(
        self,
        data: TrainingSet,
        rows: NDArray[np.intp],
        votes: NDArray[np.int64],
        config: MorphologyConfig,
        seed: int,
        *,
        augment: bool,
    ) -> None:
        super().__init__(data, rows, config, seed, augment=augment)
        self.votes = votes
        self.changes = config

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """(views, 3, size, size) float32 in [0, 1], two if they shall agree, and (answers,)."""
        row = int(self.rows[index])
        image, votes = self.composite(row), torch.from_numpy(self.votes[row])
        if not self.augment:
            return unchanged(image, self.config)[None], votes
        rng = self.draws(row)
        count = 2 if self.changes.agreement else 1
        views = [altered(changed(image, self.config, rng), self.changes, rng) for _ in range(count)]
        return torch.stack(views), votes


def altered(image: Tensor, config: MorphologyConfig, rng: np.random.Generator) -> Tensor:
    """Change sharpness, brightness, colour and noise of an image (3, H, W) at random."""
    if rng.random() < config.smooth:
        sigma = float(rng.uniform(*_BLUR_PX))
        image = functional.gaussian_blur(image, [7, 7], [sigma, sigma])
    factors = np.exp(config.gain * rng.standard_normal() + config.colour * rng.standard_normal(3))
    image = image * torch.from_numpy(factors.astype(np.float32))[:, None, None]
    if rng.random() < 0.5:
        width = np.float32(rng.uniform(0, config.noise))
        image = image + torch.from_numpy(
            width * rng.standard_normal(tuple(image.shape), dtype=np.float32)
        )
    return image.clamp(0, 1)
