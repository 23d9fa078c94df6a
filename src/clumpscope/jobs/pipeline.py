"""The paper's method from images to catalogue: detect → refine → measure → catalogue.

`process` takes some galaxies through the stages of one galaxy, `sweep` a whole sample. What fails
for one galaxy becomes a row of the failures, and the run goes on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import DetectConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.conditions import SLACK, Conditions
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.core.quality import MEANINGS
from clumpscope.core.records import WORKER
from clumpscope.core.schema import plain
from clumpscope.engine.carried import here
from clumpscope.engine.local import Progress, Workers
from clumpscope.engine.nursery import load_for_workers
from clumpscope.errors import RecipeError, expected_got
from clumpscope.jobs import work as books
from clumpscope.jobs.shards import DEADLY, fill_run
from clumpscope.jobs.work import Work
from clumpscope.models.calibration import Calibration
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.models.spec import DetectorSpec, TrainingRange
from clumpscope.models.view import StandIns, as_other_bands, view
from clumpscope.ops.cost import check_boxes, check_measured
from clumpscope.ops.stack import BandStack
from clumpscope.stages.measure import Photometry, measure
from clumpscope.stages.refine import Refined, refine
from clumpscope.store.manifest import RunManifest, sha256_file, sha256_json
from clumpscope.store.output import Output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from clumpscope.detector.predict import Detector

Last = Literal["detect", "catalogue"]


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes
    ----------
    stars
        Galaxies whose target is a star.
    quality
        Clumps of quality 0, 1 and 2; none of detections alone.
    undrawn
        Why there is no ``sheet.png``; empty if there is.
    """

    galaxies: int
    failed: int
    detections: int
    normal: int
    odd: int
    seconds: float
    stars: int = 0
    quality: tuple[int, ...] = ()
    undrawn: str = ""


@dataclass(frozen=True)
class Plan:
    """What every shard of a run needs to know.

    ``sample_key`` and ``model_key`` say what the files held when the run began, so that a process
    that lives longer than a run keeps no earlier state of them.
    """

    sample: Path
    sample_key: str
    model: Path
    model_key: str
    recipe: Recipe
    threshold: float
    until: Last
    calibrations: tuple[Calibration, ...] = ()

    @property
    def key(self) -> dict[str, str]:
        """What must be the same for an interrupted run to go on."""
        settings = self.recipe.model_dump(mode="json", exclude={"catalogue"})
        return {
            "recipe": sha256_json([settings, self.until]),
            "model": self.model_key,
            "sample": self.sample_key,
        }


def process(sample: Sample, rows: Sequence[int], plan: Plan) -> list[Work]:
    """Take some galaxies through the stages: this is the method."""
    recipe, finder = (
        plan.recipe,
        detector(plan.model, plan.model_key, plan.recipe.detect),
    )
    works = [Work(sample.ids[row], row, seconds=recipe.limits.seconds) for row in rows]
    for work in works:
        with work.attempt("read"):
            work.image = sample.read_starred(work.index, recipe.sample, recipe.limits)
            work.view = view(work.image, finder.spec, recipe.detect)
            others = recipe.detect.stands_for
            work.flags = out_of_range(work.image, finder.spec.trained_on, others)
            work.flags |= books.of_star(work.image)
    books.search(finder, works, recipe.detect.batch_size)
    for work in works:
        with work.attempt("detect"):
            check_boxes("boxes", len(work.boxes), recipe.limits)
        if plan.until == "detect" or work.image is None or work.error is not None:
            continue
        with work.attempt("refine"):
            known = (
                work.view.outline_by(recipe.refine) if isinstance(work.view, BandStack) else None
            )
            work.refined = refine(work.image, work.boxes, recipe.refine, plan.threshold, known)
        if work.refined is not None:
            with work.attempt("measure"):
                star = bool(work.flags & ClumpFlag.HOST_IS_STAR)
                work.photometry = measured(work.image, work.refined, recipe, star)
    return works


def out_of_range(image: AnyImage, trained_on: TrainingRange, stands_for: StandIns) -> int:
    """Flag of a galaxy unlike those that the model was trained on, in other bands too."""
    if as_other_bands(image, stands_for) is not image:
        return int(ClumpFlag.OUT_OF_RANGE)
    return 0 if trained_on.holds(Conditions.of(image)) else int(ClumpFlag.OUT_OF_RANGE)


def measured(
    image: AnyImage, refined: Refined, recipe: Recipe, star: bool | None = None
) -> Photometry:
    """Fluxes of a galaxy's clumps; NaN in a bare picture. ``star`` is as for `measure`."""
    if isinstance(image, ColourImage):
        return Photometry.unmeasured(
            image.galaxy_id, len(refined), recipe.measure.bands or SDSS_BANDS
        )
    check_measured(image, len(refined), recipe.measure, recipe.limits)
    return measure(image, refined.xy, recipe.measure, refined.outline, star=star)


def make_plan(sample: Sample, recipe: Recipe, model: str | None, until: Last) -> Plan:
    """Settle what a run does.

    Raises
    ------
    ModelError
        If the model cannot be used.
    RecipeError
        If the recipe's ``[composite]`` or ``[stack]`` is not the model's.
    ImageError
        If two bands of the sample differ by case alone, and the recipe names none.
    """
    path, spec = model_for(recipe, model, pictures=sample.pictures)
    return Plan(
        sample.folder,
        sample.fingerprint(),
        path,
        sha256_file(path),
        books.settled(recipe, sample),
        threshold_of(spec, recipe),
        until,
        calibrations_for(spec, recipe),
    )


