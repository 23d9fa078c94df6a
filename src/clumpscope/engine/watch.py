"""No galaxy takes longer than it may, and no worker outlives its parent."""

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from clumpscope.engine.stop import stopped
from clumpscope.errors import ImageError, expected_got

_GRACE = 1.25, 10.0  # a worker is ended after this many times the limit, and as many seconds more
_REQUESTS = {
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
}
_nowhere: int | None = None  # in a worker, which may be ended: where its last words go


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let what is inside take at most so many seconds.

    Python is stopped by an alarm in the main thread, where the system has alarms, and else by
    another thread. A worker that is stuck in a library's own code is ended somewhat later: see
    `clumpscope.engine.local`. Limits may lie within one another; a worker is ended by the
    innermost.

    Parameters
    ----------
    seconds
        Wall time, s.

    Raises
    ------
    ImageError
        If it takes longer.
    """
    most = f"at most {seconds:g} s for a galaxy, [limits] seconds"
    message = expected_got("time", most, "more")
    alarms = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    if _nowhere is not None:
        last = _GRACE[0] * seconds + _GRACE[1]
        faulthandler.dump_traceback_later(last, exit=True, file=_nowhere)
    try:
        # Again and again: an alarm is lost where a library swallows its exception.
        with (_alarm if alarms else _watched)(message, seconds, max(seconds / 4, 1.0)):
            yield
    finally:
        if _nowhere is not None:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def _alarm(message: str, first: float, every: float) -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise ImageError(message)

    handler = signal.signal(signal.SIGALRM, stop)
    outer = signal.setitimer(signal.ITIMER_REAL, first, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *outer)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def _watched(message: str, first: float, every: float) -> Iterator[None]:
    class LateError(ImageError):
        def __init__(self) -> None:
            super().__init__(message)

    try:
        with stopped(LateError, first, every):
            yield
    except LateError:  # whose class nobody else knows, such as another process
        raise ImageError(message) from None


@contextmanager
def unbroken() -> Iterator[None]:
    """Let requests to end wait until what is inside, the start of processes, is done.

    The new processes hold them back, too, until `begin_worker`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _REQUESTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_if_stuck() -> None:
    """Let this process, a worker that others can do without, end where no time limit stops it."""
    global _nowhere  # noqa: PLW0603  (a fact of this process)
    if _nowhere is None:
        _nowhere = os.open(os.devnull, os.O_WRONLY)


def begin_worker(parent: Connection) -> None:
    """Make this process one that ends with its parent, silently, and after a time limit.

    Parameters
    ----------
    parent
        Reading end of a pipe that the parent holds open for as long as it wants workers.
    """
    end_if_stuck()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _REQUESTS)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    try:
        parent.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
