"""Reading, refining and measuring with an earlier commit's code and with this one, in turn.

Prints processor times a galaxy, the ratio of each pair's, and how far the tables differ.

python benchmarks/bench_before.py COMMIT SAMPLE RUN --repeats 5

RUN is a run over SAMPLE: its detections are taken, so that no detector is timed. Each code has a
process of its own that waits while the other's works.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).resolve()
STEPS = ("read", "refine", "measure")


def work(sample_folder: Path, run_folder: Path, out: Path) -> None:
    """Take the sample once for each line that comes in; print a line of times, write the tables."""
    from clumpscope.config.recipe import Recipe
    from clumpscope.core.box_tables import boxes_by_galaxy
    from clumpscope.core.boxes import Boxes
    from clumpscope.jobs import work as books
    from clumpscope.jobs.pipeline import measured
    from clumpscope.stages.refine import refine
    from clumpscope.store.run import Run
    from clumpscope.store.sample import Sample
    from clumpscope.store.tables import write_parquet

    sample, run = Sample.open(sample_folder), Run(run_folder)
    recipe = books.settled(Recipe(), sample)
    found, threshold = boxes_by_galaxy(run.read("detections")), run.threshold()
    for line in sys.stdin:
        seconds = dict.fromkeys(STEPS, 0.0)
        works = []
        for index, galaxy_id in enumerate(sample.ids):
            one = books.Work(galaxy_id, index, boxes=found.get(galaxy_id, Boxes.empty()))
            start = time.process_time()
            one.image = image = sample.read_starred(index, recipe.sample, recipe.limits)
            read = time.process_time()
            one.flags = books.of_star(image)
            looked = time.process_time()
            one.refined = refine(image, one.boxes, recipe.refine, threshold)
            refined = time.process_time()
            one.photometry = measured(image, one.refined, recipe, bool(one.flags))
            end = time.process_time()
            times = read - start, refined - looked, end - refined
            for step, took in zip(STEPS, times, strict=True):
                seconds[step] += 1e3 * took / len(sample)
            works.append(one)
            if line.strip() != "all":
                one.image = None
        if line.strip() == "all":
            write_parquet(books.clumps(works, recipe)["photometry"], out)
        print(json.dumps(seconds), flush=True)


def started(source: Path, asked: argparse.Namespace, out: Path) -> "subprocess.Popen[str]":
    """A process that works with the code of ``source``."""
    return subprocess.Popen(  # noqa: S603  (this very file)
        [sys.executable, str(HERE), "--out", str(out), "-", str(asked.sample), str(asked.run)],
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def taken(worker: "subprocess.Popen[str]", what: str) -> dict[str, float]:
    """Milliseconds a galaxy of each step of one pass."""
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(f"{what}\n")
    worker.stdin.flush()
    return dict(json.loads(worker.stdout.readline()))


def unpack(commit: str, folder: Path) -> Path:
    """The ``src`` of a commit of this repository, in ``folder``."""
    packed = subprocess.run(  # noqa: S603
        ["git", "archive", commit, "src"],  # noqa: S607
        cwd=HERE.parents[1],
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def compare(before: Path, now: Path) -> None:
    """Print how far each column of two tables differs, the worst last."""
    from clumpscope.core.schema import plain
    from clumpscope.store.tables import read_parquet

    old, new = read_parquet(before), read_parquet(now)
    print(f"{len(old)} and {len(new)} clumps; columns the same: {old.colnames == new.colnames}")
    worst = []
    for name in old.colnames:
        a, b = plain(old, name), plain(new, name)
        if a.dtype.kind != "f":
            print(f"{name}: {'the same' if (a == b).all() else 'DIFFERS'}")
        elif (np.isnan(a) != np.isnan(b)).any():
            print(f"{name}: DIFFERS in what is known")
        else:
            scale = np.maximum(np.abs(a), np.finfo(float).tiny)
            worst.append((float(np.nan_to_num(np.abs(a - b) / scale).max(initial=0.0)), name))
    for off, name in sorted(worst)[-5:]:
        print(f"{name}: {off:.1e} relative at most")


def main() -> None:
    """Print medians over the pairs, and compare the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="of the code before")
    parser.add_argument("sample", type=Path)
    parser.add_argument("run", type=Path, help="its detections are taken")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.out is not None:
        work(asked.sample, asked.run, asked.out)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = {"before": unpack(asked.commit, folder), "now": HERE.parents[1] / "src"}
        tables = {name: folder / f"{name}.parquet" for name in sources}
        workers = {name: started(source, asked, tables[name]) for name, source in sources.items()}
        for worker in workers.values():
            taken(worker, "all")
        pairs = []
        for k in range(asked.repeats):
            order = ("before", "now") if k % 2 == 0 else ("now", "before")
            pairs.append({name: taken(workers[name], "again") for name in order})
        for worker in workers.values():
            worker.communicate()
        for steps in (*((step,) for step in STEPS), STEPS[1:], STEPS):
            totals = [{n: sum(one[n][s] for s in steps) for n in sources} for one in pairs]
            old, new = (median(one[name] for one in totals) for name in sources)
            ratio = median(one["before"] / one["now"] for one in totals)
            print(f"{' + '.join(steps):24s} {old:6.2f}, now {new:6.2f} ms a galaxy: {ratio:5.2f} ×")
        compare(tables["before"], tables["now"])


if __name__ == "__main__":
    main()
