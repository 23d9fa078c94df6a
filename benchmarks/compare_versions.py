"""A run with this code and one with another checkout's, in turn: times, and whether files agree.

python benchmarks/compare_versions.py ../before/src SAMPLE --repeats 5
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "src"


def run(source: Path, sample: Path, out: Path, workers: int) -> tuple[float, float]:
    """Wall and processor seconds of a run with the code of ``source``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(  # noqa: S603  (the same command, with two codes)
        [
            *(sys.executable, "-m", "clumpscope", "run", str(sample)),
            *("--out", str(out), "--workers", str(workers)),
        ],
        env={**os.environ, "PYTHONPATH": str(source)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the ratio of this code's times to the other's, pair by pair, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="src of another checkout")
    parser.add_argument("sample", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    walls, processors = [], []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(asked.repeats):
            found = {}
            order = [("before", asked.before), ("now", HERE)]
            for name, source in order if k % 2 == 0 else order[::-1]:
                out = Path(folder) / f"{name}{k}"
                found[name] = run(source.resolve(), asked.sample, out, asked.workers)
            (wall, cpu), (wall_now, cpu_now) = found["before"], found["now"]
            walls.append(wall_now / wall)
            processors.append(cpu_now / cpu)
            print(f"pair {k + 1}: wall {wall:.1f}, now {wall_now:.1f} s", end="; ")
            print(f"CPU {cpu:.1f}, now {cpu_now:.1f} s", flush=True)
        medians = [statistics.median(ratios) for ratios in (walls, processors)]
        print(f"median ratio: wall {medians[0]:.3f}, CPU {medians[1]:.3f}")
        one, two = Path(folder) / "before0", Path(folder) / "now0"
        for path in sorted(two.iterdir()):
            other = one / path.name
            same = other.is_file() and other.read_bytes() == path.read_bytes()
            print(f"{path.name}: {'the same' if same else 'DIFFERS'}")


if __name__ == "__main__":
    main()
