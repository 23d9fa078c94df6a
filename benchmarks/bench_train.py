"""Memory of a training before its first step: composites of many galaxies, in a file.

Pictures of 200 x 200 px are made, and a training is begun on them that stops where the first
batch of either side is there. The peak of the process is compared with the pixels alone.

    python benchmarks/bench_train.py [--galaxies N]
"""

import argparse
import resource
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from unittest import mock

import lightning
import numpy as np
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import LABELS, record_table
from clumpscope.detector.training import fit
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.store.tables import write_parquet

BOX = {"label": 1, "x1": 0.4, "y1": 0.4, "x2": 0.5, "y2": 0.5}


def memory_mib() -> tuple[float, float]:
    """Memory of this process now, and the largest so far (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() / 2**20, peak / 2**10


def pictures(folder: Path, galaxies: int) -> None:
    """A sample of smooth random pictures with a label each."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    ids = [f"g{k:06d}" for k in range(galaxies)]
    for name in ids:
        coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
        coarse.resize((200, 200)).save(folder / "images" / f"{name}.png")
    columns = {name: [value] * galaxies for name, value in BOX.items()}
    write_parquet(record_table(LABELS, {"galaxy_id": ids, **columns}), folder / "labels.parquet")


class Enough(Exception):  # noqa: N818  (no fault)
    """The first batches are there."""


def first_batches(_: object, __: object, learning: object, checking: object, **___: object) -> None:
    """What the trainer does here instead of training."""
    next(iter(learning))
    next(iter(checking))
    raise Enough


def main() -> None:
    """Print the peak of memory and the time a galaxy took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=2000)
    galaxies = parser.parse_args().galaxies
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        pictures(sample, galaxies)
        plan = make_plan([sample], Recipe())
        fit.initial(plan.spec("warm"), None, 0)  # so that torch and a network are there already
        before, start = memory_mib()[0], time.perf_counter()
        with mock.patch.object(lightning.Trainer, "fit", first_batches), suppress(Enough):
            train(plan, Path(folder) / "m.safetensors", 1, print)
        seconds, grown = time.perf_counter() - start, memory_mib()[1] - before
    pixels = galaxies * 3 * plan.recipe.composite.crop**2 / 2**20
    print(
        f"{galaxies} composites of {pixels:.0f} MiB: memory grew by {grown:.0f} MiB "
        f"({grown / pixels:.2f} times), {1e3 * seconds / galaxies:.1f} ms a galaxy"
    )


if __name__ == "__main__":
    main()
