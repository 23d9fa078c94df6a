"""Work mapped over the workers of a Dask cluster.

Dask does what clusters need: it sends tasks, moves those of workers that are lost, and counts how
often a task was there when one died. Here its tasks become an ordered map of bounded size.
"""

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clumpscope.engine.carried import MissingError, name_of
from clumpscope.engine.dask_client import check, opened
from clumpscope.engine.dask_worker import Home, Unwanted, work
from clumpscope.engine.local import WorkerError
from clumpscope.errors import ClusterError, expected_got

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 4  # tasks in flight a thread of the cluster
_LEAST = 16  # tasks in flight at least: what an adaptive cluster sees, and grows for
_LOOKS = 1.0  # seconds from one look how large the cluster is to the next
_MOST_AGAIN = 10  # times that one task is lost with the connection, or lacks a file


@dataclass
class _Task(Generic[T]):
    item: T
    future: "Future[Any]"
    again: int = 0


@dataclass
class Dask:
    """An `clumpscope.engine.local.Executor`: the workers of a Dask client.

    Workers have one thread each, the client's versions and its file system; what else they need,
    such as a model, they are sent. They may come and go.

    Attributes
    ----------
    client
        Of ``distributed``; stays open.
    ahead
        Tasks in flight for each thread of the cluster.
    """

    client: "Client"
    ahead: int = _AHEAD
    _sent: set[str] = field(default_factory=set, init=False)

    @property
    def threads(self) -> int:
        """Of all workers that are there now."""
        return int(self.client.scheduler_info(n_workers=0)["total_threads"])

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` in the order of ``items``.

        What ``function`` raises comes through as it is; of errors of ours it is added which worker
        had them. Tasks that are no longer wanted are stopped.

        Raises
        ------
        WorkerError
            If workers died over an item as often as Dask allows.
        ClusterError
            If workers have other versions, lack packages or have several threads, or the scheduler
            is lost.
        """
        mapped = _Map(self, function, items)
        try:
            yield from mapped.results()
        finally:
            mapped.end()

    def send(self, missing: MissingError) -> None:
        """Send a file to all workers, those to come included."""
        name = name_of(missing.path, missing.key)
        if name not in self._sent:
            from distributed.diagnostics.plugin import UploadFile

            plugin = UploadFile(str(missing.path), load=False)
            plugin.filename = name
            self.client.register_plugin(plugin, name=name)
            self._sent.add(name)

    def forget(self) -> None:
        """Let workers to come no longer be sent files."""
        while self._sent:
            self.client.unregister_worker_plugin(self._sent.pop())


class _Map(Generic[T, R]):
    """One map: its tasks in flight, the first of them the next result."""

    def __init__(self, dask: Dask, function: Callable[[T], R], items: Iterable[T]) -> None:
        self.dask, self.client = dask, dask.client
        self.pickled, self.home = pickle.dumps(function), Home()
        self.queue, self.pending = iter(items), deque[_Task[T]]()
        self.room, self.looked = _LEAST, 0.0
        self.function: Future[Callable[[T], R]] | None = None

    def results(self) -> Iterator[R]:
        check(self.client)
        while True:
            self._fill()
            if not self.pending:
                return
            result = self._first()
            self.pending.popleft().future.release()
            yield result

    def end(self) -> None:
        """Let Dask forget, and workers stop, what is in flight."""
        for task in self.pending:
            task.future.release()
        self.pending.clear()
        if self.function is not None:
            self.function.release()

    def _fill(self) -> None:
        if time.monotonic() - self.looked >= _LOOKS:
            self.room = max(self.dask.ahead * self.dask.threads, _LEAST)
            self.looked = time.monotonic()
        room = max(self.room - len(self.pending), 0)
        self.pending.extend(_Task(item, self._submit(item)) for item in islice(self.queue, room))

    def _submit(self, item: T) -> "Future[R]":
        if self.function is None or self.function.status not in ("pending", "finished"):
            # Once to the cluster, from worker to worker then; and made anew if it is lost.
            self.function = self.client.submit(pickle.loads, self.pickled, pure=False)
        return self.client.submit(work, self.function, item, self.home, pure=False)

    def _first(self) -> R:
        """Wait for the first task in flight; meanwhile workers may come."""
        from distributed import KilledWorker, wait

        first = self.pending[0]
        while True:
            try:
                with self.client.as_current():
                    wait(first.future, timeout=_LOOKS)
            except TimeoutError:
                self._fill()
                continue
            except CancelledError:
                self._again(first)
                continue
            try:
                result: R = first.future.result()
            except KilledWorker as error:
                died = [task.item for task in self.pending if _error_of(task, KilledWorker)]
                raise WorkerError(died or [first.item], _lost(error)) from error
            except MissingError as missing:
                if first.again > 1:  # it was sent, and is another by now
                    raise
                self.dask.send(missing)
                self._again(first)
            except (CancelledError, Unwanted):
                self._again(first)
            except ImportError as error:
                what = "packages of workers"
                raise ClusterError(expected_got(what, "the client's", error)) from error
            else:
                return result

    def _again(self, first: _Task[T]) -> None:
        """Submit anew what was lost with the connection, and what lacked a file."""
        if self.client.status not in ("running", "connecting"):
            raise ClusterError(
                expected_got(
                    "Dask scheduler",
                    "to be there",
                    "no answer",
                    "an interrupted run goes on with --resume",
                )
            )
        first.again += 1
        if first.again > _MOST_AGAIN:
            raise ClusterError(expected_got("Dask", "to do a task", f"it lost {first.again} times"))
        for task in self.pending:
            if task.future.cancelled() or _error_of(task, (MissingError, Unwanted)):
                task.future.release()
                task.future = self._submit(task.item)


def _error_of(
    task: _Task[Any], kinds: type[BaseException] | tuple[type[BaseException], ...]
) -> bool:
    """Whether a task has ended in an error of some kinds."""
    return task.future.status == "error" and isinstance(task.future.exception(), kinds)


def _lost(error: Exception) -> str:
    worker = getattr(getattr(error, "last_worker", None), "address", "")
    return (
        f"workers died again and again over the same task, the last of them {worker}, often for "
        "lack of memory: give them more"
    )


@contextmanager
def connected(address: str) -> Iterator[Dask]:
    """Workers of a scheduler, or with ``local:N``, N processes on this machine.

    Raises
    ------
    ClusterError
        See `clumpscope.engine.dask_client.opened`.
    """
    with opened(address) as client:
        dask = Dask(client)
        try:
            yield dask
        finally:
            if client.status == "running":
                dask.forget()
