"""Training a classifier with Lightning."""

import math
from collections.abc import Callable

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam, Optimizer

from clumpscope.detector.classifier.data import ClumpyDataset

Batch = tuple[Tensor, Tensor]


class Classifier(nn.Module):
    """A timm network with one output, the logit of being clumpy, on composites of [0, 1]."""

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """(B,) logits of (B, 3, H, W) images."""
        logits: Tensor = self.network((images - self.mean) / self.std)
        return logits.squeeze(1)


class ClassifierModule(lightning.LightningModule):
    """Loss, optimiser and validation of a classifier.

    ``report`` is told the number of each epoch, from 1, and its metrics; ``save`` is called when
    accuracy has risen.
    """

    def __init__(
        self,
        classifier: Classifier,
        data: ClumpyDataset,
        learning_rate: float,
        report: Callable[[int, dict[str, float]], None],
        save: Callable[[dict[str, float]], None],
    ) -> None:
        super().__init__()
        self.classifier = classifier
        self.data = data
        self.learning_rate = learning_rate
        self.report, self.save = report, save
        self.losses: list[Tensor] = []
        self.right: list[Tensor] = []
        self.best = -math.inf

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Cross entropy."""
        images, clumpy = batch
        loss = functional.binary_cross_entropy_with_logits(self.classifier(images), clumpy)
        self.losses.append(loss.detach())
        return loss

    def on_train_epoch_start(self) -> None:
        """Tell the data which epoch it is, so that augmentations differ."""
        self.losses, self.right = [], []
        self.data.epoch = self.current_epoch

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect what was right."""
        images, clumpy = batch
        self.right.append((self.classifier(images) > 0) == (clumpy > 0.5))

    def on_validation_epoch_end(self) -> None:
        """Accuracy; the best epoch so far is saved."""
        metrics = {
            "accuracy": float(torch.cat(self.right).float().mean()),
            "loss": float(torch.stack(self.losses).mean()),
        }
        self.report(self.current_epoch + 1, metrics)
        if metrics["accuracy"] > self.best:
            self.best = metrics["accuracy"]
            self.save(metrics)

    def configure_optimizers(self) -> Optimizer:
        """Adam."""
        return Adam(self.parameters(), lr=self.learning_rate)
