"""`evaluate`: runs against truth, side by side and beside classical finders on the same images."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.printable import printable
from clumpscope.core.schema import plain
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.jobs.baselines import baseline_catalogues, check_finders
from clumpscope.jobs.truths import looked_through, read_truths, with_brightness
from clumpscope.plot import completeness_purity
from clumpscope.stages.evaluate import scores as stage
from clumpscope.stages.evaluate.boxes import boxes_against
from clumpscope.stages.evaluate.halves import other_half_threshold
from clumpscope.stages.evaluate.metrics import metrics
from clumpscope.stages.evaluate.scores import Evaluation, own_threshold
from clumpscope.stages.evaluate.tables import (
    NAMES,
    curves,
    found_table,
    summary,
    truth_table,
)
from clumpscope.store.atomic import atomic
from clumpscope.store.disk import unwritable
from clumpscope.store.json_text import json_of
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.summaries import write_summary
from clumpscope.store.tables import write_parquet

BOOTSTRAPS = 200
BASELINES = ("sep",)
CAPTION = (
    "Completeness by true, purity by measured flux ratio in u, with 68 % intervals. A match is "
    "closer than 0.75 PSF-FWHM; by chance: completeness against truths turned by 180 degrees."
)


@dataclass(frozen=True, eq=False)
class _Claims:
    """One finder's catalogue, the galaxies it looked at, and where its threshold comes from."""

    catalogue: QTable
    galaxies: QTable
    threshold: stage.Choice = own_threshold


def evaluate(
    runs: Sequence[Path],
    truth: Path,
    recipe: Recipe,
    *,
    out: Path | None = None,
    baselines: Sequence[str] = BASELINES,
    bootstraps: int = BOOTSTRAPS,
    workers: Workers = 1,
    progress: Progress = silent,
) -> dict[str, Evaluation]:
    """Evaluate runs over the galaxies that all of them have; write into ``out``.

    Parameters
    ----------
    runs
        Folders; their names are those of the finders.
    truth
        A truth table, or labels; or decisions of `clumpscope vet`, by which galaxies are judged
        that somebody looked through.
    out
        Folder of metrics, tables and figure; ``None``: ``evaluation`` in the run, if there is
        only one.
    baselines
        Classical finders, of `FINDERS`, that look at the same images, each at a score threshold
        that one half of the galaxies chooses for the other. Without any, no image is read, and
        truths have neither signal-to-noise nor contrast.
    bootstraps
        Resamplings of the galaxies for intervals and differences; 0: Wilson's, no differences.

    Returns
    -------
    The evaluations by name of the finder, runs first.

    Raises
    ------
    StoreError, TableError
        If a run, the truth or, where it is needed, the sample cannot be read; several runs
        come without ``out``, or have no galaxy in common.
    ImageError
        If a galaxy has more true clumps than allowed.
    """
    if out is None and len(runs) > 1:
        raise FolderError(expected_got("evaluation of several runs", "a folder --out", "none"))
    folder = out or runs[0] / "evaluation"
    _check_folder(folder)
    stores = dict(zip(_names(runs), map(Run, runs), strict=True))
    first = next(iter(stores.values()))
    _check_samples(runs)
    check_finders(baselines)
    tables = {name: (one.read("catalogue"), one.read("galaxies")) for name, one in stores.items()}
    shared = _shared([galaxies for _, galaxies in tables.values()])
    vetted = looked_through(truth)
    if vetted is not None:
        shared &= vetted
        if not shared:
            raise TableError(expected_got(truth, "a galaxy of the runs that was vetted", "none"))
    finders = {
        name: _Claims(_of(catalogue, shared), _of(galaxies, shared))
        for name, (catalogue, galaxies) in tables.items()
    }
    sample = first.sample() if baselines else _sample(first)
    true, boxes = read_truths(truth, sample, recipe)
    if sample is not None and baselines:
        deadly = first.deadly()
        true = with_brightness(true, sample, recipe, workers, progress, deadly)
        made = baseline_catalogues(
            sample, recipe, baselines, workers=workers, progress=progress, left_out=deadly
        )
        seen = next(iter(finders.values())).galaxies.copy()
        seen["score_threshold"] = 0.0  # the run's is not theirs
        for name, found in made.items():
            while name in finders:
                name = f"classical {name}"  # noqa: PLW2901  (a run may have any name)
            finders[name] = _Claims(_of(found, shared), seen, other_half_threshold)
    hosts = None if sample is None else sample.hosts
    results = {
        name: stage.evaluate(
            one.catalogue,
            one.galaxies,
            true,
            hosts,
            threshold=one.threshold,
            bootstraps=bootstraps,
            seed=recipe.seed,
        )
        for name, one in finders.items()
    }
    precision = {
        name: boxes_against(
            _of(one.read("detections"), shared), _of(boxes, shared), recipe.refine.nms_iou
        )
        for name, one in stores.items()
        if boxes is not None
    }
    _write(folder, results, finders, metrics(results, precision, bootstraps))
    RunManifest(
        command="evaluate",
        recipe=recipe.model_dump(mode="json"),
        inputs={
            **{name: printable(str(one.folder.resolve())) for name, one in stores.items()},
            "truth_sha256": sha256_file(truth),
        },
        model=RunManifest.read(runs[0]).model if len(runs) == 1 else {},
    ).write(folder)
    return results


