"""Train a detector on images with labels."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import lightning
import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch import nn

from clumpscope.config.train import TrainConfig
from clumpscope.detector.network import Network, build
from clumpscope.detector.training.checkpoints import WholeFiles, checkpoints, found
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.module import DetectorModule
from clumpscope.detector.training.order import Loader, Order
from clumpscope.detector.training.watch import Books, Watch
from clumpscope.detector.weights import load_model
from clumpscope.models.spec import DetectorSpec

_EXPECTED = (
    ".*Experiment logs directory .* exists and is not empty.*",  # they are written anew
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*your dataloader is not resumable.*",  # ours is: see `Loader`
    ".*module\\(s\\) in eval mode at the start of training.*",  # frozen batch-norms
    ".*callbacks used to create the checkpoint need to be provided.*",  # of another interval
    ".*is smaller than the logging interval.*",
)


@dataclass(frozen=True)
class Place:
    """Folders of a training: where it logs, and where it keeps what it goes on with."""

    logs: Path
    state: Path


def rank() -> int:
    """Number of this process among those that train together, before and after they meet."""
    return int(getattr(rank_zero_only, "rank"))  # noqa: B009  (its types do not know of it)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's global generators begin at ``seed`` inside, and are afterwards as before.

    timm and torchvision draw initial weights and samples of proposals from them.
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def initial(spec: DetectorSpec, start: Path | None, seed: int) -> Network:
    """The network to train: random weights, or those of the model file ``start``.

    Raises
    ------
    ModelError
        If the encoder does not exist, or ``start`` cannot be read.
    """
    with seeded(seed):
        return build(spec) if start is None else load_model(start)[1].train()


def fit(
    network: nn.Module,
    learning: ViewDataset,
    checking: ViewDataset,
    config: TrainConfig,
    seed: int,
    watch: Watch,
    place: Place,
) -> None:
    """Train a network on ``learning``; ``checking`` is held out.

    All draws come from ``seed`` and the number of the step: on one processor the same call gives
    the same weights, also if it goes on from a checkpoint that an earlier one left in ``place``.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C.
    TrainingError
        If a loss is not finite.
    FolderError
        If the checkpoint is damaged.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with seeded(seed), ctrl_c(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        for message in _EXPECTED:
            warnings.filterwarnings("ignore", message=message)
        trainer = lightning.Trainer(
            max_epochs=config.epochs,
            precision=config.precision,
            devices=config.devices,
            num_nodes=config.nodes,
            strategy="auto" if config.devices * config.nodes == 1 else "ddp",
            use_distributed_sampler=False,
            gradient_clip_val=config.gradient_clip or None,
            callbacks=[Books(watch), *checkpoints(place.state, config)],
            plugins=[WholeFiles()],
            logger=_loggers(place.logs),
            default_root_dir=place.state,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        order = partial(
            Order,
            batch_size=config.batch_size,
            seed=seed,
            rank=trainer.global_rank,
            ranks=trainer.world_size,
        )
        ahead = order(len(learning))
        held_out = order(len(checking)).checked()
        trainer.fit(
            DetectorModule(network, config, ahead),
            Loader(learning, lambda: ahead.rest(trainer.global_step), ahead.steps, config.workers),
            Loader(checking, lambda: held_out, len(held_out), config.workers),
            ckpt_path=found(place.state),
            weights_only=True,
        )
    (place.logs / "hparams.yaml").unlink(missing_ok=True)  # there are none


def _loggers(folder: Path) -> list[Logger]:
    """``metrics.csv``, and TensorBoard's files where TensorBoard is installed."""
    loggers: list[Logger] = [CSVLogger(folder, name="", version="", flush_logs_every_n_steps=1)]
    if find_spec("tensorboard") is not None:
        loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
    return loggers


@contextmanager
def ctrl_c() -> Iterator[None]:
    """Ctrl-C comes out as it went in, and not as the exit that Lightning makes of it."""
    try:
        yield
    except SystemExit as stop:
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        raise stop.__context__ from None
