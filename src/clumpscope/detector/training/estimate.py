"""What a training will need: memory of a step and time, from one step on a few images."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from clumpscope.config.train import TrainConfig
from clumpscope.detector.training.data import ViewDataset, collate
from clumpscope.detector.training.levels import Keeping, answered
from clumpscope.detector.training.module import DetectorModule
from clumpscope.detector.training.order import Order
from clumpscope.errors import TrainingError, expected_got

_CONTAINER = Path("/sys/fs/cgroup")
_ADAM = 2  # numbers that it keeps for each that is learned
_CHECKED = 2.0  # an image held out passes twice, without gradients


@dataclass(frozen=True)
class Estimate:
    """Needs of a training.

    Attributes
    ----------
    parameters, trainable
        Numbers of the network, and those that are learned.
    fixed_bytes
        Memory for numbers, their gradients and the optimiser.
    image_bytes
        Memory that an image of a batch adds.
    free_bytes
        Memory that there is, of a device.
    image_seconds
        Time of a step, an image.
    batch
        Images of a step on one device.
    keeping
        Of a frozen encoder's levels; ``None`` if the encoder learns.
    """

    parameters: int
    trainable: int
    fixed_bytes: int
    image_bytes: int
    free_bytes: int
    image_seconds: float
    batch: int
    keeping: Keeping | None = None

    @property
    def step_bytes(self) -> int:
        """Memory of a step."""
        return self.fixed_bytes + self.batch * self.image_bytes

    @property
    def fitting(self) -> int:
        """Images of a step that memory has room for."""
        return max(0, (self.free_bytes - self.fixed_bytes) // self.image_bytes)

    def minutes(self, learned: int, checked: int, config: TrainConfig) -> float:
        """Time of a training on so many images."""
        images = (learned + _CHECKED / 3 * checked) / (config.devices * config.nodes)
        steps = self.image_seconds * images * config.epochs / 60
        if self.keeping is None:
            return steps
        return steps + self.keeping.seconds * self.keeping.images(learned, checked) / 60

    def check(self, devices: int) -> None:
        """Check that memory suffices.

        Raises
        ------
        TrainingError
            If it does not; the message says which batch would fit.
        """
        if self.step_bytes <= self.free_bytes:
            return
        fits = self.fitting * devices
        got = f"a need of {self.step_bytes / 1e9:.2f} GB for batch_size {self.batch * devices}"
        remedy = f"batch_size {fits} would fit" if fits else "not even one image would fit"
        most = f"at most the {self.free_bytes / 1e9:.2f} GB that are free"
        raise TrainingError(expected_got("memory of a training step", most, got, remedy))


def estimate(
    network: nn.Module,
    data: ViewDataset,
    config: TrainConfig,
    keeping: Keeping | None = None,
) -> Estimate:
    """Try a step on the largest of some images.

    Parameters
    ----------
    network
        Is of no other use afterwards.
    data
        Some images as they are learned from.
    keeping
        Of their levels.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = DetectorModule(network, config, Order(len(data), 1, 0)).network.to(device)
    rows = sorted(range(len(data)), key=lambda row: data[row][0].numel())[-2:]
    images, targets = collate([data[row] for row in rows])
    images = [image.to(device) for image in images]
    targets = [{name: one.to(device) for name, one in target.items()} for target in targets]

    def step() -> None:
        mixed = torch.autocast(device.type, torch.bfloat16, enabled="mixed" in config.precision)
        with mixed, answered(network, targets):
            losses = network(images, targets)
        torch.autograd.backward(list(losses.values()))

    with _saved() as kept:
        step()
    began = time.monotonic()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = (time.monotonic() - began) / len(images)
    numbers = list(network.parameters())
    learned = [one for one in numbers if one.requires_grad]
    fixed = _bytes(numbers) + (1 + _ADAM) * _bytes(learned)
    return Estimate(
        parameters=sum(one.numel() for one in numbers),
        trainable=sum(one.numel() for one in learned),
        fixed_bytes=fixed,
        image_bytes=max(1, sum(kept.values()) // len(images)),
        free_bytes=free_bytes(device),
        image_seconds=seconds,
        batch=max(1, config.batch_size // (config.devices * config.nodes)),
        keeping=keeping,
    )


def free_bytes(device: torch.device) -> int:
    """Memory of a device that is free; of the processor, also within a container's bounds."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        most, used = (
            int((_CONTAINER / f"memory.{name}").read_text()) for name in ("max", "current")
        )
    except (OSError, ValueError):  # none, or no bound
        return free
    return min(free, most - used)


def _bytes(tensors: list[nn.Parameter]) -> int:
    return sum(one.numel() * one.element_size() for one in tensors)


@contextmanager
def _saved() -> Iterator[dict[int, int]]:
    """Bytes of what is kept for gradients inside, by the place in memory."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept
