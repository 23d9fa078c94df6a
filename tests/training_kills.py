"""A training in a process of its own that is killed at a chosen moment, and gone on with."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from clumpscope.detector.training import checkpoints
from clumpscope.detector.training.module import DetectorModule
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from kills import CONTEXT
from small_training import changed, silent

CONTEXT.set_forkserver_preload(
    ["kills", "training_kills", "clumpscope.detector.training.fit", "clumpscope.plot.training"]
)
EPOCHS, STEPS = 3, 3
# What is called when it happens, and at which of its calls the process dies; a checkpoint a step.
MOMENTS: dict[str, tuple[str, int]] = {
    "before the first batch": ("training_step", 1),
    "in the middle of an epoch": ("training_step", STEPS + 2),
    "in validation": ("validation_step", 2),
    "while a checkpoint is written": ("checkpoint", 5),
    "between epochs": ("on_train_epoch_start", 3),
}


def trained(sample: Path, out: Path, moment: str | None, *, resume: bool) -> int | None:
    """Train in another process, which dies at a moment; its exit code."""
    child = CONTEXT.Process(target=_train, args=(sample, out, moment, resume))
    child.start()
    child.join(300)
    return child.exitcode


def _train(sample: Path, out: Path, moment: str | None, resume: bool) -> None:
    torch.set_num_threads(1)
    plan = make_plan([sample], changed(epochs=EPOCHS, batch_size=2, checkpoint_steps=1))
    with _dying(*MOMENTS[moment]) if moment else pytest.MonkeyPatch.context():
        train(plan, out, 1, silent, resume=resume)


@contextmanager
def _dying(what: str, at: int) -> Iterator[None]:
    calls = []

    def died() -> bool:
        calls.append(1)
        return len(calls) == at

    with pytest.MonkeyPatch.context() as patch:
        if what == "checkpoint":
            patch.setattr(checkpoints.torch, "save", _half(checkpoints.torch.save, died))
        else:
            patch.setattr(DetectorModule, what, _before(getattr(DetectorModule, what), died))
        yield


def _before(real: Callable[..., object], died: Callable[[], bool]) -> Callable[..., object]:
    def called(*args: object) -> object:
        if died():
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)

    return called


def _half(real: Callable[..., None], died: Callable[[], bool]) -> Callable[..., None]:
    def save(content: object, path: Path) -> None:
        real(content, path)
        if died():
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    return save
