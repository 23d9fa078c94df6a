"""The paper's method from images to catalogue: detect → refine → measure → catalogue.

Galaxies go through in shards; a shard's batches, and so its results, do not depend on how
many processes there are. What fails for one galaxy becomes a row of the failures.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.table import QTable
from pydantic import ValidationError

from clumpscope.jobs import work as ledger
from clumpscope.stages.catalogue import catalogue
from clumpscope.config.recipe import CatalogueConfig, Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import composite
from clumpscope.core.conditions import Conditions
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.core.records import FAILURES, record_table
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.stages.detect.detect import detect
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.models.spec import TrainingRange
from clumpscope.engine.local import ordered_map, shards
from clumpscope.errors import (ClumpscopeError, FolderError, RecipeError, TableError, expected_got)
from clumpscope.jobs.work import Image, Work
from clumpscope.stages.measure import (Coords, Photometry, UserPositions, measure, measure_positions)
from clumpscope.ops.extinction import ebv
from clumpscope.stages.refine import Refined, refine
from clumpscope.store.formats import write_formats
from clumpscope.store.manifest import RunManifest, sha256_file, sha256_json
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample, require_galaxy
from clumpscope.store.tables import read_user_table, write_fits, write_parquet

if TYPE_CHECKING:
    from clumpscope.detector.predict import Detector

Progress = Callable[[int], None]

SHARD = 32


@dataclass(frozen=True)
class Summary:
    """What a run did."""

    galaxies: int
    failed: int
    detections: int
    normal: int
    odd: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What every shard of a run needs to know."""

    sample: Path
    out: Path
    model: Path
    recipe: Recipe
    threshold: float
    until: str  # the last stage: "detect" or "catalogue"


def process(sample: Sample, indices: Sequence[int], plan: Plan) -> list[Work]:
    """Take some galaxies through the stages: this is the method."""
    recipe, finder = plan.recipe, _detector(plan.model, plan.recipe.detect.score_floor)
    works = [Work(sample.ids[index], index) for index in indices]
    for work in works:
        with work.attempt("read"):
            work.image = sample.read(work.index, recipe.detect)
            work.composite = composite(work.image, finder.spec.composite)
            work.flags = _out_of_range(work.image, finder.spec.trained_on)
    seen = [(work, work.composite) for work in works if work.composite is not None]
    found = detect(finder, [image for _, image in seen], recipe.detect.batch_size)
    for (work, _), boxes in zip(seen, found, strict=True):
        work.boxes = boxes
        if plan.until == "detect" or work.image is None:
            continue
        with work.attempt("refine"):
            work.refined = refine(work.image, boxes, recipe.refine, plan.threshold)
            with work.attempt("measure"):
                work.photometry = _measured(work.image, work.refined, recipe)
    return works


def _out_of_range(image: Image, trained_on: TrainingRange) -> int:
    """Flag of a galaxy unlike those that the model was trained on."""
    return 0 if trained_on.holds(Conditions.of(image)) else int(ClumpFlag.OUT_OF_RANGE)


def _measured(image: Image, refined: Refined, recipe: Recipe) -> Photometry:
    if isinstance(image, ColourImage):
        return Photometry.unmeasured(image.galaxy_id, len(refined), recipe.measure.bands)
    return measure(image, refined.xy, recipe.measure, refined.outline)


def run(
    sample_folder: Path,
    out: Path,
    recipe: Recipe,
    *,
    model: str | None = None,
    until: str = "catalogue",
    resume: bool = False,
    workers: int = 1,
    progress: Progress = lambda _: None,
) -> Summary:
    """Take every galaxy of a sample through the stages into a run directory.

    ``until="detect"`` stops after the first stage. ``progress`` is told how many galaxies
    have been added.

    Raises
    ------
    StoreError, TableError, ModelError
        If the sample, the output folder or the model cannot be used.
    RecipeError
        If the recipe's composite is not the model's, or its dust maps are missing.
    """
    start = time.monotonic()
    # A sample or model may have changed since another run of this process.
    _sample.cache_clear()
    _detector.cache_clear()
    sample = Sample.open(sample_folder)
    plan = _plan(sample_folder, out, recipe, model, until)
    if recipe.catalogue.dust_map is not None:
        # Missing maps shall stop the run now and not after hours.
        ebv(sample.hosts["ra"].value, sample.hosts["dec"].value, Path(recipe.catalogue.dust_map))
    key = {
        "recipe": sha256_json([recipe.model_dump(mode="json", exclude={"catalogue"}), until]),
        "model": sha256_file(plan.model),
        "sample": sample.fingerprint(),
    }
    store = Run.create(out, key, resume=resume)
    parts = shards(range(len(sample)), SHARD)
    todo = [(number, part) for number, part in enumerate(parts) if not store.has(number)]
    progress(len(sample) - sum(len(part) for _, part in todo))
    for done in ordered_map(partial(_run_shard, plan), todo, min(workers, len(todo))):
        progress(done)
    names = ["detections", "galaxies", "failures"]
    names += ["positions", "photometry"] if until == "catalogue" else []
    tables = {name: store.gather(name, len(parts)) for name in names}
    for name, table in tables.items():
        store.write(name, table)
    if until == "catalogue":
        released = catalogue(tables["photometry"], sample.hosts, recipe.catalogue)
        write_catalogue(store, released, recipe.catalogue)
    summary = _summary(tables, time.monotonic() - start)
    _manifest(plan, key, summary).write(out)
    store.close()
    return summary


