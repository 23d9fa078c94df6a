"""Training a detector with Lightning: its losses, its validation and its optimiser.

A network takes a list of images, and in training their targets; it gives a dict of losses in
training, and otherwise a list of dicts of boxes, labels and scores.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from clumpscope.config.train import TrainConfig
from clumpscope.detector.training.levels import answered
from clumpscope.detector.training.optimiser import optimiser
from clumpscope.detector.training.order import Batch, Order
from clumpscope.detector.training.scores import Found, judge

_VALIDATION = 2**31  # the steps of a validation draw from streams of their own


class DetectorModule(lightning.LightningModule):
    """Losses, optimiser and validation of one detector."""

    def __init__(self, network: nn.Module, config: TrainConfig, order: Order) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.config = config
        self.order = order
        self.found: list[Found] = []
        self.targets: list[Found] = []
        self.held_out: list[float] = []  # losses
        if config.batch_norm == "frozen":
            for layer in _batch_norms(network):
                layer.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> "DetectorModule":
        """As torch has it, but frozen batch-norms stay as they are."""
        super().train(mode)
        if self.config.batch_norm == "frozen":
            for layer in _batch_norms(self.network):
                layer.eval()
        return self

    def training_step(self, batch: Batch, _: int) -> dict[str, Tensor]:
        """Each loss, and their sum; what the network draws hangs on the step alone."""
        torch.manual_seed(self.order.stream(self.global_step))
        with answered(self.network, batch[1]):
            losses: dict[str, Tensor] = self.network(*batch)
        parts = {name: loss.detach() for name, loss in losses.items()}
        return {**parts, "loss": _total(losses)}

    def on_validation_epoch_start(self) -> None:
        """Forget the validation before."""
        self.found, self.targets, self.held_out = [], [], []

    def validation_step(self, batch: Batch, number: int) -> None:
        """Collect detections and losses."""
        images, targets = batch
        with answered(self.network, targets):
            self.found += [_on_cpu(one) for one in self.network(images)]
        self.targets += [_on_cpu(one) for one in targets]
        torch.manual_seed(self.order.stream(_VALIDATION + number))
        with _losing(self.network), answered(self.network, targets):
            losses: dict[str, Tensor] = self.network(images, targets)
        self.held_out += len(images) * [float(_total(losses))]

    def judged(self) -> dict[str, float]:
        """What the last validation found, by all processes together."""
        mine = self.found, self.targets, self.held_out
        parts = [mine]
        if self.order.ranks > 1:
            parts = [mine] * self.order.ranks
            torch.distributed.all_gather_object(parts, mine)
        found, targets, losses = (
            [one for part in kind for one in part] for kind in zip(*parts, strict=True)
        )
        return {"val_loss": sum(losses) / len(losses), **judge(found, targets)}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and learning rate of the recipe."""
        steps = self.config.epochs * self.order.steps
        optimizer, schedule = optimiser(self.network.parameters(), self.config, steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def _batch_norms(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]


@contextmanager
def _losing(network: nn.Module) -> Iterator[None]:
    """Let a network give losses, and learn nothing: batch-norms use and keep what they know."""
    network.train()
    for layer in _batch_norms(network):
        layer.eval()
    try:
        yield
    finally:
        network.eval()


def _total(losses: Mapping[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def _on_cpu(one: Mapping[str, Tensor]) -> Found:
    return {name: one[name].cpu() for name in ("boxes", "labels", "scores") if name in one}
