"""Time limits, and workers that end with their parent."""

import multiprocessing
import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

from clumpscope.engine.watch import time_limit, unbroken
from clumpscope.errors import ImageError
from tasks import stuck, under_watch

TOLD = r"time: expected at most 0\.2 s for a galaxy, \[limits\] seconds, got more"


def test_what_takes_too_long_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(ImageError, match=TOLD), time_limit(0.2):
        time.sleep(30)
    assert time.monotonic() - began < 10


def test_what_swallows_the_first_alarm_is_stopped_by_the_next() -> None:
    def swallow() -> None:
        try:
            time.sleep(30)
        except ImageError:
            time.sleep(30)

    with pytest.raises(ImageError), time_limit(0.2):
        swallow()


def test_what_is_quick_is_left_alone_and_alarms_are_as_before() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(0.2):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    time.sleep(0.3)


def test_of_two_limits_each_counts() -> None:
    def inner() -> None:
        with time_limit(60):
            pass
        time.sleep(30)

    with pytest.raises(ImageError, match=r"at most 0\.3 s"), time_limit(0.3):
        inner()
    with time_limit(60):
        with pytest.raises(ImageError, match=TOLD), time_limit(0.2):
            time.sleep(30)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 50


def in_a_thread(work: Callable[[], object]) -> list[object]:
    """What comes of work in a thread: its result or error."""
    came: list[object] = []

    def guarded() -> None:
        try:
            came.append(work())
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join(30)
    return came


def slowly(seconds: float) -> None:
    for _ in range(int(seconds / 0.01)):
        time.sleep(0.01)


def test_a_thread_is_stopped_too_and_says_the_same() -> None:
    def late() -> None:
        with time_limit(0.2):
            slowly(30)

    (came,) = in_a_thread(late)
    assert type(came) is ImageError
    assert re.fullmatch(TOLD, str(came))


def test_in_a_thread_what_swallows_the_first_alarm_is_stopped_by_the_next() -> None:
    def swallow() -> None:
        with time_limit(0.2):
            try:
                slowly(30)
            except ImageError:
                slowly(30)

    (came,) = in_a_thread(swallow)
    assert isinstance(came, ImageError)


def test_in_a_thread_of_two_limits_each_counts() -> None:
    def inner() -> str:
        try:
            with time_limit(60), time_limit(0.2):
                slowly(30)
        except ImageError as error:
            return str(error)
        return "not stopped"

    def outer() -> None:
        with time_limit(0.3), time_limit(60):
            slowly(30)

    assert re.fullmatch(TOLD, in_a_thread(inner)[0])
    assert "at most 0.3 s" in str(in_a_thread(outer)[0])


def test_a_request_to_end_waits_until_processes_are_started() -> None:
    done = []

    def start() -> None:
        with unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("started")
        done.append("too far")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        start()
    signal.signal(signal.SIGINT, before)
    assert done == ["started"]


@pytest.mark.parametrize("close", [True, False])
def test_a_worker_ends_with_its_parent(close: bool) -> None:
    """The parent's end of the pipe is closed, or it says something and stays."""
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    worker = context.Process(target=under_watch, args=(reader, 20.0 if close else 0.5))
    worker.start()
    if close:
        writer.close()
    worker.join(30)
    assert worker.exitcode == (1 if close else 0)


def test_a_worker_that_is_stuck_in_a_library_is_ended() -> None:
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    worker = context.Process(target=stuck, args=(reader,))
    worker.start()
    worker.join(30)
    assert worker.exitcode == 1
    writer.close()