def _plan(sample: Path, out: Path, recipe: Recipe, model: str | None, until: str) -> Plan:
    path = find_model(model)
    spec = read_spec(path)
    if "composite" in recipe.model_fields_set and recipe.composite != spec.composite:
        raise RecipeError(
            expected_got(f"[composite], model {spec.name}", spec.composite, recipe.composite)
        )
    chosen = recipe.refine.score_threshold
    threshold = spec.score_threshold if chosen is None else chosen
    return Plan(sample, out, path, recipe, threshold, until)


def _run_shard(plan: Plan, task: tuple[int, Sequence[int]]) -> int:
    """Compute and write one shard; returns its number of galaxies."""
    number, indices = task
    sample = _sample(plan.sample)
    works = process(sample, indices, plan)
    tables = ledger.tables(works, sample, plan.recipe, plan.threshold)
    Run(plan.out).write_shard(number, tables)
    return len(indices)


@lru_cache(maxsize=1)
def _sample(folder: Path) -> Sample:
    return Sample.open(folder)


@lru_cache(maxsize=1)
def _detector(model: Path, score_floor: float) -> "Detector":
    from clumpscope.detector.predict import Detector, single_thread

    single_thread()
    return Detector.load(model, score_floor)


def _manifest(plan: Plan, key: dict[str, str], summary: Summary) -> RunManifest:
    return RunManifest(
        command="detect" if plan.until == "detect" else "run",
        recipe=plan.recipe.model_dump(mode="json"),
        seed=plan.recipe.seed,
        inputs={"sample": str(plan.sample.resolve()), "sample_key": key["sample"]},
        model={"file": plan.model.name, "sha256": key["model"], "threshold": plan.threshold},
        counts={"galaxies": summary.galaxies, "failed": summary.failed},
        timings={"seconds": summary.seconds},
    )


def _summary(tables: dict[str, QTable], seconds: float) -> Summary:
    galaxies = tables["galaxies"]
    normal = int(np.sum(plain(galaxies, "n_normal")))
    return Summary(
        galaxies=len(galaxies),
        failed=int(np.sum(np.asarray(galaxies["status"]) == "failed")),
        detections=len(tables["detections"]),
        normal=normal,
        odd=int(np.sum(plain(galaxies, "n_clumps"))) - normal,
        seconds=seconds,
    )


def write_catalogue(store: Run, table: QTable, config: CatalogueConfig) -> None:
    """Write a release table as Parquet and in the recipe's formats."""
    store.write("catalogue", table)
    write_formats(table, store.folder, "catalogue", config.formats)


def sample_of(run_folder: Path) -> Sample:
    """The sample that a run was made from.

    Raises
    ------
    StoreError
        If the run's manifest is missing or the sample has moved.
    """
    place = RunManifest.read(run_folder).inputs.get("sample", "")
    if not place or not Path(place).is_dir():
        raise FolderError(expected_got(f"run {run_folder}", "its sample where it was", place))
    return Sample.open(Path(place))


def refine_run(run_folder: Path, recipe: Recipe, progress: Progress = lambda _: None) -> int:
    """Refine a run's detections anew into ``positions.parquet``; returns the number of clumps.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read.
    """
    store, sample = Run(run_folder), sample_of(run_folder)
    found = boxes_by_galaxy(store.read("detections"))
    threshold = recipe.refine.score_threshold
    if threshold is None:
        threshold = float(RunManifest.read(run_folder).model["threshold"])
    before, known = store.read("failures"), store.read("galaxies")
    # Only the run knew the model.
    kept = plain(known, "flags").astype(int) & int(ClumpFlag.OUT_OF_RANGE)
    of_model = dict(zip(plain(known, "galaxy_id").astype(str), kept.tolist(), strict=True))
    failed = {str(row["galaxy_id"]): (str(row["stage"]), str(row["error"])) for row in before}
    works = []
    for index, galaxy_id in enumerate(sample.ids):
        boxes = found.get(galaxy_id, Boxes.empty())
        work = Work(galaxy_id, index, boxes=boxes, flags=of_model.get(galaxy_id, 0))
        if failed.get(galaxy_id, ("refine", ""))[0] != "refine":
            work.error = failed[galaxy_id]  # of another stage: still true
        with work.attempt("read"):
            work.image = sample.read(index, recipe.detect)
        if work.image is not None:
            with work.attempt("refine"):
                work.refined = refine(work.image, work.boxes, recipe.refine, threshold)
        works.append(work)
        progress(1)
    tables = ledger.positions_and_photometry(works, recipe)
    store.write("positions", tables["positions"])
    store.write("galaxies", ledger.galaxies(works, sample, threshold))
    store.write("failures", ledger.failures(works))
    _note(run_folder, recipe)
    return len(tables["positions"])


