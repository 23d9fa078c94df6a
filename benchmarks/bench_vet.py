"""How quick the vetting page's server is on 100,000 galaxies, and how much memory it takes.

    python benchmarks/bench_vet.py [GALAXIES] [CLUMPS]

Makes up a run and a sample of one image that all galaxies share, opens it by the real command, and
asks what a browser asks. Prints medians.
"""

import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import labelled
import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import HOSTS, galaxies_in, record_table
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.tables import write_parquet

REPEATS = 15


def make(folder: Path, galaxies: int, clumps: int) -> Path:
    """Write a run of so many galaxies and clumps."""
    rng = np.random.default_rng(1)
    ids = np.array([f"g{k:06d}" for k in range(galaxies)])
    sample = folder / "sample"
    (sample / "images").mkdir(parents=True)
    shape = labelled.SHAPES["a1"]
    xy = [clump[:2] for clump in labelled.CLUMPS["a1"]]
    image = scenes.galaxy("g000000", shape, xy, 40.0, host_flux=50, wcs=scenes.make_wcs(shape))
    first = sample / "images" / "g000000.fits"
    write_galaxy(first, image)
    for name in ids[1:300]:
        (sample / "images" / f"{name}.fits").hardlink_to(first)
    hosts = {"galaxy_id": ids, "redshift": rng.uniform(0.01, 0.2, galaxies)}
    write_parquet(record_table(HOSTS, hosts), sample / "hosts.parquet")
    of = np.sort(rng.integers(0, galaxies, clumps))
    first_of = np.searchsorted(of, of)
    x, y = rng.uniform(10, 70, clumps), rng.uniform(10, 38, clumps)
    columns = {
        "galaxy_id": ids[of],
        "clump_id": np.arange(clumps) - first_of + 1,
        "clump_label_id": rng.integers(1, 3, clumps),
        "clump_score": rng.uniform(0.3, 1, clumps),
        "p_real": rng.uniform(0, 1, clumps),
        "clump_centre_px_x": x,
        "clump_centre_px_y": y,
        "clump_px_x1": x - 3,
        "clump_px_x2": x + 3,
        "clump_px_y1": y - 3,
        "clump_px_y2": y + 3,
        "quality": rng.integers(0, 3, clumps),
        "flags": 1 << rng.integers(0, 27, clumps),
        "clump_flux_ratio": rng.exponential(0.05, clumps),
        "clump_mag_corr_g_r": rng.normal(0.3, 0.3, clumps),
        **{f"clump_flux_{band}": rng.exponential(1e-5, clumps) for band in "ugriz"},
        **{f"clump_flux_err_{band}": rng.exponential(1e-6, clumps) for band in "ugriz"},
    }
    run = folder / "run"
    run.mkdir()
    write_parquet(clump_table("release", columns), run / "catalogue.parquet")
    names = set(clump_table("positions", {}).colnames)
    places = {name: values for name, values in columns.items() if name in names}
    write_parquet(clump_table("positions", places), run / "positions.parquet")
    ok = {"galaxy_id": ids, "status": ["ok"] * galaxies}
    write_parquet(record_table(galaxies_in(), ok), run / "galaxies.parquet")
    recipe = Recipe().model_dump(mode="json")
    RunManifest(command="run", recipe=recipe, inputs={"sample": str(sample)}).write(run)
    return run


def median_ms(ask: Callable[[int], object]) -> float:
    """Median time of a request, ms."""
    times = []
    for k in range(REPEATS):
        start = time.perf_counter()
        ask(k)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Resident memory of a process, MB; VmHWM: the most it had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{what}:\s+(\d+)", status)[0]) / 1024


def measure(run: Path) -> None:
    """Open the page, ask, and print."""
    command = [sys.executable, "-m", "clumpscope", "vet", str(run), "--port", "0", "--no-browser"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    print(f"open: {time.perf_counter() - start:.1f} s, {memory_mb(process.pid):.0f} MB")
    queries = {
        "page, by score": "sort=score&order=desc",
        "page, far down": "sort=score&order=desc&offset=60000",
        "filter: score, chance": "score=0.5,0.9&p_real=0.2,0.8",
        "filter: all": "score=0.4,1&p_real=0.1,1&quality=0,1&label=1&ratio=0.03,1&colour=-0.5,1"
        "&redshift=0.02,0.15&status=undecided&sort=uncertainty&order=desc",
        "filter: flag": "flag=BLENDED",
        "filter: part of an id": "id=0042",
        "order: disagreement": "sort=disagreement&order=desc",
    }
    with httpx.Client(base_url=address.partition("/?")[0], timeout=60, trust_env=False) as one:
        one.get(address)
        for name, query in queries.items():
            said = median_ms(lambda _, query=query: one.get(f"/api/galaxies?{query}&limit=200"))
            print(f"{name}: {said:.0f} ms")
        print(f"session: {median_ms(lambda _: one.get('/api/session')):.0f} ms")
        new = median_ms(lambda k: one.get(f"/api/galaxies/g{k:06d}"))
        image = median_ms(lambda k: one.get(f"/api/image/g{k:06d}"))
        again = median_ms(lambda k: one.get(f"/api/galaxies/g{k:06d}"))
        print(f"a galaxy: {new:.0f} ms, its picture: {image:.0f} ms, once more: {again:.0f} ms")
        print(f"a thumbnail: {median_ms(lambda k: one.get(f'/api/thumb/g{k + 100:06d}')):.0f} ms")

        def decide(k: int) -> None:
            row = one.get(f"/api/galaxies/g{k:06d}").json()["boxes"]
            body = {"galaxy": f"g{k:06d}", "action": "accept", "request": str(uuid4())}
            if row:
                answer = one.post("/api/decisions", json=body | {"box": row[0]["key"]})
                assert answer.status_code == 200, answer.text

        print(f"a galaxy and a decision: {median_ms(decide):.0f} ms")
        said = median_ms(lambda _: one.get("/api/galaxies?status=decided"))
        print(f"filter: decided: {said:.0f} ms")
        print(
            f"memory: {memory_mb(process.pid):.0f} MB, most {memory_mb(process.pid, 'VmHWM'):.0f}"
        )
    process.send_signal(signal.SIGINT)
    process.wait(30)


def main() -> None:
    """Make it up and measure."""
    galaxies, clumps = [*map(int, sys.argv[1:]), 100_000, 300_000][:2] if len(sys.argv) != 2 else (
        int(sys.argv[1]), 3 * int(sys.argv[1])
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run = make(Path(folder), galaxies, clumps)
        print(f"{galaxies} galaxies, {clumps} clumps, made in {time.perf_counter() - start:.0f} s")
        measure(run)


if __name__ == "__main__":
    main()
