"""Speed and memory of simulating: five bands of about 100 px, in memory and to disk, one core.

python benchmarks/bench_simulate.py
"""

import os
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import SimulateConfig
from clumpscope.jobs.simulate import simulate
from clumpscope.stages.simulate.survey import simulate_galaxy
from clumpscope.store.images import write_galaxy

REPEATS = 5
WANTED = 40


def megabytes() -> float:
    """Largest memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print galaxies a second of processor time, and memory as a survey grows."""
    config = SimulateConfig()
    ids, k = [], 0
    while len(ids) < WANTED:
        k += 1
        if 85 <= simulate_galaxy(f"s{k}", config, 1).image.shape[0] <= 115:
            ids.append(f"s{k}")
    made, written = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPEATS):
            start = time.process_time()
            galaxies = [simulate_galaxy(one, config, 1) for one in ids]
            middle = time.process_time()
            for galaxy in galaxies:
                write_galaxy(Path(folder) / f"{galaxy.image.galaxy_id}.fits", galaxy.image)
            made.append((middle - start) / WANTED)
            written.append((time.process_time() - start) / WANTED)
    for what, times in (("in memory", made), ("to disk", written)):
        print(
            f"{what}: {1 / median(times):.0f} galaxies/s a core "
            f"({1 / max(times):.0f}-{1 / min(times):.0f}), {1e3 * median(times):.1f} ms each"
        )
    before = megabytes()
    for galaxies in (64, 256):
        with tempfile.TemporaryDirectory() as folder:
            simulate(Path(folder), galaxies, Recipe(), 1)
        print(f"memory after {galaxies} galaxies: +{megabytes() - before:.0f} MB")


if __name__ == "__main__":
    main()