def catalogue_run(run_folder: Path, recipe: Recipe) -> int:
    """Make a run's catalogue anew from its photometry; returns the number of clumps.

    Raises
    ------
    StoreError, TableError
        If the run or its sample cannot be read.
    """
    store = Run(run_folder)
    table = catalogue(store.read("photometry"), sample_of(run_folder).hosts, recipe.catalogue)
    write_catalogue(store, table, recipe.catalogue)
    _note(run_folder, recipe)
    return len(table)


def recipe_of(run_folder: Path) -> Recipe:
    """The recipe that a run was made with.

    Raises
    ------
    FolderError
        If the folder is no run, or one of another version.
    """
    try:
        return Recipe.model_validate(RunManifest.read(run_folder).recipe)
    except ValidationError as error:
        raise FolderError(
            f"run {run_folder}: its recipe is not of this version: {error}"
        ) from error


def _note(run_folder: Path, recipe: Recipe) -> None:
    """Keep in the manifest with which recipe a stage was done anew."""
    manifest = RunManifest.read(run_folder)
    replace(manifest, recipe=recipe.model_dump(mode="json")).write(run_folder)


def boxes_by_galaxy(detections: QTable) -> dict[str, Boxes]:
    """Boxes of each galaxy of a detections table, as fractions of the stored array."""
    columns = {
        name: plain(detections, name)
        for name in ("x1", "y1", "x2", "y2", "label", "score", "p_background", "p_clump", "p_odd")
    }
    box = np.column_stack([columns[name] for name in ("x1", "y1", "x2", "y2")])
    vector = np.column_stack([columns[name] for name in ("p_background", "p_clump", "p_odd")])
    return {
        galaxy_id: Boxes.of(box[rows], columns["label"][rows], columns["score"][rows], vector[rows])
        for galaxy_id, rows in rows_by_id(detections).items()
    }


def _failures_of(out: Path) -> Path:
    return out.with_name(f"{out.stem}-failures.parquet")


def measure_file(
    sample_folder: Path, positions: Path, out: Path, recipe: Recipe, coords: Coords | None = None
) -> tuple[int, dict[str, str]]:
    """Measure a user's positions; writes ``out`` (Parquet or FITS) and, if any, the failures.

    Returns the number of measured positions and the error of each galaxy that failed; these go
    to ``<out>-failures.parquet``, too.

    Raises
    ------
    StoreError, TableError
        If sample or positions cannot be used, none could be measured, or ``out`` has another
        suffix.
    """
    writers = {".parquet": write_parquet, ".fits": write_fits}
    if out.suffix not in writers:
        raise TableError(expected_got("--out", " or ".join(writers), out.name))
    sample = Sample.open(sample_folder)
    wanted = UserPositions.of(read_user_table(positions))
    failed: dict[str, str] = {}

    def images() -> Iterator[GalaxyImage]:
        unknown = set(wanted.galaxy_id.tolist()) - set(sample.ids)
        failed.update(dict.fromkeys(sorted(unknown), f"not a galaxy of {sample_folder}"))
        for index, galaxy_id in enumerate(sample.ids):
            if len(wanted.rows(galaxy_id)):
                try:
                    yield require_galaxy(sample.read(index, recipe.detect))
                except ClumpscopeError as error:
                    failed[galaxy_id] = str(error)

    table = measure_positions(
        wanted,
        images(),
        recipe.measure,
        recipe.refine,
        coords,
        failed=lambda galaxy_id, error: failed.update({galaxy_id: str(error)}),
    )
    if not len(table):
        raise TableError(expected_got(positions, "a position that can be measured", failed))
    writers[out.suffix](table, out)
    if failed:
        rows = {
            "galaxy_id": list(failed),
            "stage": ["measure"] * len(failed),
            "error": list(failed.values()),
        }
        write_parquet(record_table(FAILURES, rows), _failures_of(out))
    return len(table), failed
