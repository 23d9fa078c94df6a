"""Levels of a frozen encoder: computed once for each way an image comes, then kept on disk.

What does not learn, and sees the same again and again, need not be computed again and again. An
image that is only mirrored and transposed comes in eight ways at most.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clumpscope.config.train import AugmentConfig, TrainConfig
from clumpscope.detector.centres import CentreNet
from clumpscope.detector.network import Network, encoder_module
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.examples import Labelled, Pixels, TrainingSet
from clumpscope.errors import TrainingError, expected_got
from clumpscope.models.spec import DetectorSpec

_TOGETHER = 8  # images that pass the encoder in one batch, whoever asks: results depend on it
_KEY = "level"
_NO_BOXES = (np.empty((0, 4)), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Keeping:
    """Whether the levels of a frozen encoder are kept, and what that takes.

    Attributes
    ----------
    obstacle
        Why they are not; empty if they are.
    ways
        In which an image that is learned from comes: mirrored, transposed.
    bytes, seconds
        Disk and time of an image in one way.
    """

    obstacle: str
    ways: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def images(self, learned: int, checked: int) -> int:
        """Images in all ways that pass the encoder; those held out come in one."""
        return 0 if self.obstacle else self.ways * learned + checked


def obstacle(shapes: NDArray[np.int64], config: TrainConfig, *, ours: bool) -> str:
    """Why the levels of a frozen encoder cannot be kept, or had better not; empty if they can.

    Parameters
    ----------
    shapes
        (N, 3) of the images: channels, rows, columns.
    ours
        Whether the encoder is that of a family of ours, not the published one's.
    """
    augment = config.augment
    mirrored = AugmentConfig(flips=augment.flips, transpose=augment.transpose)
    changes = [
        name for name, value in mirrored.model_dump().items() if getattr(augment, name) != value
    ]
    if not config.keep_levels:
        return "train.keep_levels is false"
    if not ours:
        return "the published family enlarges its images, so that levels are too large to keep"
    if changes:
        return f"train.augment does more than mirror images: {', '.join(changes)}"
    if len(np.unique(shapes[:, 1:])) > 1:
        return "images are not all squares of one size"
    if config.epochs < (ways := ways_of(augment)):
        return f"{config.epochs} epochs see an image less often than it comes in {ways} ways"
    return ""


def ways_of(augment: AugmentConfig) -> int:
    """In how many ways an image comes if it is only mirrored."""
    return (8 if augment.transpose else 4) if augment.flips else 1


def levels_key(images: str, spec: DetectorSpec, network: Network, ways: int) -> str:
    """Hash of all that levels depend on: what images do (``images``), scaling, network, weights."""
    settings = (images, ways, spec.architecture, spec.mean, spec.std, torch.__version__)
    digest = sha256(repr(settings).encode())
    for name, tensor in encoder_module(network).state_dict().items():
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of N images: ``depth`` arrays (ways, rows, columns, channels) float16 an image."""

    values: Pixels
    depth: int

    def of(self, row: int, way: int) -> dict[str, Tensor]:
        """Those of an image that comes in one way, as `answered` looks for them."""
        first = row * self.depth
        return {
            f"{_KEY}{k}": torch.from_numpy(np.array(self.values[first + k][way]))
            for k in range(self.depth)
        }

    @property
    def bytes(self) -> int:
        """Of an image in one way."""
        return sum(self.values[k][0].nbytes for k in range(self.depth))


def computed(
    network: Network,
    parts: Sequence[tuple[ViewDataset, int]],
    folder: Path | None = None,
) -> Levels:
    """Levels of images in ways each, those of one part after the other, in a folder if given.

    Raises
    ------
    TrainingError
        If one is beyond the range of 16 bits.
    StoreError
        If the folder cannot be written.
    """
    values = TrainingSet.filled(_items(network, parts), folder).pixels
    return Levels(values, len(values) // sum(len(data) for data, _ in parts))


def kept_levels(folder: Path, images: int) -> Levels | None:
    """Those of so many images that a folder keeps; ``None`` if they are not there, or not whole."""
    kept = TrainingSet.kept(folder)
    return None if kept is None else Levels(kept.pixels, len(kept) // images)


def _items(network: Network, parts: Sequence[tuple[ViewDataset, int]]) -> Iterator[Labelled]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder_module(network)
    network.to(device).to(memory_format=torch.channels_last).eval()
    for data, ways in parts:
        for start in range(0, len(data), _TOGETHER):
            numbers = range(start, min(start + _TOGETHER, len(data)))
            images = [data.mirrored(k, way).to(device) for k in numbers for way in range(ways)]
            with torch.inference_mode():
                levels = [one.permute(0, 2, 3, 1).cpu() for one in encoder(network.batch(images))]
            for k in range(len(numbers)):
                for level in levels:
                    yield _item(level[k * ways : (k + 1) * ways])
    network.to("cpu").train()


def _item(level: Tensor) -> Labelled:
    values = level.half()
    if not values.isfinite().all():
        what = "levels of the frozen encoder"
        got = f"a value of {float(level.abs().max()):.3g}"
        remedy = "keep_levels = false in [train] computes them in each step"
        raise TrainingError(expected_got(what, "numbers of 16 bits", got, remedy))
    return Labelled(values.numpy(), *_NO_BOXES)


class _Known(nn.Module):
    """In an encoder's place: gives levels that are known, whatever it is shown."""

    def __init__(self, levels: list[Tensor]) -> None:
        super().__init__()
        self.levels = levels

    def forward(self, _: Tensor) -> list[Tensor]:
        """The levels, (B, C, h, w) float32 each."""
        return self.levels


@contextmanager
def answered(network: nn.Module, targets: Sequence[Mapping[str, Tensor]]) -> Iterator[None]:
    """Inside, the encoder of a network is not asked if targets hold an image's levels.

    It is in its place again afterwards.
    """
    names = sorted(name for name in targets[0] if name.startswith(_KEY))
    if not names or not isinstance(network, Network):
        yield
        return
    owner: nn.Module = network if isinstance(network, CentreNet) else network.backbone
    encoder = encoder_module(network)
    levels = [torch.stack([one[name] for one in targets]).float() for name in names]
    owner.encoder = _Known([one.permute(0, 3, 1, 2) for one in levels])
    try:
        yield
    finally:
        owner.encoder = encoder


def tried(network: Network, data: ViewDataset, ways: int) -> tuple[Keeping, Levels]:
    """What keeping takes, and the levels, of a few images in all ways."""
    began = time.monotonic()
    levels = computed(network, [(data, ways)])
    seconds = (time.monotonic() - began) / (len(data) * ways)
    return Keeping("", ways, levels.bytes, seconds), levels
