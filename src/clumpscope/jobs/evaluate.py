"""Evaluates a run against truth, beside a classical baseline on the same images."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.jobs import work as ledger
from clumpscope.stages.detect.baseline import baseline
from clumpscope.stages.catalogue import catalogue
from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Label
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.stages.evaluate.scores import RATIOS, Evaluation, Share, evaluate
from clumpscope.jobs.work import Work
from clumpscope.stages.measure import measure
from clumpscope.jobs.pipeline import sample_of
from clumpscope.plot import completeness_purity
from clumpscope.stages.refine import refine
from clumpscope.store.atomic import atomic
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample, read_truth
from clumpscope.store.tables import write_parquet

Progress = Callable[[int], None]


def assess(
    run_folder: Path,
    truth_file: Path,
    recipe: Recipe,
    *,
    with_baseline: bool = True,
    progress: Progress = lambda _: None,
) -> dict[str, Evaluation]:
    """Evaluate a run; write metrics, tables and a figure into ``RUN/evaluation``.

    The baseline is cut at the number of clumps of measured ratio >= 3 % that the run has.
    Returns the evaluations by name: "detector" and, with it, "baseline".

    Raises
    ------
    StoreError, TableError
        If run, truth or, for the baseline, the sample cannot be read.
    """
    store = Run(run_folder)
    truth = read_truth(truth_file)
    galaxies, released = store.read("galaxies"), store.read("catalogue")
    results = {"detector": evaluate(released, galaxies, truth)}
    if with_baseline:
        found = baseline_catalogue(sample_of(run_folder), recipe, progress)
        found = _cut(found, claims(released).sum())
        results["baseline"] = evaluate(found, galaxies, truth)
    out = run_folder / "evaluation"
    out.mkdir(exist_ok=True)
    with atomic(out / "metrics.json") as temporary:
        temporary.write_text(
            json.dumps(_finite(metrics(results)), indent=2, allow_nan=False) + "\n"
        )
    table = curves(results)
    write_parquet(table, out / "curves.parquet")
    completeness_purity(table, out / "completeness_purity.png")
    RunManifest(
        command="evaluate",
        recipe=recipe.model_dump(mode="json"),
        inputs={"run": str(run_folder.resolve()), "truth_sha256": sha256_file(truth_file)},
        model=RunManifest.read(run_folder).model,
    ).write(out)
    return results


def baseline_catalogue(sample: Sample, recipe: Recipe, progress: Progress) -> QTable:
    """The baseline's release table: its peaks refined and measured like a detector's boxes."""
    works = []
    for index, galaxy_id in enumerate(sample.ids):
        work = Work(galaxy_id, index)
        with work.attempt("baseline"):
            image = sample.read(index, recipe.detect)
            if isinstance(image, GalaxyImage):
                boxes = baseline(image)
                work.image = image
                work.refined = refine(image, boxes, recipe.refine, 0.0)
                work.photometry = measure(
                    image, work.refined.xy, recipe.measure, work.refined.outline
                )
        works.append(work)
        progress(1)
    tables = ledger.positions_and_photometry(works, recipe)
    return catalogue(tables["photometry"], sample.hosts, recipe.catalogue)


def claims(table: QTable) -> NDArray[np.bool_]:
    """Clumps called normal with a measured ratio of at least 3 %."""
    normal = plain(table, "clump_label_id") == Label.CLUMP
    claimed: NDArray[np.bool_] = normal & (plain(table, "clump_flux_ratio") >= RATIOS[0])
    return claimed


def _cut(table: QTable, wanted: int) -> QTable:
    """The best-scored part of a table that makes ``wanted`` claims."""
    scores = np.sort(plain(table, "clump_score")[claims(table)])[::-1]
    if len(scores) <= wanted or wanted == 0:
        return table
    return table[plain(table, "clump_score") >= scores[wanted - 1]]


def metrics(results: dict[str, Evaluation]) -> dict[str, object]:
    """The figures of each evaluation, ready for JSON."""
    return {
        name: {
            **{
                f"{kind}_{round(100 * ratio)}pct": asdict(getattr(result, attribute)[ratio])
                for ratio in RATIOS
                for kind, attribute in (
                    ("benchmark", "at"),
                    ("any_label", "any_label"),
                    ("chance", "chance"),
                )
            },
            "scatter": result.scatter,
        }
        for name, result in results.items()
    }


def _finite(value: object) -> object:
    """The same with null for what is not a number, as JSON has none."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def curves(results: dict[str, Evaluation]) -> Table:
    """Completeness and purity with intervals against score threshold and flux ratio."""
    rows = []
    for name, result in results.items():
        for threshold, item in result.curve:
            rows.append((name, "score_threshold", threshold, threshold, item))
        for low, high, item in result.bins:
            rows.append((name, "log10_flux_ratio", low, high, item))

    def share(values: list[Share], stem: str) -> dict[str, object]:
        return {
            stem: [value.value for value in values],
            f"{stem}_low": [value.low for value in values],
            f"{stem}_high": [value.high for value in values],
            f"{stem}_n": [value.n for value in values],
        }

    items = [row[4] for row in rows]
    return Table(
        {
            "finder": [row[0] for row in rows],
            "against": [row[1] for row in rows],
            "low": [row[2] for row in rows],
            "high": [row[3] for row in rows],
            **share([item.completeness for item in items], "completeness"),
            **share([item.purity for item in items], "purity"),
            "n_any": [item.completeness.n + item.purity.n for item in items],
        }
    )