def calibrations_for(spec: DetectorSpec, recipe: Recipe) -> tuple[Calibration, ...]:
    """A model's calibrations, but for those of images that the recipe has it see otherwise."""
    known = spec.trained_on.psf_fwhm_arcsec
    if not recipe.detect.as_sdss or known is None or isinstance(spec.view, StackConfig):
        return spec.calibrations
    return tuple(one for one in spec.calibrations if one.psf_fwhm_arcsec[0] * SLACK >= known[0])


def model_for(
    recipe: Recipe, model: str | None, *, pictures: bool = False
) -> tuple[Path, DetectorSpec]:
    """Find a model, by name or file, that works with the recipe; ``None``: a packaged one.

    Which that is, is another matter for ``pictures``.

    Raises
    ------
    ModelError
        If the model cannot be used.
    RecipeError
        If the recipe's ``[composite]`` or ``[stack]`` is not the model's.
    """
    path = find_model(model, pictures=pictures)
    spec = read_spec(path)
    said, seen = recipe.model_fields_set, spec.view
    if "composite" in said and recipe.composite != (wanted := spec.composite):
        raise RecipeError(expected_got(f"[composite], model {spec.name}", wanted, recipe.composite))
    if isinstance(seen, StackConfig) and "stack" in said and recipe.stack != seen:
        raise RecipeError(expected_got(f"[stack], model {spec.name}", seen, recipe.stack))
    return path, spec


def threshold_of(spec: DetectorSpec, recipe: Recipe) -> float:
    """Lowest score that stays: the recipe's, else the model's own."""
    chosen = recipe.refine.score_threshold
    return spec.score_threshold if chosen is None else chosen


def sweep(
    plan: Plan, store: Run, galaxies: int, workers: Workers, progress: Progress, *, apart: bool
) -> None:
    """Take all galaxies of a sample through the stages into the run's tables.

    ``apart`` is as for `clumpscope.jobs.shards.fill`.
    """
    names = ["detections", "galaxies", "failures"]
    names += ["positions", "photometry"] if plan.until == "catalogue" else []
    load_for_workers(__name__, "clumpscope.detector.ready")
    make = partial(_shard, plan)
    fill_run(store, galaxies, make, names, workers=workers, progress=progress, apart=apart)


def _shard(plan: Plan, rows: Sequence[int], deadly: Collection[int]) -> dict[str, QTable]:
    sample = sample_at(plan.sample, plan.sample_key)
    works = process(sample, [row for row in rows if row not in deadly], plan)
    works += [Work(sample.ids[row], row, error=(WORKER, DEADLY)) for row in deadly]
    works.sort(key=lambda work: work.index)
    return books.tables(works, sample, plan.recipe, plan.threshold)


@lru_cache(maxsize=1)
def sample_at(folder: Path, key: str) -> Sample:  # noqa: ARG001  (the key makes a change seen)
    """Open the sample that holds what ``key``, its fingerprint, says; the last one is kept."""
    return Sample.open(folder)


@lru_cache(maxsize=1)
def detector(model: Path, key: str, config: DetectConfig) -> "Detector":
    """Load a model that holds what ``key``, its SHA-256, says; the last one is kept."""
    from clumpscope.detector.quickly import load

    load()
    from clumpscope.detector.predict import Detector, single_thread

    single_thread()
    path = here(model, key)
    return Detector.load(path, config.score_floor, config.orientations, config.precision)


def summary(run: Run, seconds: float) -> Summary:
    """What a run whose tables are all there did, in so many seconds.

    Raises
    ------
    StoreError
        If one of its tables cannot be read.
    """
    galaxies = run.read("galaxies")
    normal = int(np.sum(plain(galaxies, "n_normal")))
    star = plain(galaxies, "flags") & int(ClumpFlag.HOST_IS_STAR) > 0
    levels: tuple[int, ...] = ()
    if (run.folder / "catalogue.parquet").is_file():  # not after `detect`
        quality = run.column("catalogue", "quality")
        levels = tuple(int(np.sum(quality == level)) for level in MEANINGS)
    return Summary(
        galaxies=len(galaxies),
        failed=int(np.sum(np.asarray(galaxies["status"]) == "failed")),
        detections=len(run.column("detections", "label")),
        normal=normal,
        odd=int(np.sum(plain(galaxies, "n_clumps"))) - normal,
        seconds=seconds,
        stars=int(np.sum(star)),
        quality=levels,
    )


def finish(plan: Plan, place: Output, done: Summary) -> None:
    """Write the manifest of a run, and drop its shards."""
    place.finish(
        RunManifest(
            command="run" if plan.until == "catalogue" else "detect",
            recipe=plan.recipe.model_dump(mode="json"),
            seed=plan.recipe.seed,
            inputs={"sample": str(plan.sample.resolve()), "sample_key": plan.sample_key},
            model={
                "file": plan.model.name,
                "sha256": plan.model_key,
                "threshold": plan.threshold,
                "calibrations": [one.model_dump(mode="json") for one in plan.calibrations],
            },
            counts={"galaxies": done.galaxies, "failed": done.failed},
            timings={"seconds": done.seconds},
        )
    )


def finished(run: Run) -> Summary:
    """What a run did that has finished before.

    Raises
    ------
    StoreError
        If its manifest or one of its tables cannot be read.
    """
    return summary(run, RunManifest.read(run.folder).timings.get("seconds", float("nan")))
