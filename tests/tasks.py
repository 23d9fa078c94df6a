"""Functions for worker processes, which import them by this module's name."""

import os


def square(x: int) -> int:
    if x == 13:
        raise ValueError("thirteen")
    return x * x


def process_id(_: int) -> int:
    return os.getpid()


def die(_: int) -> int:
    os._exit(3)
