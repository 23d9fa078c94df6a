"""The whole of ``run``: core-seconds of each stage, rate, efficiency of two workers, memory.

Stages are timed in this process, by its processor time; then the command itself takes the same
galaxies through on all cores. Its rate is told beside what the cores could do if nothing but the
stages took time, and beside the published configuration's detection alone, in the same run. With
``--write`` the figures become a page with machine and versions.

    python benchmarks/bench_run.py [--galaxies N] [--sample DIR] [--model NAME] [--workers N]
        [--write FILE.md]
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch
from bench_detect import gflop, peak, timed
from bench_memory import watched
from starts import first
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import composite
from clumpscope.detector.predict import single_thread
from clumpscope.engine.local import default_workers
from clumpscope.jobs import pipeline
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

RECIPE = Path(__file__).parents[1] / "recipes" / "benchmark-test.toml"
PAPER = 53_613  # galaxies
MINUTES = 20.0
STAGES: dict[str, tuple[Any, str]] = {
    "read": (Sample, "read_starred"),
    "view": (pipeline, "view"),
    "detect": (pipeline.books, "search"),
    "refine": (pipeline, "refine"),
    "measure": (pipeline, "measured"),
    "write shards": (Run, "write_shard"),
    "join": (Run, "join"),
    "catalogue": (sys.modules["clumpscope.jobs.run"], "release"),
    "sheet": (sys.modules["clumpscope.jobs.run"], "_draw"),
}


@contextmanager
def clocks() -> Iterator[dict[str, float]]:
    """Processor time of each stage while this is open."""
    spent = dict.fromkeys(STAGES, 0.0)

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            start = time.process_time()
            try:
                return function(*given, **named)
            finally:
                spent[name] += time.process_time() - start

        return call

    patches = [
        mock.patch.object(where, name, clocked(stage, getattr(where, name)))
        for stage, (where, name) in STAGES.items()
    ]
    for patch in patches:
        patch.start()
    try:
        yield spent
    finally:
        for patch in patches:
            patch.stop()


def published(sample: Sample) -> tuple[float, float]:
    """Seconds and GFLOP that the published configuration takes for a galaxy, of two rounds."""
    network = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3).eval()
    picture = torch.from_numpy(composite(sample.read(0), CompositeConfig()).pixels)

    def look() -> object:
        with torch.inference_mode():
            return network([picture])

    return median(timed(look) for _ in range(2)), gflop(look)


def main() -> None:
    """Time the stages, run the command, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=2000)
    parser.add_argument("--timed", type=int, default=320, help="galaxies of which stages are timed")
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--model", default="clumpscope-native")
    parser.add_argument("--workers", type=int, default=default_workers())
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    single_thread()
    with tempfile.TemporaryDirectory() as folder:
        sample = given.sample or Path(folder) / "sample"
        if not sample.exists():
            simulate(sample, given.galaxies, load_recipe(RECIPE), given.workers)
        lines = measured(sample, Path(folder), given)
    page = "\n".join(lines) + "\n"
    print(page)
    if given.write is not None:
        given.write.write_text(page, encoding="utf-8")


def measured(sample: Path, folder: Path, given: argparse.Namespace) -> list[str]:
    """All figures, as lines of a page."""
    whole = Sample.open(sample)
    count = min(given.timed, len(whole))
    some = first(sample, count, folder / "some")
    with clocks() as spent:
        start = time.process_time()
        run(some, folder / "timed", Recipe(), model=given.model, workers=1)
        total = time.process_time() - start
    each = {name: 1e3 * seconds / count for name, seconds in spent.items()}
    each["loading and all else"] = 1e3 * total / count - sum(each.values())
    words = ("run", sample, "--model", given.model, "--workers", given.workers, "--out")
    command = [sys.executable, "-m", "clumpscope", *map(str, words)]
    start = time.monotonic()
    cores = sum(watched([*command, str(folder / "run")], 0.2, memory=False).seconds.values())
    wall = time.monotonic() - start
    most = watched([*command, str(folder / "again")], 0.5)
    stages = sum(ms for name, ms in each.items() if name != "loading and all else")
    could = given.workers / (1e-3 * stages)
    rate = len(whole) / wall
    seconds, flop = published(whole)
    best = max(peak() for _ in range(3))
    return [
        "# `run`, measured",
        "",
        f"`python benchmarks/bench_run.py --galaxies {len(whole):,} --model {given.model}` on "
        f"{given.workers} cores of {platform.processor() or platform.machine()}, load "
        f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {version('numpy')}; five bands, {len(whole):,} galaxies of the benchmark's recipe.",
        "",
        "| stage | core-ms a galaxy |",
        "|---|---|",
        *(f"| {name} | {ms:.1f} |" for name, ms in each.items()),
        "",
        "| | |",
        "|---|---|",
        f"| galaxies a second | {rate:.1f} |",
        f"| {PAPER:,} galaxies by that rate, minutes (asked: {MINUTES:.0f}) "
        f"| {PAPER / rate / 60:.1f} |",
        f"| of what the stages alone would allow (asked: 0.85) | {rate / could:.2f} |",
        f"| core-seconds used of those that there were | {cores / (wall * given.workers):.2f} |",
        f"| largest memory of all processes together, MB (asked: 2000) | {most.together:.0f} |",
        f"| published configuration, detection alone, core-ms a galaxy | {1e3 * seconds:.0f} |",
        f"| its limit by arithmetic ({flop:.0f} GFLOP at {best:.0f} GFLOP/s), ms "
        f"| {1e3 * flop / best:.0f} |",
        f"| times that our whole `run` is faster, a core | {seconds / (cores / len(whole)):.0f} |",
    ]


if __name__ == "__main__":
    main()
