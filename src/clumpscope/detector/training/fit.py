"""Train a detector on composites with labels."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import lightning
import torch
from torch.utils.data import DataLoader
from torchvision.models.detection import FasterRCNN

from clumpscope.config.train import TrainConfig
from clumpscope.detector.network import build
from clumpscope.detector.training.data import CompositeDataset, collate
from clumpscope.detector.training.module import DetectorModule, Watch
from clumpscope.detector.weights import load_model
from clumpscope.models.spec import DetectorSpec


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's global generators begin at ``seed`` inside, and are afterwards as before.

    timm and torchvision draw initial weights and samples of proposals from them.
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def initial(spec: DetectorSpec, start: Path | None, seed: int) -> FasterRCNN:
    """The network to train: random weights, or those of the model file ``start``.

    Raises
    ------
    ModelError
        If the encoder does not exist, or ``start`` cannot be read.
    """
    with seeded(seed):
        return build(spec) if start is None else load_model(start)[1].train()


def fit(
    network: FasterRCNN,
    learning: CompositeDataset,
    checking: CompositeDataset,
    config: TrainConfig,
    seed: int,
    watch: Watch,
) -> None:
    """Train a network on ``learning``; ``checking`` is held out.

    All draws come from ``seed``: on one processor the same call gives the same weights.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    loader = partial(
        DataLoader,
        batch_size=config.batch_size,
        collate_fn=collate,
        num_workers=config.workers,
        generator=torch.Generator().manual_seed(seed),
    )
    # A last batch of one or two images would upset the batch-norms.
    whole = len(learning) >= config.batch_size
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
    with seeded(seed), _ctrl_c(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        trainer.fit(
            DetectorModule(network, learning, config, watch),
            loader(learning, shuffle=True, drop_last=whole),
            loader(checking),
        )


@contextmanager
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C comes out as it went in, and not as the exit that Lightning makes of it."""
    try:
        yield
    except SystemExit as stop:
        if not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        raise stop.__context__ from None
