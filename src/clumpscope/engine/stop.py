"""A thread stopped by an error that another thread raises in it, where no signal reaches it."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _always() -> bool:
    return True


@contextmanager
def stopped(
    error: type[BaseException],
    first: float,
    every: float,
    due: Callable[[], bool] = _always,
) -> Iterator[None]:
    """Raise an ``error`` in what is inside, which this thread does, as soon as it is ``due``.

    As a signal's, the error comes between two steps of Python, not in a library's own code. It
    comes again and again, since a library may swallow it.

    Parameters
    ----------
    error
        Is made without arguments.
    first, every
        When ``due`` is asked: after so many seconds, and then each so many.
    """
    me, over, turn = threading.get_ident(), threading.Event(), threading.Lock()

    def watch() -> None:
        pause = first
        while not over.wait(pause):
            with turn:
                if not over.is_set() and due():
                    _raise_in(me, error)
            pause = every

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        try:
            over.set()
        finally:  # also if the error comes just now
            with turn:
                over.set()
                _raise_in(me, None)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Let a thread's next step raise an error; ``None``: not even one that is due."""
    one = ctypes.py_object() if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), one)
