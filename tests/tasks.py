"""Functions for worker processes, which import them by this module's name."""

import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from astropy.table import QTable

from clumpscope.engine import watch
from clumpscope.engine.watch import begin_worker


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


def squares(rows: Sequence[int], deadly: Collection[int]) -> dict[str, QTable]:
    """Tables of some rows."""
    found = [-1 if row in deadly else row**2 for row in rows]
    return {
        "square": QTable({"row": list(rows), "square": found}),
        "left out": QTable({"row": list(rows)}),
    }


@dataclass(frozen=True)
class Dying:
    """Squares, but the process ends at some rows, or where there is no place for a mark."""

    rows: tuple[int, ...] = ()
    marks: Path | None = None
    times: int = 0

    def __call__(self, rows: Sequence[int], deadly: Collection[int]) -> dict[str, QTable]:
        if set(rows) & set(self.rows) - set(deadly):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.marks is not None and len(rows) > 1:
            marks = len(list(self.marks.iterdir()))
            if marks < self.times:
                (self.marks / str(marks)).touch()
                os._exit(1)
        return squares(rows, deadly)


def under_watch(parent: Connection, seconds: float) -> None:
    """Work as a worker does."""
    begin_worker(parent)
    time.sleep(seconds)


def stuck(parent: Connection) -> None:
    """Work as a worker that no alarm reaches, as in a library's own code."""
    begin_worker(parent)
    watch._GRACE = 1.0, 0.5
    with watch.time_limit(0.2):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(60)


def about_itself(_: int) -> dict[str, object]:
    """What a worker is told by its surroundings; nothing here loads `modulefinder`."""
    return {
        "parent": os.getppid(),
        "loaded": [name for name in ("modulefinder",) if name in sys.modules],
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
