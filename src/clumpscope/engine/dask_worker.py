"""What a Dask worker does: one task of a map, as a worker of `clumpscope.engine.local` does it."""

import contextlib
import os
import platform
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from threadpoolctl import ThreadpoolController

import clumpscope
from clumpscope.engine.carried import MissingError, carried_to
from clumpscope.engine.nursery import keep_to_one_core
from clumpscope.engine.stop import stopped
from clumpscope.engine.watch import end_if_stuck
from clumpscope.errors import ClumpscopeError, ClusterError, FolderError, expected_got

if TYPE_CHECKING:
    from distributed import Worker

T = TypeVar("T")
R = TypeVar("R")
_LOOKS = 1.0  # seconds from one look whether a task is still wanted to the next


class Unwanted(BaseException):
    """Nobody wants the result of a task any more; not an error that a galaxy may have."""


@dataclass(frozen=True)
class Home:
    """What workers need to know of the client: its version, and the folder where it works."""

    version: str = field(default_factory=lambda: clumpscope.__version__)
    folder: Path = field(default_factory=Path.cwd)


def work(function: Callable[[T], R], item: T, home: Home) -> R:
    """Return ``function(item)``: on one core, in the client's folder, and only while it is wanted.

    Raises
    ------
    ClusterError
        If this worker is of another version, or has several threads.
    MissingError
        If it lacks a file that it can get.
    """
    from distributed import get_worker

    worker = get_worker()
    name = f"worker {worker.address} on {platform.node()}"
    _check(worker, name, home)
    carried_to(Path(worker.local_directory))
    if worker.nanny is not None:  # which starts another
        end_if_stuck()
    task = worker.get_current_task()

    def unwanted() -> bool:
        state = worker.state.tasks.get(task)
        return state is None or state.state == "cancelled"

    with (
        stopped(Unwanted, _LOOKS, _LOOKS, unwanted),
        _at(home.folder),
        _libraries().limit(limits=1),
    ):
        try:
            return function(item)
        except MissingError:
            raise
        except ClumpscopeError as error:
            need = ", which needs the client's folders" if isinstance(error, FolderError) else ""
            raise type(error)(f"{error}; {name}{need}") from error


def _check(worker: "Worker", name: str, home: Home) -> None:
    if clumpscope.__version__ != home.version:
        what = f"clumpscope of {name}"
        raise ClusterError(expected_got(what, home.version, clumpscope.__version__))
    threads = worker.state.nthreads
    if threads != 1:
        how = "start more workers instead: dask worker --nthreads 1 --nworkers N"
        raise ClusterError(expected_got(f"threads of {name}", 1, threads, how))


def dask_setup(_: "Worker") -> None:
    """Leave Ctrl-C to the client, which ends its own workers: Dask calls this as a preload."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """Numerical libraries that this process has loaded so far; later ones know their limit."""
    keep_to_one_core()
    return ThreadpoolController()


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    """Work in a folder, where there is one, so that relative paths mean what they do there."""
    with contextlib.chdir(folder) if os.path.isdir(folder) else contextlib.nullcontext():  # noqa: PTH112
        yield
