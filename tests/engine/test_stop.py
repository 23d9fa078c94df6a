"""A thread stopped by another one."""

import threading
import time

import pytest

from clumpscope.engine.stop import stopped


class Enough(BaseException):
    """That no library swallows."""


def slowly(seconds: float) -> None:
    for _ in range(int(seconds / 0.01)):
        time.sleep(0.01)


def test_what_is_due_is_stopped() -> None:
    asked: list[float] = []

    def due() -> bool:
        asked.append(time.monotonic())
        return len(asked) == 3

    began = time.monotonic()
    with pytest.raises(Enough), stopped(Enough, 0.1, 0.05, due):
        slowly(30)
    assert len(asked) == 3
    assert asked[0] - began >= 0.1


def test_what_is_over_is_left_alone() -> None:
    before = set(threading.enumerate())
    with stopped(Enough, 0.2, 0.05):
        pass
    with stopped(Enough, 0.05, 0.05, lambda: False):
        slowly(0.2)
    slowly(0.4)
    assert set(threading.enumerate()) <= before


def test_an_own_error_comes_through() -> None:
    with pytest.raises(ValueError, match="mine"), stopped(Enough, 30, 30):
        raise ValueError("mine")


def test_it_comes_again_where_it_is_swallowed() -> None:
    swallowed = []

    def swallow() -> None:
        while len(swallowed) < 3:
            try:
                slowly(30)
            except Enough:
                swallowed.append(True)
        slowly(30)

    with pytest.raises(Enough), stopped(Enough, 0.05, 0.05):
        swallow()
    assert len(swallowed) == 3
