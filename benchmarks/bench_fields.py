"""What a run of the shared fields calls good: galaxies and stars of five fields as targets.

Every galaxy of r < 18.5 of the shared fields, and as many of their stars of r = 15 to 18.5, are
fetched and run with default settings. Told: rows by quality, the rows of the documented "sure" cut
and whether one is a star's, and pages of the galaxies with rows of quality 0, to be looked at.

    python benchmarks/bench_fields.py OUT
"""

import argparse
from pathlib import Path

import numpy as np
from astropy.table import Table
from reality import FRAMES, fields, galaxies

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.jobs.fetch import fetch
from clumpscope.jobs.panels import panels
from clumpscope.jobs.run import run
from clumpscope.plot import contact_sheet, save
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

FAINTEST = 18.5
STARS = 10  # a field


def main() -> None:
    """Fetch, run, tell, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    targets = Table(rows=[*galaxies(FAINTEST), *stars()], names=("galaxy_id", "ra", "dec"))
    fetch("sdss", make_targets(targets, "fields"), FRAMES, out / "sample", Recipe())
    sample = Sample.open(out / "sample")
    done = run(out / "sample", out / "run", Recipe())
    store = Run(out / "run")
    clumps = store.read("catalogue")
    flags = plain(sample.hosts, "flags")
    star = flags & int(ClumpFlag.HOST_IS_STAR) > 0
    named = np.array([name.startswith("star") for name in sample.ids])
    print(f"{len(sample)} targets; rows of quality 0, 1, 2: {done.quality}")
    print(f"targets that are stars: {star[named].sum()} of {named.sum()} said to be")
    print(f"galaxies: {star[~named].sum()} of {(~named).sum()} said to be stars")
    sure = (plain(clumps, "clump_label_id") == 1) & (plain(clumps, "quality") == 0)
    sure &= plain(clumps, "p_3pct") > 0.9
    for row in clumps[sure]:
        print("sure:", row["galaxy_id"], row["clump_id"], row["clump_mag_r"])
    good = np.unique(clumps["galaxy_id"][plain(clumps, "quality") == 0].tolist())
    best = clumps[plain(clumps, "quality") == 0]
    print(f"{len(best)} rows of quality 0 in {len(good)} galaxies")
    if len(good):
        save(contact_sheet(panels(sample, best, Recipe(), list(good))), out / "quality0.png")


def stars() -> list[tuple[str, float, float]]:
    """Unsaturated stars of r = 15 to 18.5 of each field."""
    found = []
    r = SDSS_BANDS.index("r")
    for key, bands in fields():
        seen = field_stars(bands)
        magnitude = seen.mag[:, r]
        rows = np.flatnonzero((magnitude > 15) & (magnitude < FAINTEST) & ~seen.saturated)
        for k in rows[:: max(len(rows) // STARS, 1)][:STARS]:
            found.append((f"star-{key.run}-{k}", float(seen.ra[k]), float(seen.dec[k])))
    return found


if __name__ == "__main__":
    main()
