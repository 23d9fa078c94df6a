"""Clumps injected into real galaxies and into simulated ones of the same brightness.

Real hosts are the galaxies of one shared frame (kept from training) brighter than
r = 17.5, as Clump Scout's are, beside simulated hosts without clumps. What the model claims on a
host as it is, its own clumps and neighbours, is taken from what it claims after injection.
Completeness and purity by the benchmark definition, and completeness by signal-to-noise in g,
beside a classical finder with as many new claims.

    python benchmarks/bench_hosts.py [MODEL] [--galaxies N]
"""

import argparse
import tempfile
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from astropy.table import QTable
from bench_completeness import describe
from reality import frame_cutouts
from scipy.spatial.distance import cdist

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import SampleConfig
from clumpscope.config.simulate import ClumpsConfig, HostsConfig, SimulateConfig
from clumpscope.core.boxes import Label
from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.engine.local import default_workers, silent
from clumpscope.jobs.baselines import baseline_catalogues
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.models.registry import find_model
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.matching import MATCH_RADIUS_FWHM
from clumpscope.stages.evaluate.scores import evaluate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

FIELD = "003184-2-0169"
FAINTEST = 17.5
CLUMPS = ClumpsConfig(clumpless_share=0.0)
BARE = SimulateConfig(
    hosts=HostsConfig(r_mag=(15.4, FAINTEST)), clumps=ClumpsConfig(clumpless_share=1.0)
)
SNR = (0.0, 5.0, 10.0, 20.0, np.inf)


def claims(table: QTable) -> np.ndarray:
    """Clumps called normal with a measured ratio of at least 3 %."""
    normal = plain(table, "clump_label_id") == Label.CLUMP
    return normal & (plain(table, "clump_flux_ratio") >= RATIOS["3pct"])


def claims_of(sample: Path, out: Path, model: str) -> tuple[QTable, QTable]:
    """Catalogue and galaxies of a run at the model's own threshold."""
    run(sample, out, Recipe(), model=model, workers=default_workers())
    done = Run(out)
    return done.read("catalogue"), done.read("galaxies")


def without(catalogue: QTable, before: QTable, fwhm: dict[str, float]) -> QTable:
    """A catalogue less what lies where ``before``, of the same hosts, has something."""
    xy, old = (
        np.column_stack([plain(table, f"clump_centre_px_{axis}") for axis in "xy"])
        for table in (catalogue, before)
    )
    there = rows_by_id(before)
    keep = np.ones(len(catalogue), dtype=bool)
    for name, rows in rows_by_id(catalogue).items():
        mine = there.get(name.split(".")[0])
        if mine is not None:
            apart = cdist(xy[rows], old[mine]).min(axis=1)
            keep[rows] = apart > MATCH_RADIUS_FWHM * fwhm[name]
    return catalogue[keep]


def signal_to_noise(sample: Sample, truth: QTable) -> np.ndarray:
    """(n,) of truths in g, for the PSF over the light beneath."""
    x, y, flux = (plain(truth, name) for name in ("x", "y", "flux_g"))
    rows_of, snr = rows_by_id(truth), np.zeros(len(truth))
    for index, name in enumerate(sample.ids):
        rows = rows_of.get(name)
        if rows is None:
            continue
        image = sample.read(index, SampleConfig())
        plane = image["g"]
        sigma = psf_fwhm_px(image, "g") / gaussian_sigma_to_fwhm
        ny, nx = plane.data.shape
        at = (
            np.clip(np.rint(y[rows]).astype(int), 0, ny - 1),
            np.clip(np.rint(x[rows]).astype(int), 0, nx - 1),
        )
        snr[rows] = flux[rows] / np.sqrt(4 * np.pi * sigma**2 * plane.variance[at])
    return snr


def as_many(table: QTable, before: QTable, fwhm: dict[str, float], wanted: int) -> QTable:
    """What is new in ``table`` at the score, the same for both tables, of ``wanted`` claims."""

    def new(score: float) -> QTable:
        above = (one[plain(one, "clump_score") >= score] for one in (table, before))
        return without(*above, fwhm)

    scores = np.sort(plain(table, "clump_score")[claims(table)])[::-1].tolist()
    k = bisect_left(range(len(scores)), wanted, key=lambda k: int(claims(new(scores[k])).sum()))
    return new(scores[min(k, len(scores) - 1)])


def report(what: str, hosts: Path, work: Path, model: str, galaxies: int) -> None:
    """Inject, run, print."""
    injected = work / f"injected-{what}"
    recipe = Recipe(seed=77, simulate=SimulateConfig(clumps=CLUMPS))
    simulate(injected, galaxies, recipe, default_workers(), hosts=hosts)
    sample = Sample.open(injected)
    bare, _ = claims_of(hosts, work / f"bare-{what}", model)
    found, about = claims_of(injected, work / f"run-{what}", model)
    width = plain(about, "psf_fwhm_r") / plain(about, "pixscale_arcsec")
    fwhm = dict(zip(map(str, about["galaxy_id"]), width.tolist(), strict=True))
    truth = sample.truth()
    truth = truth[plain(truth, "label") == Label.CLUMP]
    ours = without(found, bare, fwhm)
    print(f"{what}: {len(found) - len(ours)} of {len(found)} boxes were there before")
    sep, sep_bare = (
        baseline_catalogues(one, Recipe(), ["sep"], workers=default_workers(), progress=silent)[
            "sep"
        ]
        for one in (sample, Sample.open(hosts))
    )
    theirs = as_many(sep, sep_bare, fwhm, int(claims(ours).sum()))
    snr = signal_to_noise(sample, truth)
    for name, table in (("model", ours), ("SEP", theirs)):
        describe(f"{what} {name}", evaluate(table, about, truth))
        for low, high in pairwise(SNR):
            part = truth[(snr >= low) & (snr < high)]
            c = evaluate(table, about, part).at(0.03).completeness
            print(
                f"{what} {name} >= 3 %, S/N in g {low:g} to {high:g}: completeness "
                f"{c.value:.3f} ({c.low:.3f}-{c.high:.3f}) of {c.n}"
            )


def main() -> None:
    """Real hosts, then simulated ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--galaxies", type=int, default=240)
    options = parser.parse_args()
    model = str(find_model(options.model))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        real = frame_cutouts(work / "frames", FAINTEST, FIELD).folder
        simulated = work / "simulated"
        simulate(simulated, 60, Recipe(seed=78, simulate=BARE), default_workers())
        for what, hosts in (("real", real), ("simulated", simulated)):
            report(what, hosts, work, model, options.galaxies)


if __name__ == "__main__":
    main()
