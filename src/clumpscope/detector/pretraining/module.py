"""What Lightning does with any encoder that learns from whole galaxies."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR

from clumpscope.config.pretraining import PretrainingConfig
from clumpscope.detector.pretraining.images import GalaxyDataset
from clumpscope.detector.starts.normalisation import Scaling
from clumpscope.detector.starts.saved import save_encoder
from clumpscope.errors import TrainingError, expected_got
from clumpscope.models.encoder import EncoderCard

Batch = tuple[Tensor, Tensor]
Report = Callable[[int, dict[str, float]], None]


class Scaled(nn.Module):
    """A network that is shown composites of [0, 1] (B, 3, H, W) as its weights expect them."""

    def __init__(self, network: nn.Module, scaling: Scaling) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.std: Tensor
        for name, values in zip(("mean", "std"), scaling, strict=True):
            self.register_buffer(name, torch.tensor(values)[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """What the network makes of them."""
        seen: Tensor = self.network((images - self.mean) / self.std)
        return seen


class PretrainingModule(lightning.LightningModule, ABC):
    """Optimiser and loop; a subclass has the loss, and judges what is held out.

    ``best_by`` names the metric that is highest where the network is best; ``metrics`` are those
    of the last epoch.
    """

    best_by: str

    def __init__(self, data: GalaxyDataset, config: PretrainingConfig) -> None:
        super().__init__()
        self.data = data
        self.config = config
        self.losses: list[Tensor] = []
        self.metrics: dict[str, float] = {}

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """The loss of a batch, of no dimension."""

    @abstractmethod
    def judged(self) -> dict[str, float]:
        """Metrics of what was held out, since they were last asked for."""

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The loss; not finite, it ends the training."""
        loss = self.loss(batch)
        if not torch.isfinite(loss):
            remedy = "a lower learning_rate may help"
            raise TrainingError(
                expected_got("loss", "a finite number", float(loss.detach()), remedy)
            )
        self.losses.append(loss.detach())
        return loss

    def on_train_epoch_start(self) -> None:
        """Tell the data which epoch it is, so that changes differ."""
        self.losses = []
        self.data.epoch = self.current_epoch

    def on_validation_epoch_end(self) -> None:
        """Collect the metrics of the epoch."""
        self.metrics = {**self.judged(), "loss": float(torch.stack(self.losses).mean())}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Adam, its learning rate constant or of one cycle."""
        optimizer = Adam(self.parameters(), lr=self.config.learning_rate)
        if self.config.schedule == "constant":
            return optimizer
        steps = max(2, int(self.trainer.estimated_stepping_batches))
        cycle = OneCycleLR(optimizer, self.config.learning_rate, total_steps=steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": cycle, "interval": "step"},
        }


class Keeper(lightning.Callback):
    """Tells of every epoch, and writes the encoder of each that is the best so far.

    Attributes
    ----------
    card
        As last written.
    """

    def __init__(self, network: nn.Module, card: EncoderCard, out: Path, report: Report) -> None:
        self.network = network
        self.card = card
        self.out = out
        self.report = report
        self.best = -math.inf
        self.began = time.monotonic()

    def on_validation_end(self, _: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Keep what is best, then tell."""
        assert isinstance(module, PretrainingModule)  # noqa: S101  (its only use)
        metrics = module.metrics
        if metrics[module.best_by] > self.best:
            self.best = metrics[module.best_by]
            self.card = self.card.model_copy(update={"metrics": metrics})
            save_encoder(self.out, self.network, self.card)
        minutes = (time.monotonic() - self.began) / 60
        self.report(module.current_epoch + 1, {**metrics, "minutes": minutes})
