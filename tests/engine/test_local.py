"""Work maps in order on any number of processes."""

import os

import pytest

from clumpscope.engine.local import ordered_map, shards
from clumpscope.errors import StoreError
from tasks import die, process_id, square


@pytest.mark.parametrize("workers", [1, 2])
def test_order_does_not_depend_on_workers(workers: int) -> None:
    assert list(ordered_map(square, range(9), workers)) == [k * k for k in range(9)]


def test_two_workers_are_other_processes() -> None:
    assert os.getpid() not in set(ordered_map(process_id, range(4), 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_come_through_after_earlier_results(workers: int) -> None:
    results = ordered_map(square, [1, 2, 13, 4], workers)
    assert [next(results), next(results)] == [1, 4]
    with pytest.raises(ValueError, match="thirteen"):
        next(results)


def test_shards_cover_everything_once() -> None:
    parts = shards(list(range(10)), 4)
    assert [list(part) for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_worker_that_dies_is_a_clear_error() -> None:
    with pytest.raises(StoreError, match="--workers"):
        list(ordered_map(die, range(3), 2))


class Backwards:
    """An executor that does the last first."""

    def map(self, function, items):
        done = [function(item) for item in reversed(list(items))]
        yield from reversed(done)


def test_an_executor_maps_instead() -> None:
    seen = []
    results = ordered_map(lambda item: seen.append(item) or item * item, range(4), Backwards())
    assert list(results) == [0, 1, 4, 9]
    assert seen == [3, 2, 1, 0]


def test_one_task_needs_no_other_process() -> None:
    assert list(ordered_map(process_id, [1], 4)) == [os.getpid()]
