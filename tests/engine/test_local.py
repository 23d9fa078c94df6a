"""Work maps in order on any number of processes."""

import os
from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from clumpscope.engine import local
from clumpscope.engine.local import default_workers, ordered_map, shards, silent
from clumpscope.errors import StoreError
from tasks import die, process_id, square, surroundings


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


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (2, 4), (3, 6)])
def test_no_more_is_taken_than_can_be_in_flight(workers: int, ahead: int) -> None:
    """Two tasks a worker, and one more as each result is handed over."""
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(40):
            taken += 1
            yield item

    results = ordered_map(square, items(), workers)
    assert taken == 0
    for done in range(1, 9):
        assert next(results) == (done - 1) ** 2
        assert taken == done + ahead
    results.close()
    assert taken == 8 + ahead


def test_fewer_items_than_workers() -> None:
    assert list(ordered_map(square, [3], 2)) == [9]
    assert list(ordered_map(square, [], 2)) == []


def test_workers_keep_to_one_core_and_end_quietly() -> None:
    for threads, quiet in ordered_map(surroundings, range(2), 2):
        assert threads == ["1", "1", "1"]
        assert quiet


def test_as_many_workers_as_cores_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.os, "sched_getaffinity", lambda _: {0, 2, 5}, raising=False)
    assert default_workers() == 3
    monkeypatch.delattr(local.os, "sched_getaffinity")
    monkeypatch.setattr(local.os, "cpu_count", lambda: 7)
    assert default_workers() == 7
    monkeypatch.setattr(local.os, "cpu_count", lambda: None)
    assert default_workers() == 1


def test_nobody_is_told() -> None:
    assert silent(3) is None


def blas_threads(_: int) -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_this_process_keeps_to_one_core_too() -> None:
    """Else sums would differ in their last digits from those of several workers."""
    with threadpool_limits(2):
        before = blas_threads(0)
        (within,) = ordered_map(blas_threads, [0], 1)
        assert within
        assert set(within) == {1}
        assert blas_threads(0) == before


def test_no_more_processes_than_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    pool = local.ProcessPoolExecutor
    monkeypatch.setattr(
        local, "ProcessPoolExecutor", lambda n, **more: asked.append(n) or pool(n, **more)
    )
    assert list(ordered_map(square, [1, 2], 9)) == [1, 4]
    assert asked == [2]
