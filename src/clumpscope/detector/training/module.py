"""Training a native detector with Lightning."""

import logging
import math
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader
from torchmetrics.detection import MeanAveragePrecision
from torchvision.models.detection import FasterRCNN

from clumpscope.config.recipe import TrainConfig
from clumpscope.core.boxes import Label
from clumpscope.detector.training.data import CompositeDataset, Target, TrainingSet, collate
from clumpscope.detector.faster_rcnn import build
from clumpscope.models.spec import DetectorSpec
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, expected_got

Batch = tuple[list[Tensor], list[Target]]
Report = Callable[[int, dict[str, float]], None]
Save = Callable[[FasterRCNN, dict[str, float]], None]


class DetectorModule(lightning.LightningModule):
    """Loss, optimiser and validation of one detector."""

    def __init__(
        self,
        network: FasterRCNN,
        data: CompositeDataset,
        config: TrainConfig,
        report: Report,
        save: Save,
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.config = config
        self.report = report
        self.save = save
        self.data = data
        self.best = -math.inf
        self.losses: list[Tensor] = []
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
        self.data.epoch = self.current_epoch

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
        self.report(self.current_epoch + 1, metrics)
        if not metrics["ap50"] <= self.best:  # so that NaN, too, is saved
            self.best = metrics["ap50"]
            self.save(self.network, metrics)

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


def initial(spec: DetectorSpec, start: Path | None, seed: int) -> FasterRCNN:
    """The network to train: random weights, or those of the model file ``start``.

    Raises
    ------
    ModelError
        If the encoder does not exist, or ``start`` is of another architecture.
    """
    lightning.seed_everything(seed, verbose=False)
    if start is None:
        return build(spec)
    before, network = load_model(start)
    for name in ("architecture", "mean", "std"):
        if getattr(before, name) != getattr(spec, name):
            raise ModelError(
                expected_got(f"{start} {name}", getattr(spec, name), getattr(before, name))
            )
    return network.train()


def fit(
    network: FasterRCNN,
    training: TrainingSet,
    validation: TrainingSet,
    config: TrainConfig,
    seed: int,
    report: Report,
    save: Save,
) -> None:
    """Train a network.

    ``report(epoch, metrics)`` is called after each epoch, ``save(network, metrics)`` whenever
    validation AP at IoU 0.5 has risen or, for want of held-out labels, is NaN.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    data = CompositeDataset(training, config.augment, seed)
    module = DetectorModule(network, data, config, report, save)
    # A last batch of one or two images would upset the batch-norms.
    whole = len(data) >= config.batch_size
    loader = partial(
        DataLoader,
        batch_size=config.batch_size,
        collate_fn=collate,
        num_workers=config.workers,
    )
    learning = loader(data, shuffle=True, drop_last=whole)
    checking = loader(CompositeDataset(validation, None, seed))
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        precision=config.precision,
        gradient_clip_val=5.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        trainer.fit(module, learning, checking)
