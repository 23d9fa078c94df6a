"""Galaxies a second of a training, and its memory: our recipes beside the published network.

All train in float32 on one core on the same galaxies, augmentations included, in turn; arithmetic
(forward and backward) stands beside it. Then, each in a process of its own, what `train
--dry-run` estimates of memory is compared with what a few steps took.

    OMP_NUM_THREADS=1 python benchmarks/bench_train_speed.py [--sample DIR] [--rounds N]
"""

import argparse
import multiprocessing
import resource
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

import torch
from torch.utils.flop_counter import FlopCounterMode
from training_steps import WAYS, images_of, needs, plan_of, recipe_of, stepper

from clumpscope.jobs.simulate import simulate

GALAXIES = 48
BATCH = {"published": 1, "native": 8, "psf": 16}
STEPS = 3  # whose memory is looked at


def timed(sample: Path, rounds: int) -> None:
    """Galaxies a second of each way, in turn."""
    torch.set_num_threads(1)
    ways, seconds, gflop = {}, {way: [] for way in WAYS}, {}
    for way in WAYS:
        plan = plan_of(way, sample, BATCH[way])
        ways[way] = stepper(plan, images_of(plan, GALAXIES))
        with FlopCounterMode(display=False) as counter:
            many = ways[way]()
        gflop[way] = counter.get_total_flops() / 1e9 / many
    for _ in range(rounds):
        for way, step in ways.items():
            start = process_time()
            many = step()
            seconds[way].append((process_time() - start) / many)
    first = median(seconds["published"])
    for way in WAYS:
        one = median(seconds[way])
        print(
            f"{way:9} batch {BATCH[way]:2}: {1 / one:7.2f} galaxies/s, {first / one:6.1f} times "
            f"the published; {gflop[way] / 2:7.2f} GMAC a galaxy, "
            f"{gflop['published'] / gflop[way]:6.1f} times less",
            flush=True,
        )


def memory(way: str, sample: Path) -> None:
    """Estimate of a step's memory, and what steps really took."""
    torch.set_num_threads(1)
    plan = plan_of(way, sample, BATCH[way])
    data = images_of(plan, GALAXIES)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    before = pages * resource.getpagesize()
    step = stepper(plan, data)
    for _ in range(STEPS):
        step()
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    said = needs(plan, data)
    print(
        f"{way:9} batch {BATCH[way]:2}: estimate {said.step_bytes / 1e6:6.0f} MB "
        f"({said.fixed_bytes / 1e6:.0f} fixed, {said.image_bytes / 1e6:.0f} an image), "
        f"steps took {taken / 1e6:6.0f} MB: {said.step_bytes / taken:.2f} of it",
        flush=True,
    )


def main() -> None:
    """Time, then memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("time", "memory"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sample = given.sample
        if sample is None:
            sample = Path(folder) / "sample"
            simulate(sample, 2 * GALAXIES, recipe_of("psf"), 1)
        if given.only != "time":
            for way in WAYS:
                process = multiprocessing.get_context("spawn").Process(
                    target=memory, args=(way, sample)
                )
                process.start()
                process.join()
        if given.only != "memory":
            timed(sample, given.rounds)


if __name__ == "__main__":
    main()
