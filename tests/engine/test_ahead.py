"""Work done ahead of its use."""

import threading
from time import monotonic

import pytest

from clumpscope.engine.ahead import ahead


def test_in_order_and_not_too_far_ahead():
    begun = []
    seen = []
    for item, result in ahead(lambda n: begun.append(n) or n * n, range(50), 3):
        assert result == item**2
        seen.append(item)
        assert len(begun) <= len(seen) + 4
    assert seen == list(range(50))
    assert list(ahead(str, [], 2)) == []


def test_work_overlaps():
    """Four items wait for each other: they end only if all are at work at once."""
    gate = threading.Barrier(4, timeout=10)
    assert len(list(ahead(lambda _: gate.wait(), range(8), 4))) == 8


def test_an_error_comes_through_and_nothing_more_begins():
    begun = []

    def work(n):
        begun.append(n)
        if n == 2:
            raise ValueError("two")
        return n

    with pytest.raises(ValueError, match="two"):
        list(ahead(work, range(100), 2))
    assert len(begun) < 10


def test_a_caller_that_stops():
    begun = []
    stopped = threading.Event()

    def work(n):
        begun.append(n)
        return n if n == 0 else stopped.wait(10)

    results = ahead(work, range(100), 2, stopped.set)
    assert next(results) == (0, 0)
    begin = monotonic()
    results.close()
    assert monotonic() - begin < 5
    assert len(begun) <= 4
