"""What a training goes on with: Lightning's checkpoints, whole or not at all."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from clumpscope.config.train import TrainConfig
from clumpscope.errors import FolderError, expected_got
from clumpscope.store.atomic import atomic

NAME = "state"


class WholeFiles(TorchCheckpointIO):
    """Writes beside the file and renames; reads tensors and plain values only."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: object = None,  # noqa: ARG002
    ) -> None:
        """Write a checkpoint."""
        with atomic(Path(path)) as temporary:
            torch.save(checkpoint, temporary)

    def load_checkpoint(self, path: str | Path, *_: object, **__: object) -> dict[str, Any]:
        """Read a checkpoint.

        Raises
        ------
        FolderError
            If it is damaged.
        """
        try:
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file makes torch raise nearly anything
            got = (str(error) or type(error).__name__).splitlines()[0]
            remedy = f"take {Path(path).parent.parent} away and begin again"
            raise FolderError(expected_got(path, "a checkpoint of ours", got, remedy)) from error
        return content


class WithinEpoch(ModelCheckpoint):
    """Not after an epoch's last step: Lightning would take its validation for done."""

    def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:  # noqa: ANN401
        """Save if it is time to."""
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *arguments)


def checkpoints(folder: Path, config: TrainConfig) -> list[ModelCheckpoint]:
    """Callbacks that write ``folder/state.ckpt``: after each epoch, and within it."""
    place: dict[str, Any] = {
        "dirpath": folder,
        "filename": NAME,
        "enable_version_counter": False,
    }
    all_of_them = [
        ModelCheckpoint(**place, every_n_epochs=1, save_on_train_epoch_end=True),
        WithinEpoch(**place, train_time_interval=timedelta(minutes=config.checkpoint_minutes)),
    ]
    if config.checkpoint_steps is not None:
        all_of_them.append(WithinEpoch(**place, every_n_train_steps=config.checkpoint_steps))
    return all_of_them


def found(folder: Path) -> Path | None:
    """The checkpoint of a folder, if there is one."""
    path = folder / f"{NAME}.ckpt"
    return path if path.is_file() else None
