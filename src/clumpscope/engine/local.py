"""Maps work over shards of galaxies, in order: in this process, in several, or by an executor."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from clumpscope.engine.nursery import keep_to_one_core, worker_context
from clumpscope.engine.watch import begin_worker, unbroken
from clumpscope.errors import StoreError

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int], None]  # is told how many have been done since it was told last


class Executor(Protocol):
    """Something else that maps, such as the workers of a cluster.

    It keeps numerical libraries of its workers to one core, so that results are the same, takes
    items no faster than it can work on them, and frees what it holds when its map ends. Workers
    that die over an item again and again are a `WorkerError`.
    """

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` in the order of ``items``; both can be pickled."""
        ...


Workers = int | Executor  # processes on this machine, or what maps instead


def silent(_: int) -> None:
    """Progress that nobody sees."""


def default_workers() -> int:
    """Processes to use unless told otherwise: the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shards(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut ``items`` into consecutive shards of ``size``; the last may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


class WorkerError(StoreError):
    """A worker process ended in the middle of its work; ``items`` are those then at work."""

    def __init__(
        self,
        items: Sequence[Any],
        what: str = "a worker process died, often for lack of memory: try fewer --workers",
    ) -> None:
        super().__init__(f"{what}; an interrupted run goes on with --resume")
        self.items = items


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], workers: Workers, *, apart: bool = False
) -> Iterator[R]:
    """Yield ``function(item)`` in the order of ``items``, however many workers there are.

    At most two tasks a worker are in flight, so memory stays flat. With one worker all
    happens in this process, unless it shall be ``apart``. ``function`` and the items must be
    picklable otherwise. Workers end when their parent does, however that is.

    Raises
    ------
    WorkerError
        If a worker process dies; what ``function`` raises comes through as it is.
    """
    if not isinstance(workers, int):
        yield from workers.map(function, items)
        return
    if isinstance(items, Sized):
        workers = min(workers, len(items))
    if workers < 1 or (workers == 1 and not apart):
        with threadpool_limits(1):  # as in other processes: threads add in another order
            yield from map(function, items)
        return
    context = worker_context()
    reader, writer = context.Pipe(duplex=False)
    queue = iter(items)
    others = set(multiprocessing.active_children())
    with (
        ProcessPoolExecutor(
            workers, mp_context=context, initializer=_prepare_worker, initargs=(reader,)
        ) as pool,
        writer,  # open for as long as workers are wanted
    ):
        pending: deque[tuple[T, Future[R]]] = deque()

        def submit(count: int) -> None:
            pending.extend((item, pool.submit(function, item)) for item in islice(queue, count))

        try:
            with unbroken():
                submit(2 * workers)
            while pending:
                result = pending[0][1].result()
                pending.popleft()
                submit(1)
                yield result
            pool.shutdown()
        except BrokenProcessPool as error:
            # Tasks begin in order, so that the first of those left were at work.
            lost = [item for item, future in pending if not _finished(future)]
            raise WorkerError(lost[:workers]) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - others:
                worker.kill()  # what is still at work, or only beginning to, need not end


def _finished(future: Future[R]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _prepare_worker(parent: Connection) -> None:
    """Keep numerical libraries to one core; end silently at Ctrl-C, and with the parent."""
    begin_worker(parent)
    keep_to_one_core()
