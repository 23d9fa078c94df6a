"""Seconds that questions to ten million clumps take: those of docs/catalogue_at_scale.md.

    python benchmarks/bench_queries.py [CLUMPS]

Makes up a host table and a catalogue of a release's columns, three clumps a galaxy.
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from clumpscope.core.clumps import clump_table
from clumpscope.core.records import HOSTS, record_table
from clumpscope.store.tables import as_arrow, write_parquet, write_row_groups

PAGE = Path(__file__).parents[1] / "docs" / "catalogue_at_scale.md"
MEAN, PART = 3, 30_000


def make(folder: Path, clumps: int) -> None:
    """Write a sample's hosts and a run's catalogue."""
    rng = np.random.default_rng(1)
    galaxies = clumps // MEAN
    ids = np.array([f"588017703{k:09d}" for k in range(galaxies)])
    hosts = {
        "galaxy_id": ids,
        "ra": rng.uniform(0, 360, galaxies),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, galaxies))),
        "redshift": rng.uniform(0.01, 0.3, galaxies),
    }
    (folder / "sample").mkdir()
    (folder / "run").mkdir()
    write_parquet(record_table(HOSTS, hosts), folder / "sample" / "hosts.parquet")

    def parts() -> Iterator[pa.Table]:
        for start in range(0, galaxies, PART // MEAN):
            some = slice(start, start + PART // MEAN)
            mine = np.repeat(ids[some], MEAN)
            n = len(mine)
            columns = {
                "galaxy_id": mine,
                "clump_id": np.resize(np.arange(1, MEAN + 1), n),
                "clump_label_id": rng.integers(1, 3, n),
                "quality": rng.integers(0, 3, n),
                "clump_flux_ratio": rng.exponential(0.05, n),
                "clump_mag_corr_g_r": rng.normal(0.3, 0.3, n),
                "clump_centre_ra": np.repeat(hosts["ra"][some], MEAN),
                "clump_centre_dec": np.repeat(hosts["dec"][some], MEAN),
            }
            yield as_arrow(clump_table("release", columns))

    write_row_groups(parts(), folder / "run" / "catalogue.parquet")


def main() -> None:
    """Make them up, ask, and print."""
    clumps = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    questions = re.findall(r'duckdb\.sql\("""(.*?)"""\)', PAGE.read_text(), re.DOTALL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        make(folder, clumps)
        size = (folder / "run" / "catalogue.parquet").stat().st_size / 1e9
        print(f"made up {clumps:,} clumps, {size:.1f} GB: {time.perf_counter() - start:.0f} s")
        for question in questions:
            words = question
            for place in ("run/", "sample/"):
                words = words.replace(f"'{place}", f"'{folder}/{place}")
            start = time.perf_counter()
            rows = len(duckdb.sql(words).fetchall())
            first = " ".join(question.split())[:60]
            print(f"{time.perf_counter() - start:.1f} s, {rows:,} rows: {first} ...")


if __name__ == "__main__":
    main()
