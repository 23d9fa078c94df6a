"""Memory of ``run``: the largest share of the machine's that one process ever takes, and all do.

The command takes galaxies of the benchmark's recipe through every shipped model, in worker
processes of its own. Their proportional set size is read all the while (pages that processes share
count by halves; Linux), and the largest resident set as the system kept it.

    python benchmarks/bench_memory.py [--galaxies N] [--sample DIR] [--workers N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from clumpscope.config.recipe import load_recipe
from clumpscope.jobs.simulate import simulate
from clumpscope.models.registry import packaged_models

RECIPE = Path(__file__).parents[1] / "recipes" / "benchmark-test.toml"
TARGET_MB = 700.0
_INTERVAL = 0.05  # s


@dataclass
class Most:
    """The largest PSS and RSS of each process of a command, and PSS of all at once, MB.

    ``seconds`` is the processor time of each, as far as it was seen.
    """

    each: dict[int, tuple[float, float]] = field(default_factory=dict)
    together: float = 0.0
    seconds: dict[int, float] = field(default_factory=dict)


def below(parent: int) -> list[int]:
    """A process, those that it began, theirs, and so on."""
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except OSError:  # it has ended
        return []
    return [parent, *(pid for child in text.split() for pid in below(int(child)))]


def figure(pid: int, file: str, name: str) -> float:
    """A figure of a process, MB; 0 if it has ended."""
    try:
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0.0


def processor_seconds(pid: int) -> float:
    """Processor time of a process, s; 0 if it has ended."""
    try:
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def watched(command: list[str], interval: float = _INTERVAL, *, memory: bool = True) -> Most:
    """Run a command, and look at time and memory of its processes all the while.

    To look at memory takes time: of the command, too.
    """
    most = Most()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            now = 0.0
            for pid in below(process.pid):
                most.seconds[pid] = max(most.seconds.get(pid, 0.0), processor_seconds(pid))
                if not memory:
                    continue
                shared, whole = most.each.get(pid, (0.0, 0.0))
                share = figure(pid, "smaps_rollup", "Pss")
                now += share
                most.each[pid] = max(shared, share), max(whole, figure(pid, "status", "VmHWM"))
            most.together = max(most.together, now)
            time.sleep(interval)
    if process.returncode:
        raise SystemExit(process.returncode)
    return most


def main() -> None:
    """Print the largest worker of each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=200)
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sample = given.sample
        if sample is None:
            sample = Path(folder) / "sample"
            simulate(sample, given.galaxies, load_recipe(RECIPE), 1)
        for model in packaged_models():
            out = Path(folder) / model
            command = [sys.executable, "-m", "clumpscope", "run", str(sample), "--model", model]
            most = watched([*command, "--workers", str(given.workers), "--out", str(out)])
            parent, *others = most.each.values()
            worker = max(others, default=parent)
            print(
                f"{model}: largest of its {len(most.each)} processes {worker[0]:.0f} MB of its own "
                f"and its share (asked: {TARGET_MB:.0f}), resident {worker[1]:.0f} MB; "
                f"the command itself {parent[0]:.0f} MB, all together {most.together:.0f} MB"
            )


if __name__ == "__main__":
    main()
