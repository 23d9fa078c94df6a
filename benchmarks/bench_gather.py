"""Memory and time of joining a run of a million clumps: its shards' tables, its catalogue, formats.

    python benchmarks/bench_gather.py [CLUMPS]

Makes up a run in shards, whose galaxies are in no order of their ids, and a tenth of which lie on
each other's cutouts. Each line is a process of its own, of which the largest resident set counts.
Text is written of as many rows as it is at most (`MOST_ROWS`).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clumpscope.config.run import CatalogueConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.records import (
    DETECTIONS,
    FAILURES,
    HOSTS,
    galaxies_in,
    record_table,
)
from clumpscope.core.schema import ColumnSpec
from clumpscope.jobs.release import release
from clumpscope.jobs.shards import SHARD
from clumpscope.store.formats import MOST_ROWS
from clumpscope.store.run import Run
from clumpscope.store.tables import as_arrow, read_parquet, write_parquet

TABLES = ("detections", "galaxies", "failures", "positions", "photometry")
MEAN = 3  # clumps a galaxy


def columns(specs: list[ColumnSpec], n: int, rng: np.random.Generator) -> dict[str, object]:
    """Numbers for columns."""
    kinds = {
        "f8": lambda: rng.lognormal(0, 1, n),
        "i4": lambda: rng.integers(0, 100, n).astype(np.int32),
        "i8": lambda: rng.integers(0, 2**62, n),
        "bool": lambda: rng.random(n) < 0.5,
        "str": lambda: np.full(n, "clump"),
    }
    return {spec.name: kinds[spec.dtype]() for spec in specs}


def make(folder: Path, clumps: int) -> int:
    """Write a sample's hosts and a run's shards; how many of these."""
    rng = np.random.default_rng(1)
    galaxies = clumps // MEAN
    ids = np.array([f"588017703{k:09d}" for k in rng.permutation(galaxies)])
    # A field of 4 degrees, where one galaxy in ten is a few arcseconds from another.
    ra, dec = rng.uniform(150, 154, galaxies), rng.uniform(0, 4, galaxies)
    near = rng.choice(galaxies, galaxies // 10, replace=False)
    ra[near], dec[near] = ra[near - 1], dec[near - 1] + 2 / 3600
    hosts = columns(HOSTS, galaxies, rng) | {"galaxy_id": ids, "ra": ra, "dec": dec}
    write_parquet(record_table(HOSTS, hosts), folder / "hosts.parquet")
    of = np.repeat(np.arange(galaxies), MEAN)
    n = len(of)
    made = columns(schema("photometry"), n, rng) | {
        "galaxy_id": ids[of],
        "clump_id": np.tile(np.arange(1, MEAN + 1, dtype=np.int32), galaxies),
        "clump_label_id": rng.integers(1, 3, n).astype(np.int32),
        "clump_centre_ra": ra[of] + rng.integers(-2, 3, n) / 3600,
        "clump_centre_dec": dec[of] + rng.integers(-2, 3, n) / 3600,
        "FWHM_r_arcsec": rng.uniform(1, 1.6, n),
        "flags": np.zeros(n, np.int32),
    }
    places = {name: made[name] for name in (spec.name for spec in schema("positions"))}
    boxes = columns(DETECTIONS, n, rng) | {"galaxy_id": ids[of]}
    kind = galaxies_in(SDSS_BANDS)
    status = np.full(galaxies, "ok")
    rows = columns(kind, galaxies, rng) | {"galaxy_id": ids, "status": status}
    tables = {
        "detections": (as_arrow(record_table(DETECTIONS, boxes)), MEAN),
        "positions": (as_arrow(clump_table("positions", places)), MEAN),
        "photometry": (as_arrow(clump_table("photometry", made)), MEAN),
        "galaxies": (as_arrow(record_table(kind, rows)), 1),
        "failures": (as_arrow(record_table(FAILURES, {})), 0),
    }
    store = Run(folder / "run")
    count = -(-galaxies // SHARD)
    for number in range(count):
        store.shard(number).mkdir(parents=True)
        for name, (table, each) in tables.items():
            part: pa.Table = table.slice(number * SHARD * each, SHARD * each)
            pq.write_table(part, store.shard(number) / f"{name}.parquet")
    return count


def gather(folder: Path, count: int, formats: tuple[str, ...]) -> None:
    """Join the shards of a run, make its catalogue, and print what it took."""
    store, hosts = Run(folder / "run"), read_parquet(folder / "hosts.parquet")
    start = time.perf_counter()
    for name in TABLES if count else ():
        store.join(name, count)
    joined = time.perf_counter()
    rows = release(store, hosts, CatalogueConfig(formats=formats))
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    said = {"rows": rows, "joined": joined - start, "released": done - joined, "peak": peak}
    print(json.dumps(said))


def tell(folder: Path, count: int, formats: tuple[str, ...], without: float = 0.0) -> float:
    """Gather in another process, and print its figures; returns the time of the catalogue."""
    command = [sys.executable, __file__, "--gather", str(folder), str(count), *formats]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    said = json.loads(out)
    names = " + ".join(("Parquet", *formats))
    print(
        f"{said['rows']:,} rows, {names}: shards joined in {said['joined']:.0f} s, catalogue "
        f"{said['released']:.0f} s ({said['released'] - without:+.0f} s), "
        f"peak {said['peak']:.0f} MB"
    )
    return float(said["released"])


def main() -> None:
    """Make runs up and gather them."""
    if "--make" in sys.argv:
        print(make(Path(sys.argv[2]), int(sys.argv[3])))
        return
    if "--gather" in sys.argv:
        _, _, folder, count, *formats = sys.argv
        gather(Path(folder), int(count), tuple(formats))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clumps", type=int, nargs="?", default=1_000_000)
    given = parser.parse_args()
    for clumps, choices in (
        (given.clumps, [("fits",), ("fits", "votable", "ecsv", "regions")]),
        (min(MOST_ROWS, given.clumps), [("votable",), ("ecsv",), ("regions",)]),
    ):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            # Apart: a process begins with the largest resident set of the one that began it.
            command = [sys.executable, __file__, "--make", folder, str(clumps)]
            count = int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
            print(f"made up {count:,} shards in {time.perf_counter() - start:.0f} s")
            alone = tell(Path(folder), count, ())
            for formats in choices:
                tell(Path(folder), count, formats, alone)


if __name__ == "__main__":
    main()
