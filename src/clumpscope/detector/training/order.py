"""The order of a training: which images each step sees, from nothing but seed and step.

So a training that was killed goes on with the very batch that comes next, whoever asks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from clumpscope.detector.training.data import Target, ViewDataset, collate

Index = tuple[int, int]  # epoch, number of the image
Batch = tuple[list[Tensor], list[Target]]


@dataclass(frozen=True)
class Order:
    """Batches of a training, shuffled anew in each epoch.

    Attributes
    ----------
    images
        How many there are.
    batch_size
        Images of a step, those of all processes together.
    seed
        Of all draws.
    rank, ranks
        Number of this process, and how many there are: each takes its share of every batch.
    """

    images: int
    batch_size: int
    seed: int
    rank: int = 0
    ranks: int = 1

    @property
    def steps(self) -> int:
        """Steps of an epoch.

        A last batch of one or two images would upset the batch-norms: it is left out, unless
        it is the only one.
        """
        return max(1, self.images // self.batch_size)

    def batch(self, step: int) -> list[Index]:
        """What this process sees in a step of the training, from 0."""
        epoch, place = divmod(step, self.steps)
        shuffled = np.random.default_rng([self.seed, epoch]).permutation(self.images)
        rows = shuffled[place * self.batch_size :][: self.batch_size]
        return [(epoch, int(row)) for row in rows[self.rank :: self.ranks]]

    def rest(self, step: int) -> list[list[Index]]:
        """Batches from a step to the end of its epoch."""
        end = step - step % self.steps + self.steps
        return [self.batch(one) for one in range(step, end)]

    def checked(self) -> list[list[Index]]:
        """All images in order, those of this process, as a validation sees them."""
        mine = range(self.rank, self.images, self.ranks)
        size = max(1, self.batch_size // self.ranks)
        starts = range(0, len(mine), size)
        return [[(0, row) for row in mine[start : start + size]] for start in starts]

    def stream(self, step: int) -> int:
        """Seed of what the network draws in a step."""
        words = np.random.SeedSequence([self.seed, step, self.rank]).generate_state(2)
        return int(words[0]) << 32 | int(words[1])


class Drawn(Dataset[tuple[Tensor, Target]]):
    """Images by epoch and number: an epoch's augmentation needs no telling of the epoch."""

    def __init__(self, data: ViewDataset) -> None:
        self.data = data

    def __getitem__(self, index: Index) -> tuple[Tensor, Target]:
        """An image as it is in an epoch, and its boxes and labels."""
        self.data.epoch, row = index
        return self.data[row]


class Loader:
    """Loads those batches that are to come when its first one is asked for.

    Lightning makes iterators before it knows where a training goes on.
    """

    def __init__(
        self,
        data: ViewDataset,
        coming: Callable[[], list[list[Index]]],
        length: int,
        workers: int,
    ) -> None:
        self.data, self.coming, self.length, self.workers = Drawn(data), coming, length, workers

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Batch]:
        """Batches, in order, whatever the number of workers."""
        yield from DataLoader(
            self.data,
            batch_sampler=self.coming(),
            collate_fn=collate,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),  # else workers' seeds are drawn from the global one
        )
