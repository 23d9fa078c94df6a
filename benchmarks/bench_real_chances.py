"""Chances to be real on real hosts with injected clumps: predicted and observed, by thirds.

Hosts and injections are those of `bench_hosts.py`. What a host shows before injection is left out,
so that its own clumps, of which nobody knows which are real, do not count.

    python benchmarks/bench_real_chances.py [MODEL] [--galaxies N]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from bench_hosts import CLUMPS, FAINTEST, FIELD, without
from reality import frame_cutouts

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import RefineConfig
from clumpscope.config.simulate import SimulateConfig
from clumpscope.core.schema import plain
from clumpscope.engine.local import default_workers
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.models.registry import find_model
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.matches import matches
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

LOWEST = 0.05


def main() -> None:
    """Inject, run with a low threshold, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--galaxies", type=int, default=300)
    options = parser.parse_args()
    work, model = Path(tempfile.mkdtemp()), str(find_model(options.model))
    hosts = frame_cutouts(work, FAINTEST, FIELD)
    injected = work / "injected"
    injections = Recipe(seed=78, simulate=SimulateConfig(clumps=CLUMPS))
    simulate(injected, options.galaxies, injections, default_workers(), hosts=hosts.folder)
    low = Recipe(refine=RefineConfig(score_threshold=LOWEST))
    runs = {}
    for name, sample in (("bare", hosts.folder), ("run", injected)):
        run(sample, work / name, low, model=model, workers=default_workers())
        runs[name] = Run(work / name)
    galaxies = runs["run"].read("galaxies")
    width = plain(galaxies, "psf_fwhm_r") / plain(galaxies, "pixscale_arcsec")
    fwhm = dict(zip(map(str, galaxies["galaxy_id"]), width.tolist(), strict=True))
    found = without(runs["run"].read("catalogue"), runs["bare"].read("catalogue"), fwhm)
    items = cases(found, galaxies, Sample.open(injected).truth())
    real = matches(items).real(items)
    chance = plain(found, "p_real")[items.found.row]
    known = np.isfinite(chance)
    print(f"{known.sum()} of {len(known)} new candidates have a chance to be real")
    order = np.argsort(chance[known])
    for name, rows in zip(("lowest", "middle", "highest"), np.array_split(order, 3), strict=True):
        predicted, observed = chance[known][rows].mean(), real[known][rows].mean()
        print(
            f"{name} third, {len(rows)}: predicted {predicted:.3f}, observed {observed:.3f}, "
            f"difference {predicted - observed:+.3f}"
        )


if __name__ == "__main__":
    main()
