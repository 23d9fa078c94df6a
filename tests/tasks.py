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
from threadpoolctl import threadpool_info

from clumpscope.engine import watch
from clumpscope.engine.carried import MissingError, here
from clumpscope.engine.watch import begin_worker
from clumpscope.errors import FolderError, ImageError


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


def late(seconds: float) -> str:
    """What is said of work that takes longer than it may."""
    try:
        with watch.time_limit(seconds):
            for _ in range(3000):
                time.sleep(0.01)
    except ImageError as error:
        return str(error)
    return "not stopped"


def blas_threads(_: int) -> set[int]:
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools}


def lines_of(name: str) -> list[str]:
    """Lines of a file in the folder where work is done."""
    return Path(name).read_text().splitlines()


def no_folder(_: int) -> None:
    raise FolderError("sample x: no such folder")


def sent(file: tuple[Path, str]) -> tuple[Path, bytes]:
    """Where a file is found that is not where it is said to be, and what it holds."""
    path, key = file
    try:
        found = here(path.with_stem("not there"), key)
    except MissingError:
        raise MissingError(path, key) from None
    return found, found.read_bytes()


def ticking(mark: Path) -> None:
    """Say every moment that it is still at work."""
    for _ in range(3000):
        with mark.open("a") as stream:
            stream.write(".")
        time.sleep(0.01)


def doubled(x: int) -> int:
    time.sleep(0.2)
    return 2 * x


def lacking(_: int) -> None:
    raise ModuleNotFoundError("No module named 'clumpscope'")
