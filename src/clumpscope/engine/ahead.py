"""Work that waits, as for a network, done ahead by threads while its results are used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[tuple[T, R]]:
    """Yield each item and ``function(item)`` in order; at most ``threads`` + 1 are ahead.

    What the function raises comes through as it is. If the caller stops, what has not begun is
    not begun; what is at work ends by itself, and is waited for.
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
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
