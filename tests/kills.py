"""Commands in a process of their own that is killed at a chosen step, and gone on with."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.jobs import shards
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.detect import detect
from clumpscope.jobs.fetch import fetch, read_targets
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from toy_survey import register

TOOLS = ConsensusConfig(tools={"0": "normal", "1": "odd"})
# Each takes the folder of what it needs, the folder to write, and whether to resume.
COMMANDS: dict[str, Callable[[Path, Path, bool], object]] = {
    "simulate": lambda _, out, resume: simulate(out, 3, Recipe(seed=3), 1, resume=resume),
    "run": lambda needs, out, resume: run(needs / "sample", out, Recipe(seed=7), resume=resume),
    "detect": lambda needs, out, resume: detect(needs / "sample", out, Recipe(), resume=resume),
    "fetch": lambda needs, out, resume: fetch(
        *("toy", read_targets(needs / "list.csv"), needs, out, Recipe()),
        size_arcsec=6.0,
        resume=resume,
    ),
    "ingest": lambda needs, out, resume: ingest(
        plan([needs / "files"], Recipe(), folder=out), out, Recipe(), resume=resume
    ),
    "consensus": lambda needs, out, resume: consensus(
        needs / "sample" / "classifications.csv.gz", out, Recipe(consensus=TOOLS), resume=resume
    ),
}
# Fork from a clean process that has imported everything: quick, and without others' threads.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["kills", "clumpscope.detector.predict", "clumpscope.plot"])
SMALL = 2  # galaxies a shard


def steps(name: str, needs: Path, out: Path) -> int:
    """Let a command end; how many steps it took."""
    here, there = CONTEXT.Pipe()
    child = CONTEXT.Process(target=_whole, args=(name, needs, out, there))
    child.start()
    there.close()
    count: int = here.recv()
    child.join()
    return count


def killed(name: str, needs: Path, out: Path, at: int, *, resume: bool = False) -> None:
    """Kill a command at a step."""
    child = CONTEXT.Process(target=_killed, args=(name, needs, out, at, resume))
    child.start()
    child.join(300)
    assert child.exitcode == -signal.SIGKILL


def gone_on_with(name: str, needs: Path, out: Path) -> int | None:
    """Resume a command; its exit code."""
    child = CONTEXT.Process(target=_resumed, args=(name, needs, out))
    child.start()
    child.join(300)
    return child.exitcode


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but the manifest, which holds times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


@contextmanager
def _watched(step: Callable[[], None]) -> Iterator[None]:
    """Call ``step`` before and after each renaming and each removal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD", SMALL)
        register(patch)
        for place, name in ((Path, "replace"), (os, "unlink"), (os, "rmdir")):
            patch.setattr(place, name, _around(getattr(place, name), step))
        yield


def _around(real: Callable[..., object], step: Callable[[], None]) -> Callable[..., object]:
    def done(*args: object, **more: object) -> object:
        step()
        result = real(*args, **more)
        step()
        return result

    return done


def _whole(name: str, needs: Path, out: Path, told: Connection) -> None:
    taken = []
    with _watched(lambda: taken.append(1)):
        COMMANDS[name](needs, out, False)
    told.send(len(taken))


def _killed(name: str, needs: Path, out: Path, at: int, resume: bool) -> None:
    taken = []

    def step() -> None:
        taken.append(1)
        if len(taken) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    with _watched(step):
        COMMANDS[name](needs, out, resume)


def _resumed(name: str, needs: Path, out: Path) -> None:
    with _watched(lambda: None):
        COMMANDS[name](needs, out, True)
