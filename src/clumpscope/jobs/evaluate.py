"""`evaluate`: a run against truth, beside a classical baseline on the same images."""

import json
from collections.abc import Collection
from pathlib import Path

from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import rows_by_id
from clumpscope.engine.local import Progress, silent
from clumpscope.jobs import work as books
from clumpscope.jobs.release import catalogue_of
from clumpscope.jobs.work import Work
from clumpscope.ops.cost import check_boxes, check_measured
from clumpscope.plot import completeness_purity
from clumpscope.stages.detect.baseline import baseline
from clumpscope.stages.evaluate import scores as stage
from clumpscope.stages.evaluate.scores import Evaluation
from clumpscope.stages.evaluate.tables import claims, curves, cut, finite, metrics
from clumpscope.stages.measure import measure
from clumpscope.stages.refine import refine
from clumpscope.store.atomic import atomic
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from clumpscope.store.truth import read_truth


def evaluate(
    run: Path,
    truth: Path,
    recipe: Recipe,
    *,
    with_baseline: bool = True,
    progress: Progress = silent,
) -> dict[str, Evaluation]:
    """Evaluate a run; write metrics, tables and a figure into ``RUN/evaluation``.

    The baseline is cut at the number of clumps of measured ratio >= 3 % that the run has.
    Returns the evaluations by name: "detector" and, with it, "baseline".

    Raises
    ------
    StoreError, TableError
        If run, truth or, for the baseline, the sample cannot be read.
    ImageError
        If a galaxy has more true clumps than allowed.
    """
    store = Run(run)
    true = read_truth(truth)
    for galaxy_id, rows in rows_by_id(true).items():
        check_boxes(f"{truth}: clumps of galaxy {galaxy_id}", len(rows), recipe.limits)
    galaxies, released = store.read("galaxies"), store.read("catalogue")
    results = {"detector": stage.evaluate(released, galaxies, true)}
    if with_baseline:
        found = baseline_catalogue(store.sample(), recipe, progress, store.deadly())
        found = cut(found, claims(released).sum())
        results["baseline"] = stage.evaluate(found, galaxies, true)
    out = run / "evaluation"
    out.mkdir(exist_ok=True)
    with atomic(out / "metrics.json") as temporary:
        temporary.write_text(json.dumps(finite(metrics(results)), indent=2, allow_nan=False) + "\n")
    table = curves(results)
    write_parquet(table, out / "curves.parquet")
    completeness_purity(table, out / "completeness_purity.png")
    RunManifest(
        command="evaluate",
        recipe=recipe.model_dump(mode="json"),
        inputs={"run": str(run.resolve()), "truth_sha256": sha256_file(truth)},
        model=RunManifest.read(run).model,
    ).write(out)
    return results


def baseline_catalogue(
    sample: Sample, recipe: Recipe, progress: Progress, left_out: Collection[str] = ()
) -> QTable:
    """The baseline's release table: its peaks refined and measured like a detector's boxes.

    ``left_out`` are ids of galaxies that are not looked at.
    """
    works = []
    for index, galaxy_id in enumerate(sample.ids):
        progress(1)
        if galaxy_id in left_out:
            continue
        work = Work(galaxy_id, index, seconds=recipe.limits.seconds)
        with work.attempt("baseline"):
            image = sample.read_starred(index, recipe.sample, recipe.limits)
            if isinstance(image, GalaxyImage):
                boxes = baseline(image)
                check_boxes("boxes", len(boxes), recipe.limits)
                work.image = image
                work.refined = refine(image, boxes, recipe.refine, 0.0)
                check_measured(image, len(work.refined), recipe.measure, recipe.limits)
                work.photometry = measure(
                    image, work.refined.xy, recipe.measure, work.refined.outline
                )
        works.append(work)
    tables = books.clumps(works, recipe)
    return catalogue_of(tables["photometry"], sample.hosts, recipe.catalogue)[0]
