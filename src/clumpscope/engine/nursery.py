"""Where workers come from: a process that has loaded what they need and does nothing else.

On Linux workers are forked off it, so that they begin at once and share the memory of libraries.
They are not forked off the process that wants them: that may hold threads, of torch or of a web
server. Elsewhere each worker begins anew.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

from clumpscope.engine.watch import unbroken

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_loaded: list[str] = []


def load_for_workers(*modules: str) -> None:
    """Have these modules loaded before workers begin; too late once the first have begun."""
    _loaded.extend(name for name in modules if name not in _loaded)


def begin_loading() -> None:
    """Let what workers need be loaded, beside what this process does."""
    if sys.platform == "linux":
        multiprocessing.get_context("forkserver").set_forkserver_preload(list(_loaded))
        with unbroken(), one_thread():  # requests to end are this process's to heed
            forkserver.ensure_running()


def worker_context() -> BaseContext:
    """How processes of workers are made, once what they need is loaded."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    begin_loading()
    context = multiprocessing.get_context("forkserver")
    # Who is interrupted while a process begins does not know it: let that be one of no account.
    first = context.Process(target=_nothing)
    first.start()
    first.join()
    return context


def _nothing() -> None:
    pass


def keep_to_one_core() -> None:
    """Keep numerical libraries that are loaded from now on to one core."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numerical libraries of processes that are begun inside to one core."""
    before = {name: os.environ.get(name) for name in _THREADS}
    keep_to_one_core()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
