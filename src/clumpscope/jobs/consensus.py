"""`consensus`: a classification export to labels."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import ColourImage
from clumpscope.core.marks import Export, Kind
from clumpscope.core.schema import plain
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.ops.in_colour import in_colour
from clumpscope.plot.labels import MarkedImage, heat_map, marks_sheet, skill_map
from clumpscope.stages.consensus import aggregate as stage
from clumpscope.stages.consensus.aggregate import Consensus
from clumpscope.stages.consensus.clusters import cluster
from clumpscope.stages.consensus.model import Counts
from clumpscope.stages.consensus.rounds import Rounds
from clumpscope.stages.consensus.state import known_of, state_of
from clumpscope.stages.consensus.tables import (
    faults_table,
    images_table,
    labels_table,
    volunteers_table,
)
from clumpscope.stages.consensus.truths import Truths
from clumpscope.store.arrays import read_arrays, write_arrays
from clumpscope.store.labels import IMAGES_FILE, LABELS_FILE, STATE_FILE, State
from clumpscope.store.manifest import RunManifest, sha256_file, sha256_json
from clumpscope.store.output import output
from clumpscope.store.panoptes import read_export
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

_UNKNOWN = "marks of unknown tool "


@dataclass(frozen=True)
class Outcome:
    """Numbers of one aggregation.

    ``few_looks`` are the finished images with fewer looks than the recipe asks,
    ``unknown_tools`` the marks left out of each tool that it does not know.
    """

    images: int
    volunteers: int
    marks: int
    boxes: int
    odd: int
    finished: int
    few_looks: int
    rows: int
    used: int
    faults: int
    rounds: int
    seconds: float
    unknown_tools: Mapping[str, int]

    def counts(self) -> dict[str, int]:
        """All whole numbers by name, as a manifest has them."""
        own = {name: n for name, n in vars(self).items() if isinstance(n, int)}
        return own | {f"{_UNKNOWN}{name}": n for name, n in self.unknown_tools.items()}

    @classmethod
    def of(cls, manifest: RunManifest) -> "Outcome":
        """What the manifest of a finished aggregation says."""
        own = {name: n for name, n in manifest.counts.items() if not name.startswith(_UNKNOWN)}
        tools = {
            name.removeprefix(_UNKNOWN): n
            for name, n in manifest.counts.items()
            if name.startswith(_UNKNOWN)
        }
        return cls(**own, seconds=manifest.timings["seconds"], unknown_tools=tools)


def consensus(
    file: Path,
    out: Path,
    recipe: Recipe,
    *,
    state: Path | None = None,
    sample: Path | None = None,
    resume: bool = False,
    workers: Workers = 1,
    progress: Progress = silent,
) -> Outcome:
    """Turn a classification export into ``out``: boxes, images, volunteers, faults, state.

    Parameters
    ----------
    state
        ``state.parquet`` of an earlier aggregation. Its images that are in this export, too, are
        judged anew; of the others the volunteers' skills are remembered.
    sample
        Holds the images, of which some are drawn with marks and boxes: ``marks.png``.
    resume
        Go on after the last round that an interrupted aggregation has done.

    Raises
    ------
    TableError
        If the export, or everything in it, cannot be used.
    StoreError
        If ``out`` holds anything, or something cannot be read or written.
    """
    began = time.monotonic()
    export = read_export(file, recipe.consensus, recipe.limits)
    pictured = None if sample is None else Sample.open(sample)
    before = None if state is None else State.read(state).without(export.marks.images)
    known = None if before is None else known_of(before.table, state, export, recipe.consensus)
    key = {
        "recipe": sha256_json(recipe.model_dump(mode="json")),
        "export": sha256_file(file),
        "state": "" if state is None else sha256_file(state),
        "sample": "" if pictured is None else pictured.fingerprint(),
    }
    with output(out, key, resume=resume) as place:
        if place.finished:
            return Outcome.of(RunManifest.read(out))
        if recipe.consensus.method == "posterior":
            result = _solve(place.work / "rounds.npz", export, known, recipe, workers, progress)
            _write_people(out, export, result, before)
            if pictured is not None:
                marks_sheet(_panels(export, result, pictured, recipe), out / "marks.png")
            truths, verdicts, rounds = result.truths, result.verdicts, len(result.costs)
            chance = [1 - verdict.p_false for verdict in verdicts]
        else:
            truths, chance = _clustered(export, recipe.consensus)
            verdicts, rounds = [], 0
        boxes = labels_table(export, truths, chance, [one.p_kind for one in verdicts])
        write_parquet(boxes, out / LABELS_FILE)
        heat_map(boxes, out / "heat_map.png", padding=recipe.labels.padding)
        images = images_table(export, truths, verdicts, recipe.consensus)
        write_parquet(images, out / IMAGES_FILE)
        write_parquet(faults_table(export.faults), out / "faults.parquet")
        finished = np.asarray(images["finished"])
        looks = np.asarray(images["n_looks"])
        outcome = Outcome(
            images=len(images),
            volunteers=len(export.marks.volunteers),
            marks=len(export.marks.image),
            boxes=len(boxes),
            odd=int((plain(boxes, "label") == Kind.ODD).sum()),
            finished=int(np.sum(finished)),
            few_looks=int(np.sum(finished & (looks < recipe.consensus.min_looks))),
            rows=export.rows,
            used=export.used,
            faults=export.n_faults,
            rounds=rounds,
            seconds=time.monotonic() - began,
            unknown_tools=export.unknown_tools,
        )
        place.finish(
            RunManifest(
                command="consensus",
                recipe=recipe.model_dump(mode="json"),
                inputs={"export": str(file.resolve()), "export_sha256": key["export"]},
                counts=outcome.counts(),
                timings={"seconds": outcome.seconds},
            )
        )
    return outcome


def _solve(
    kept: Path,
    export: Export,
    known: Counts | None,
    recipe: Recipe,
    workers: Workers,
    progress: Progress,
) -> Consensus:
    """Truths and skills, from the last round that is kept on."""
    arrays = read_arrays(kept)
    return stage.consensus(
        export.marks,
        recipe.consensus,
        known=known,
        begun=None if arrays is None else Rounds.of(arrays, export.marks),
        keep=lambda rounds: write_arrays(kept, rounds.arrays()),
        workers=workers,
        progress=progress,
    )


def _write_people(out: Path, export: Export, result: Consensus, before: State | None) -> None:
    """Write what is believed of the volunteers, and the state that is remembered."""
    now = State(state_of(export, result.tally))
    (now if before is None else before.grown(now)).write(out / STATE_FILE)
    people = volunteers_table(export, result)
    write_parquet(people, out / "volunteers.parquet")
    skill_map(people, out / "volunteers.png")


def _clustered(
    export: Export, config: ConsensusConfig
) -> tuple[list[Truths], list[NDArray[np.float64]]]:
    """Truths of each image by one of the clusterings, and the share of volunteers for each."""
    pairs = [
        cluster(view, side, config, config.method)
        for view, side in zip(stage.views(export.marks), export.sides, strict=True)
    ]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


_PICTURED = 9


def _panels(export: Export, result: Consensus, sample: Sample, recipe: Recipe) -> list[MarkedImage]:
    """Some images of the sample that have marks, evenly spaced over the export."""
    marks, index = export.marks, {name: k for k, name in enumerate(sample.ids)}
    _, at = marks.slices()
    there = [
        i for i, name in enumerate(marks.images.tolist()) if name in index and at[i] < at[i + 1]
    ]
    panels = []
    for i in there[:: max(1, len(there) // _PICTURED)][:_PICTURED]:
        try:
            image = sample.read(index[str(marks.images[i])], recipe.sample, recipe.limits)
            stored = isinstance(image, ColourImage)
            rgb = in_colour(image, recipe.composite)
        except Exception:  # one bad galaxy stops nobody else
            continue
        rows, truths = slice(at[i], at[i + 1]), result.truths[i]
        panels.append(
            MarkedImage(
                str(marks.images[i]),
                rgb,
                (marks.xyxy[rows, :2] + marks.xyxy[rows, 2:]) / 2,
                1 - result.skills.false_negative[marks.volunteer[rows]],
                marks.kind[rows],
                truths.xyxy,
                truths.kind + 1,
                1 - result.verdicts[i].p_false,
                downward=stored,
                aspect=rgb.shape[0] / rgb.shape[1],
            )
        )
    return panels
