"""Chances to be real on real hosts with injected clumps: predicted and observed, by thirds.

Hosts are those of `bench_hosts.py`; clumps are injected as often and as bright as in the survey
that the default model is calibrated on. What the model claims on a host as it is, at its own
threshold, may be the host's own clump: nobody knows, and it is left out. What scores less there is
taken to be none. Beside it, everything that the bare host shows left out, so that what is new is
mostly real: what another population does to a calibration.

    python benchmarks/bench_real_chances.py [MODEL] [--galaxies N]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from astropy.table import QTable
from bench_hosts import FAINTEST, FIELD, without
from reality import frame_cutouts

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import RefineConfig
from clumpscope.core.schema import plain
from clumpscope.engine.local import default_workers
from clumpscope.jobs.pipeline import threshold_of
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.models.header import read_spec
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
    simulate(injected, options.galaxies, Recipe(seed=78), default_workers(), hosts=hosts.folder)
    low = Recipe(refine=RefineConfig(score_threshold=LOWEST))
    runs = {}
    for name, sample in (("bare", hosts.folder), ("run", injected)):
        run(sample, work / name, low, model=model, workers=default_workers())
        runs[name] = Run(work / name)
    galaxies = runs["run"].read("galaxies")
    width = plain(galaxies, "psf_fwhm_r") / plain(galaxies, "pixscale_arcsec")
    fwhm = dict(zip(map(str, galaxies["galaxy_id"]), width.tolist(), strict=True))
    bare, every = (runs[name].read("catalogue") for name in ("bare", "run"))
    own = bare[plain(bare, "clump_score") >= threshold_of(read_spec(Path(model)), Recipe())]
    truth = Sample.open(injected).truth()
    for what, known in (("without claims on the bare host", own), ("only what is new", bare)):
        thirds(what, without(every, known, fwhm), galaxies, truth)


def thirds(what: str, found: QTable, galaxies: QTable, truth: QTable) -> None:
    """Print predicted and observed shares of real ones in thirds of the prediction."""
    items = cases(found, galaxies, truth)
    real = matches(items).real(items)
    chance = plain(found, "p_real")[items.found.row]
    known = np.isfinite(chance)
    print(f"{what}: {known.sum()} of {len(known)} candidates have a chance to be real")
    order = np.argsort(chance[known])
    for name, rows in zip(("lowest", "middle", "highest"), np.array_split(order, 3), strict=True):
        predicted, observed = chance[known][rows].mean(), real[known][rows].mean()
        print(
            f"  {name} third, {len(rows)}: predicted {predicted:.3f}, observed {observed:.3f}, "
            f"difference {predicted - observed:+.3f}"
        )


if __name__ == "__main__":
    main()
