"""Work that waits, as for a network, done ahead by threads while its results are used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    function: Callable[[T], R],
    items: Iterable[T],
    threads: int,
    stop: Callable[[], object] = lambda: None,
) -> Generator[tuple[T, R], None, None]:
    """Yield each item and ``function(item)`` in order; at most ``threads`` + 1 are ahead.

    What the function raises comes through as it is. After an error, and if the caller stops,
    nothing more is begun; what is at work is waited for, after a call of ``stop``.
    """
    queue = iter(items)
    pending: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                room = threads + 1 - len(pending)
                pending.extend((item, pool.submit(function, item)) for item in islice(queue, room))
                if not pending:
                    return
                item, future = pending.popleft()
                yield item, future.result()
        except BaseException:
            stop()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
