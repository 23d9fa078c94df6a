"""Training a native detector with Lightning."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR
from torchmetrics.detection import MeanAveragePrecision
from torchvision.models.detection import FasterRCNN

from clumpscope.config.train import TrainConfig
from clumpscope.core.boxes import Label
from clumpscope.detector.training.data import CompositeDataset, Target

Batch = tuple[list[Tensor], list[Target]]


@dataclass(frozen=True)
class Watch:
    """What is called while a network is trained.

    Attributes
    ----------
    report
        After each epoch, with its number from 1 and its metrics.
    save
        With the network and the epoch's metrics, whenever validation AP at IoU 0.5 has risen
        or, for want of held-out labels, is NaN.
    step
        After each batch, of validation too: the epoch, the batches done in it, and how many
        it has.
    """

    report: Callable[[int, dict[str, float]], None]
    save: Callable[[FasterRCNN, dict[str, float]], None]
    step: Callable[[int, int, int], None]


class DetectorModule(lightning.LightningModule):
    """Loss, optimiser and validation of one detector."""

    def __init__(
        self,
        network: FasterRCNN,
        data: CompositeDataset,
        config: TrainConfig,
        watch: Watch,
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.config = config
        self.watch = watch
        self.data = data
        self.best = -math.inf
        self.losses: list[Tensor] = []
        self.done = 0  # batches of this epoch
        self.precision_recall = MeanAveragePrecision(
            iou_thresholds=[0.5], class_metrics=True, backend="faster_coco_eval"
        )

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Sum of the RPN's and the heads' losses."""
        losses = self.network(*batch)
        total: Tensor = sum(losses.values())
        self.losses.append(total.detach())
        return total

    def on_train_epoch_start(self) -> None:
        """Tell the data which epoch it is, so that augmentations differ."""
        self.losses = []
        self.done = 0
        self.data.epoch = self.current_epoch

    def on_train_batch_end(self, *_: object) -> None:
        """Tell how far this epoch is."""
        self._tell()

    def on_validation_batch_end(self, *_: object) -> None:
        """Tell how far this epoch is."""
        self._tell()

    def _tell(self) -> None:
        self.done += 1
        batches = (self.trainer.num_training_batches, *self.trainer.num_val_batches)
        self.watch.step(self.current_epoch + 1, self.done, sum(map(int, batches)))

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect detections."""
        images, targets = batch
        self.precision_recall.update(self.network(images), targets)

    def on_validation_epoch_end(self) -> None:
        """Average precision at IoU 0.5; the best epoch so far is saved.

        Without a held-out label it is NaN, and every epoch is saved.
        """
        found = self.precision_recall.compute()
        self.precision_recall.reset()
        seen = (found[name].reshape(-1).tolist() for name in ("classes", "map_per_class"))
        per_class = dict(zip(*seen, strict=False))  # of no class at all, one value comes
        metrics = {
            "ap50": _defined(float(found["map_50"])),
            "ap50_clump": _defined(per_class.get(Label.CLUMP, math.nan)),
        }
        metrics["loss"] = float(torch.stack(self.losses).mean())
        self.watch.report(self.current_epoch + 1, metrics)
        if not metrics["ap50"] <= self.best:  # so that NaN, too, is saved
            self.best = metrics["ap50"]
            self.watch.save(self.network, metrics)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a one-cycle learning rate."""
        optimizer: Optimizer = AdamW(
            self.network.parameters(),
            lr=self.config.max_learning_rate,
            weight_decay=self.config.weight_decay,
        )
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = OneCycleLR(optimizer, self.config.max_learning_rate, total_steps=steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def _defined(precision: float) -> float:
    """NaN for the -1 by which torchmetrics says that there was no label."""
    return math.nan if precision < 0 else precision
