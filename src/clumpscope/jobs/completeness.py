"""`completeness`: a model's selection function, from a sample whose clumps are known."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

import clumpscope
from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Label
from clumpscope.core.printable import printable
from clumpscope.core.schema import plain
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.jobs.pipeline import finish, make_plan, summary, sweep
from clumpscope.jobs.release import made_with, release
from clumpscope.jobs.truths import with_brightness
from clumpscope.models.selection import Selection
from clumpscope.plot.completeness import completeness_figure
from clumpscope.stages.completeness.covariates import covariates, of_catalogue, surroundings
from clumpscope.stages.completeness.fit import Fitted, Trials, fit
from clumpscope.stages.completeness.validate import deciles
from clumpscope.stages.evaluate.about import with_covariates
from clumpscope.stages.evaluate.cases import cases, index_of
from clumpscope.stages.evaluate.matches import matches
from clumpscope.store.atomic import new_file
from clumpscope.store.manifest import RunManifest
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Done:
    """What was made.

    Attributes
    ----------
    selection
        As it was written.
    fitted
        The fits behind it.
    deciles
        Predicted and observed completeness of hosts left out, a row a decile.
    figure
        Where it is drawn.
    """

    selection: Selection
    fitted: Fitted
    deciles: Table
    figure: Path


def completeness(
    sample: Path,
    out: Path,
    recipe: Recipe,
    *,
    model: str | None = None,
    run: Path | None = None,
    workers: Workers = 1,
    progress: Progress = silent,
) -> Done:
    """Fit the selection function of a model on a sample with truth; writes ``out`` and a figure.

    Parameters
    ----------
    sample
        With truth: simulated, or with injected clumps, whose hosts are then kept together.
    out
        New JSON file; the figure lies beside it. So does the run on the sample, unless one is
        given; if it is there from before it is gone on with.
    model
        Name or file; ``None``: the packaged one.
    run
        A run of this model and recipe on the sample. It may have been made at a lower score
        threshold, below which its clumps do not count then.
    progress
        Is told of the sample's galaxies, once as they are run on and once as they are read.

    Raises
    ------
    StoreError, TableError, ModelError, RecipeError
        If sample, truth, run or model cannot be used, or there are too few clumps.
    """
    if out.suffix != ".json":
        raise FolderError(expected_got("--out", "a name that ends in .json", out.name))
    figure = out.with_suffix(".png")
    for path in (out, figure):
        new_file(path)
    opened = Sample.open(sample)
    if not (sample / "truth.parquet").is_file():
        hint = "make the sample with simulate, or simulate --hosts"
        raise TableError(expected_got(f"sample {sample}", "truth.parquet", "none", hint))
    truth = opened.truth()
    plan = make_plan(opened, recipe, model, "catalogue")
    made = made_with(plan.model_key, plan.threshold, plan.recipe)
    if run is None:
        start, store = time.monotonic(), Run(out.with_suffix(".run"))
        with output(store.folder, plan.key, resume=True) as place:
            if place.finished:
                progress(len(opened))
            else:
                sweep(plan, store, len(opened), workers, progress, apart=place.died)
                release(store, opened.hosts, recipe.catalogue, plan.calibrations)
                finish(plan, place, summary(store, time.monotonic() - start))
    else:
        store = Run(run)
        _check(store, opened, made)
        progress(len(opened))
    truth = with_brightness(truth, opened, recipe, workers, progress, store.deadly())
    trials = trials_of(store, opened, truth, plan.threshold)
    fitted = fit(trials, members=recipe.completeness.members, seed=recipe.seed)
    table = deciles(fitted.held_out, fitted.trials.found)
    selection = Selection(
        fitted.true,
        fitted.measured,
        fitted.place,
        fitted.scatter,
        made,
        _provenance(sample, plan.model.name, fitted, table),
    )
    selection.write(out)
    completeness_figure(selection, fitted.trials, table, figure)
    return Done(selection, fitted, table, figure)


def trials_of(store: Run, sample: Sample, truth: QTable, threshold: float) -> Trials:
    """The sample's normal clumps, which of them a run has found as such, and how measured.

    Those of galaxies that failed are left out.

    Parameters
    ----------
    truth
        With ``snr`` and ``contrast``.
    threshold
        Lowest score that counts.
    """
    catalogue, galaxies = store.read("catalogue"), store.read("galaxies")
    catalogue = catalogue[plain(catalogue, "clump_score") >= threshold]
    galaxies = galaxies[np.asarray(galaxies["status"]) == "ok"]
    items = with_covariates(cases(catalogue, galaxies, truth), catalogue, galaxies, sample.hosts)
    partner = matches(items, Label.CLUMP).of_truth
    normal = np.flatnonzero(items.truth.label == Label.CLUMP)
    points, partner = items.truth.where(normal), partner[normal]
    about = points.about
    if "snr" not in about or not np.isfinite(about["snr"]).any():
        raise TableError(expected_got("truth", "fluxes in g and images of that band", "none"))
    row = np.append(items.found.row, -1)[partner]
    hosts = np.array(sample.host_ids, dtype=str)
    place = index_of(QTable({"galaxy_id": items.ids}), np.array(sample.ids, dtype=str))

    def of_row(values: Values) -> Values:
        blank = np.full((1, *values.shape[1:]), np.nan)
        known: Values = np.concatenate([values, blank])[row]
        return known

    return Trials(
        hosts[place[points.galaxy]],
        partner >= 0,
        covariates(
            points.ratio,
            about["snr"],
            about["contrast"],
            about["radius_r90"],
            about["psf_fwhm_arcsec"],
        ),
        of_row(of_catalogue(catalogue)),
        of_row(surroundings(catalogue)),
        points.ratio,
        *(
            of_row(plain(catalogue, name).astype(float))
            for name in ("clump_flux_ratio", "clump_flux_ratio_err")
        ),
    )


def _check(store: Run, sample: Sample, made: dict[str, Any]) -> None:
    """See that a run is one of the model and settings on the sample."""
    manifest = RunManifest.read(store.folder)
    threshold = store.threshold()
    lowest = min(threshold, float(made["threshold"]))
    theirs = made_with(str(manifest.model.get("sha256")), lowest, store.recipe())
    if theirs["model"] != made["model"]:
        wanted = f"one of the model {made['model'][:12]}"
        raise FolderError(expected_got(f"run {store.folder}", wanted, f"{theirs['model'][:12]}"))
    for name in ("detect", "refine", "measure"):
        if theirs[name] != made[name]:
            raise FolderError(
                expected_got(f"run {store.folder}", f"[{name}] of the recipe", "another")
            )
    if threshold > float(made["threshold"]):
        wanted = f"a score threshold of {made['threshold']} or less"
        raise FolderError(expected_got(f"run {store.folder}", wanted, threshold))
    if manifest.inputs.get("sample_key") != sample.fingerprint():
        got = printable(manifest.inputs.get("sample", "another"))
        raise FolderError(expected_got(f"run {store.folder}", f"one on {sample.folder}", got))


def _provenance(sample: Path, model: str, fitted: Fitted, table: Table) -> dict[str, Any]:
    used = fitted.trials
    return {
        "clumpscope": clumpscope.__version__,
        "model": model,
        "sample": printable(sample.resolve().name),
        "clumps": len(used.found),
        "found": int(used.found.sum()),
        "hosts": len(np.unique(used.host)),
        "log_loss": fitted.loss,
        "log_loss_boosted": fitted.loss_boosted,
        "largest_decile_difference": float(np.abs(table["predicted"] - table["observed"]).max()),
    }
