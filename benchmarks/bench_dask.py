"""Dask workers: how they scale, what they cost, and that killing them changes nothing.

Run: ``OMP_NUM_THREADS=1 python benchmarks/bench_dask.py [PART]...``, PARTs of ``overhead``,
``scaling`` and ``kills`` (by default all). Two workers should do 1.8 times what one does, and 0.95
of what two plain processes do; a thousand tasks of 0.2 s should cost less than 3 % more than they
sleep; a run whose workers are killed every 20 s, and whose client once loses its scheduler, should
have the same catalogue, byte for byte.

On a machine with other work the wall clock says little: beside it stands processor time, which on
idle cores is what work takes if workers are busy. How two workers compare with one is told of the
workers' processor time, and of the time until all galaxies are done: the catalogue is made by one
process however many workers there are. How Dask compares with processes is told of all processes,
scheduler and client included. Workers' start and loading of the model counts.
"""

import argparse
import os
import random
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.engine.dask import Dask, connected
from clumpscope.engine.local import Workers, ordered_map, silent
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate

EVERY = 20.0  # seconds from one killed worker to the next


def load() -> str:
    """Load of the machine, to stand beside figures."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def processor_time() -> tuple[float, float]:
    """Of all that this process has started and that have ended, and of these and itself, s."""
    spent = os.times()
    children = spent.children_user + spent.children_system
    return children, children + spent.user + spent.system


def overhead(tasks: int, seconds: float, workers: int) -> None:
    """Print what tasks that only sleep take beyond their sleep."""
    with connected(f"local:{workers}") as dask:
        list(ordered_map(time.sleep, [0.01] * 4 * workers, dask))
        began = time.monotonic()
        list(ordered_map(time.sleep, [seconds] * tasks, dask))
        wall = time.monotonic() - began
    over = wall * workers / (tasks * seconds) - 1
    print(f"{tasks} tasks of {seconds} s, {workers} workers: {wall:.1f} s, overhead {over:.1%}")


@contextmanager
def dask_workers(number: int) -> Iterator[Workers]:
    """So many workers of a cluster that is started for them."""
    with connected(f"local:{number}") as dask:
        yield dask


@contextmanager
def processes(number: int) -> Iterator[Workers]:
    """So many plain processes."""
    yield number


def scaling(folder: Path, galaxies: int, rounds: int) -> None:
    """Print what one and two Dask workers and two processes take, in turn."""
    sample = folder / f"sample-{galaxies}"
    simulate(sample, galaxies, Recipe(seed=5), 2)
    ways = {
        "one Dask worker": partial(dask_workers, 1),
        "two Dask workers": partial(dask_workers, 2),
        "two processes": partial(processes, 2),
    }
    walls: dict[str, list[float]] = {name: [] for name in ways}
    theirs: dict[str, list[float]] = {name: [] for name in ways}
    every: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            out, ticks = folder / f"{name}-{turn}", [time.monotonic()]
            before = processor_time()
            with way() as workers:
                run(sample, out, Recipe(), workers=workers, progress=partial(tick, ticks))
            after = processor_time()
            walls[name].append(ticks[-1] - ticks[0])
            theirs[name].append(after[0] - before[0])
            every[name].append(after[1] - before[1])
            print(
                f"  {name}: {walls[name][-1]:.1f} s, processor of workers {theirs[name][-1]:.1f} "
                f"s, of all {every[name][-1]:.1f} s ({load()})",
                flush=True,
            )
            assert same(out, folder / "one Dask worker-0")
    wall, cpu, whole = (
        {name: statistics.median(values) for name, values in taken.items()}
        for taken in (walls, theirs, every)
    )
    one, two, plain = ways
    print(
        f"{galaxies} galaxies, medians of {rounds}: two Dask workers are "
        f"{wall[one] / wall[two]:.2f} × one by the clock, "
        f"{2 * cpu[one] / cpu[two]:.2f} × by processor time; "
        f"{wall[plain] / wall[two]:.2f} and {whole[plain] / whole[two]:.2f} of two processes"
    )


def tick(ticks: list[float], _: int) -> None:
    """Note when galaxies were done."""
    ticks.append(time.monotonic())


def same(one: Path, other: Path) -> bool:
    """Whether two runs have the same tables and catalogue, byte for byte."""
    names = [path.name for path in one.glob("*.parquet")] + ["catalogue.fits"]
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


@contextmanager
def killing(dask: Dask, over: threading.Event) -> Iterator[list[str]]:
    """Kill a worker every `EVERY` seconds, after the third one the connection."""
    told: list[str] = []
    started = time.monotonic()

    def kill() -> None:
        while not over.wait(EVERY):
            found = dask.client.run(os.getpid)
            place, number = random.choice(list(found.items()))  # noqa: S311
            os.kill(number, signal.SIGKILL)
            told.append(f"{time.monotonic() - started:.0f} s: {place}")
            if len(told) == 3:
                comm = dask.client.scheduler_comm.comm
                dask.client.loop.add_callback(comm.abort)
                told.append("the client's connection")

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join()


def kills(folder: Path, galaxies: int) -> None:
    """Print whether a run whose workers are killed has the tables of one left alone."""
    sample = folder / f"sample-{galaxies}"
    simulate(sample, galaxies, Recipe(seed=6), 2)
    run(sample, folder / "plain", Recipe(), workers=2)
    began = time.monotonic()
    with connected("local:2") as dask, killing(dask, threading.Event()) as told:
        run(sample, folder / "killed", Recipe(), workers=dask, progress=silent)
        wall = time.monotonic() - began
    print(f"{galaxies} galaxies in {wall:.0f} s ({load()}); killed: {'; '.join(told)}")
    print("same tables:", same(folder / "killed", folder / "plain"))


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["overhead", "scaling", "kills", []])
    parser.add_argument("--galaxies", type=int, default=320, help="of the scaling")
    parser.add_argument("--killed", type=int, default=480, help="galaxies of the run with kills")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    parts = asked.parts or ["overhead", "scaling", "kills"]
    with tempfile.TemporaryDirectory() as folder:
        if "overhead" in parts:
            print(load())
            overhead(1000, 0.2, 4)
        if "scaling" in parts:
            scaling(Path(folder), asked.galaxies, asked.rounds)
        if "kills" in parts:
            kills(Path(folder), asked.killed)


if __name__ == "__main__":
    main()
