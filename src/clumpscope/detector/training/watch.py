"""What a training tells while it goes on: its losses, its epochs, and what went wrong."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger
from numpy.typing import NDArray
from torch import nn

from clumpscope.detector.training.module import DetectorModule
from clumpscope.detector.training.order import Batch
from clumpscope.errors import TrainingError, expected_got

Metrics = dict[str, float]
Arrays = list[NDArray[np.generic]]


@dataclass(frozen=True)
class Watch:
    """What is called while a network is trained, in one of its processes.

    Attributes
    ----------
    report
        After each epoch, with its number from 1 and its metrics.
    save
        With the network and the epoch's metrics, whenever the epoch is the best so far. For want
        of held-out labels every epoch is.
    step
        After each batch, of validation too: the epoch, the batches done in it, and how many
        it has.
    broken
        With images, boxes and rows of a batch whose loss is not finite; says where it is kept.
    best_by
        The metric of the best epoch; of equal ones AP at IoU 0.5 decides.
    """

    report: Callable[[int, Metrics], None]
    save: Callable[[nn.Module, Metrics], None]
    step: Callable[[int, int, int], None]
    broken: Callable[[Arrays, Arrays, list[int]], str]
    best_by: str = "f1"


class Books(Callback):
    """Keeps the books of a training, so that one that is gone on with has them whole."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.rows: list[Mapping[str, float]] = []  # as they are logged
        self.losses: list[float] = []  # of this epoch
        self.best = (-math.inf, -math.inf)
        self.seconds = 0.0
        self._since = time.monotonic()
        self._done = 0  # batches of this epoch

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of them."""
        return {
            "rows": self.rows,
            "losses": self.losses,
            "best": self.best,
            "seconds": self._elapsed(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with what a checkpoint holds."""
        self.rows, self.losses = list(state_dict["rows"]), list(state_dict["losses"])
        self.best, self.seconds = tuple(state_dict["best"]), state_dict["seconds"]
        self._since = time.monotonic()

    def _elapsed(self) -> float:
        return self.seconds + time.monotonic() - self._since

    def on_fit_start(self, trainer: Trainer, _: LightningModule) -> None:
        """Log again what was logged before the checkpoint, and nothing that came after it."""
        self._done = len(self.losses)
        for logger in trainer.loggers:
            if isinstance(logger, CSVLogger):
                for row in self.rows:
                    logger.log_metrics(dict(row), int(row["step"]))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401  (as Lightning has it)
        batch: Batch,
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Log the losses of a step; one that is not finite ends the training."""
        losses = {
            name: float(trainer.strategy.reduce(loss, reduce_op="mean"))
            for name, loss in outputs.items()
        }
        epoch = trainer.current_epoch + 1
        if not all(map(math.isfinite, losses.values())):
            self._stop(trainer, pl_module, losses, batch)
        self.losses.append(losses["loss"])
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        self._log(trainer, {"epoch": epoch, **losses, "learning_rate": rate})
        self._tell(trainer)

    def on_validation_batch_end(self, trainer: Trainer, *_: object) -> None:
        """Tell how far this epoch is."""
        self._tell(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Judge the epoch, log it, and save the network if it is the best so far."""
        metrics = _module(pl_module).judged()
        metrics["loss"] = math.fsum(self.losses) / len(self.losses)
        epoch = trainer.current_epoch + 1
        self._log(trainer, {"epoch": epoch, **{f"epoch_{k}": v for k, v in metrics.items()}})
        self.losses, self._done = [], 0
        score = (metrics[self.watch.best_by], metrics["ap50"])
        if math.isnan(score[0]) or score > self.best:
            self.best = score
            if trainer.is_global_zero:
                self.watch.save(_module(pl_module).network, metrics)
        if trainer.is_global_zero:
            self.watch.report(epoch, {**metrics, "minutes": self._elapsed() / 60})

    def _log(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        row = {**row, "step": trainer.global_step}
        self.rows.append(row)
        for logger in trainer.loggers:
            logger.log_metrics(dict(row), trainer.global_step)

    def _tell(self, trainer: Trainer) -> None:
        self._done += 1
        batches = (trainer.num_training_batches, *trainer.num_val_batches)
        if trainer.is_global_zero:
            self.watch.step(trainer.current_epoch + 1, self._done, sum(map(int, batches)))

    def _stop(
        self, trainer: Trainer, pl_module: LightningModule, losses: Metrics, batch: Batch
    ) -> None:
        step = trainer.global_step - 1
        order = _module(pl_module).order
        images, targets = batch
        kept = self.watch.broken(
            [image.cpu().numpy() for image in images],
            [target["boxes"].cpu().numpy() for target in targets],
            [row for _, row in order.batch(step)],
        )
        bad = ", ".join(f"{k} {v}" for k, v in losses.items() if not math.isfinite(v))
        what = f"losses of epoch {step // order.steps + 1}, batch {step % order.steps + 1}"
        remedy = (
            f"the batch is in {kept}; try a lower max_learning_rate, a gradient_clip, or "
            "precision 32-true in [train]"
        )
        raise TrainingError(expected_got(what, "finite numbers", bad, remedy))


def _module(module: LightningModule) -> DetectorModule:
    if not isinstance(module, DetectorModule):
        raise TypeError(type(module))
    return module
