"""Functions for worker processes, which import them by this module's name."""

import os
import signal


def square(x: int) -> int:
    if x == 13:
        raise ValueError("thirteen")
    return x * x


def process_id(_: int) -> int:
    return os.getpid()


def die(_: int) -> int:
    os._exit(3)


def surroundings(_: int) -> tuple[list[str | None], bool]:
    """How many cores numerical libraries may use here, and whether Ctrl-C just ends this."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    quiet = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    return [os.environ.get(name) for name in names], quiet