def _names(runs: Sequence[Path]) -> list[str]:
    """Names of folders; with that of the folder above where two are the same."""
    places = [run.resolve() for run in runs]
    names = [printable(place.name) for place in places]
    if len(set(names)) < len(names):
        names = [printable(f"{place.parent.name}/{place.name}") for place in places]
    if len(set(names)) < len(names):
        raise FolderError(expected_got("runs", "different ones", ", ".join(names)))
    return names


def _check_folder(out: Path) -> None:
    """Check that a folder is new, empty, or that of an earlier evaluation, which is replaced.

    Raises
    ------
    StoreError
        If it is anything else, such as a sample or run.
    """
    if (out / "manifest.json").is_file() and RunManifest.read(out).command == "evaluate":
        return
    try:
        filled = any(out.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(out, error) from error
    if filled:
        what = "a new or empty folder, or that of an evaluation"
        raise FolderError(expected_got(f"output folder {out}", what, "files of something else"))


def _check_samples(runs: Sequence[Path]) -> None:
    """Check that runs are of one sample, or of copies of it: ids of others may be the same.

    Raises
    ------
    TableError
        If they are not.
    """
    first, *others = (RunManifest.read(run).inputs for run in runs)
    for run, inputs in zip(runs[1:], others, strict=True):
        same = (name for name in ("sample", "sample_key") if name in first)
        if not any(inputs.get(name) == first[name] for name in same):
            got = inputs.get("sample", "none")
            raise TableError(expected_got(f"sample of {run}", first.get("sample", "none"), got))


def _shared(galaxies: Sequence[QTable]) -> set[str]:
    """Galaxies of all runs."""
    ids = [set(plain(one, "galaxy_id").astype(str).tolist()) for one in galaxies]
    common = set.intersection(*ids)
    if any(ids) and not common:
        raise TableError(expected_got("runs", "galaxies in common", "none"))
    return common


def _of(table: QTable, ids: Collection[str]) -> QTable:
    """Rows of some galaxies, sorted by galaxy where it has one row for each."""
    names = plain(table, "galaxy_id").astype(str)
    kept = np.flatnonzero(np.isin(names, list(ids)))
    return table[kept[np.argsort(names[kept], kind="stable")]]


def _sample(store: Run) -> Sample | None:
    """The run's sample, if it is still where it was."""
    try:
        return store.sample()
    except FolderError:
        return None


def _write(
    folder: Path,
    results: Mapping[str, Evaluation],
    finders: Mapping[str, _Claims],
    figures: Mapping[str, object],
) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    with atomic(folder / "metrics.json") as temporary:
        temporary.write_text(json_of(figures))
    table = curves(results)
    write_parquet(table, folder / "curves.parquet")
    found = found_table(results, {name: one.catalogue for name, one in finders.items()})
    write_parquet(found, folder / "found.parquet")
    write_parquet(truth_table(results), folder / "truth.parquet")
    write_summary(summary(results), folder, caption=CAPTION)
    ratio = NAMES[next(iter(results.values())).least]
    own = {name: result.at(result.least) for name, result in results.items()}
    completeness_purity(table, ratio, own, folder / "completeness_purity.png")
