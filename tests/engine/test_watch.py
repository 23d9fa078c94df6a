"""Time limits, and workers that end with their parent."""

import multiprocessing
import signal
import threading
import time

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


def test_a_thread_has_no_alarm() -> None:
    ended = []

    def work() -> None:
        with time_limit(0.1):
            time.sleep(0.3)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended


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
