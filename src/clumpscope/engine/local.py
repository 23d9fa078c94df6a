"""Maps work over shards of galaxies, in order: in this process, in several, or by an executor."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Protocol, TypeVar

from threadpoolctl import threadpool_limits

from clumpscope.errors import StoreError

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int], None]  # is told how many have been done since it was told last


class Executor(Protocol):
    """Something else that maps, such as the workers of a cluster.

    It keeps numerical libraries of its workers to one core, so that results are the same, takes
    items no faster than it can work on them, and frees what it holds when its map ends.
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


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: Workers) -> Iterator[R]:
    """Yield ``function(item)`` in the order of ``items``, however many workers there are.

    At most two tasks a worker are in flight, so memory stays flat. With one worker all
    happens in this process. ``function`` and the items must be picklable otherwise.

    Raises
    ------
    StoreError
        If a worker process dies; what ``function`` raises comes through as it is.
    """
    if not isinstance(workers, int):
        yield from workers.map(function, items)
        return
    if isinstance(items, Sized):
        workers = min(workers, len(items))
    if workers <= 1:
        with threadpool_limits(1):  # as in other processes: threads add in another order
            yield from map(function, items)
        return
    # Not fork: the parent may hold threads of torch or of a web server.
    context = multiprocessing.get_context("spawn")
    queue = iter(items)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker) as pool:
        pending: deque[Future[R]] = deque(
            pool.submit(function, item) for item in islice(queue, 2 * workers)
        )
        try:
            while pending:
                result = pending.popleft().result()
                pending.extend(pool.submit(function, item) for item in islice(queue, 1))
                yield result
        except BrokenProcessPool as error:
            raise StoreError(
                "a worker process died, often for lack of memory: try fewer --workers; "
                "an interrupted run goes on with --resume"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _prepare_worker() -> None:
    """Keep numerical libraries to one core; end silently at Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
