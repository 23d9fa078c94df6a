"""A selection function on galaxies that it was not fitted to: deciles, and corrected numbers.

Fitted to simulated galaxies by recipes/completeness.toml; then, on others of the same kind, of the
survey's own population, and on real hosts with injections (../shared/data), predicted against
observed completeness by decile, and true numbers of ratio >= 3 % against corrected ones: by true
covariates (1 / completeness), and by measured ones with the scatter of fluxes taken out. Found
clumps are those that match a true one.

    python benchmarks/bench_selection.py WORK [--fit N] [--test N] [--workers N]

WORK keeps samples, runs and the file: what is there is not made again.
"""

import argparse
from pathlib import Path

import numpy as np
from reality import frame_cutouts

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.jobs.completeness import completeness, trials_of
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.truths import with_brightness
from clumpscope.models.selection import Selection
from clumpscope.stages.completeness.counts import Counted, clumpy_fraction, corrected_counts
from clumpscope.stages.completeness.fit import Trials, fit
from clumpscope.stages.completeness.validate import deciles
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.matches import matches
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

RECIPES = Path(__file__).parents[1] / "recipes"
LEAST = 0.03
FAINTEST = 17.5  # in r, of real hosts


def tested(what: str, sample: Path, out: Path, selection: Selection, workers: int) -> Trials:
    """Run on a sample, print how predictions hold; its clumps."""
    run(sample, out, Recipe(), resume=True, workers=workers)
    opened, store = Sample.open(sample), Run(out)
    truth = with_brightness(opened.truth(), opened, Recipe(), workers, lambda _: None)
    trials = trials_of(store, opened, truth, store.threshold())
    predicted, _ = selection.true(trials.true)
    table = deciles(predicted, trials.found)
    difference = np.asarray(table["predicted"] - table["observed"])
    print(
        f"{what}: {len(trials.found)} clumps, {np.isfinite(predicted).mean():.3f} in the domain; "
        f"deciles differ by {np.round(difference, 3).tolist()}, at most "
        f"{np.abs(difference).max():.3f}"
    )
    bright = trials.ratio >= LEAST
    held = bright & np.isfinite(predicted)
    by_true = (1 / predicted[held & trials.found]).sum() / held.sum()
    catalogue, galaxies = store.read("catalogue"), store.read("galaxies")
    items = cases(catalogue, galaxies, truth)
    partner = matches(items, Label.CLUMP).of_found
    matched = catalogue[items.found.row[partner >= 0]]
    ids = [str(one) for one in galaxies["galaxy_id"]]
    counted = Counted.of(matched, ids, selection)
    counts = corrected_counts(counted, [LEAST, np.inf], members=20)
    number = bright.sum()
    ratios = [counts[name][0] / number for name in ("measured", "true", "true_err")]
    print(
        f"{what}: of {number} of ratio >= 3 %, by true covariates {by_true:.3f}, by measured ones "
        f"{ratios[0]:.3f}, the scatter taken out {ratios[1]:.3f} +- {ratios[2]:.3f}"
    )
    fraction = clumpy_fraction(counted, LEAST, members=20)
    normal = truth[(truth["label"] == Label.CLUMP) & (plain(truth, "flux_ratio_u") >= LEAST)]
    truly = len(np.unique(normal["galaxy_id"])) / len(galaxies)
    print(
        f"{what}: clumpy fraction {fraction.value:.4f} +- {fraction.error:.4f}, truly {truly:.4f}"
    )
    everything = Counted.of(catalogue, ids, selection)
    claimed = corrected_counts(everything, [LEAST, np.inf], members=0)["true"][0] / number
    print(f"{what}: with what is no clump, {claimed:.3f}")
    return trials


def left_out(sample: Path, out: Path, others: Trials, number: int) -> None:
    """Real hosts by fits to the other three quarters of them, and ``number`` simulated clumps."""
    opened, store = Sample.open(sample), Run(out)
    truth = with_brightness(opened.truth(), opened, Recipe(), 1, lambda _: None)
    trials = trials_of(store, opened, truth, store.threshold())
    rng = np.random.default_rng(0)
    hosts = rng.permutation(np.unique(trials.host))
    chosen = others.where(rng.permutation(len(others.found))[:number])
    held = np.full(len(trials.found), np.nan)
    for part in range(4):
        away = np.isin(trials.host, hosts[part::4])
        both = (trials.where(~away), chosen)
        names = Trials.__dataclass_fields__
        mixed = Trials(*(np.concatenate([getattr(one, name) for one in both]) for name in names))
        held[away] = fit(mixed, members=1).true(trials.true[away])[0]
    table = deciles(held, trials.found)
    difference = np.asarray(table["predicted"] - table["observed"])
    print(
        f"real hosts left out of fits to {len(hosts)} of them and {number} simulated clumps: "
        f"deciles differ by {np.round(difference, 3).tolist()}, at most "
        f"{np.abs(difference).max():.3f}"
    )


def main() -> None:
    """Fit, test, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--fit", type=int, default=1500)
    parser.add_argument("--test", type=int, default=2200)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    work, workers = options.work, options.workers
    flat = load_recipe(RECIPES / "completeness.toml")
    natural = Recipe()

    def sample(name: str, count: int, recipe: Recipe, seed: int, hosts: Path | None = None) -> Path:
        seeded = recipe.model_copy(update={"seed": seed})
        simulate(work / name, count, seeded, workers, hosts=hosts, resume=True)
        return work / name

    file = work / "selection.json"
    fitted_to = sample("fit", options.fit, flat, 701)
    if not file.exists():
        completeness(fitted_to, file, Recipe(), workers=workers)
    selection = Selection.read(file)
    print(f"fitted to: {selection.provenance}")
    real = work / "real"
    if not real.exists():
        frame_cutouts(work, FAINTEST)
    trials = {}
    for what, place in (
        ("others", sample("test", options.test, flat, 702)),
        ("survey", sample("survey", options.test, natural, 703)),
        ("real", sample("injected", 400, flat, 704, real)),
    ):
        trials[what] = tested(what, place, work / f"{what}-run", selection, workers)
    left_out(work / "injected", work / "real-run", trials["others"], 1000)


if __name__ == "__main__":
    main()
