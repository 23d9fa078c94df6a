"""From volunteers' marks to labels on disk: drives `consensus`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import ConsensusConfig, Recipe
from clumpscope.stages.consensus.aggregate import Consensus, Tally, consensus, views
from clumpscope.stages.consensus.clusters import cluster
from clumpscope.stages.consensus.model import Counts
from clumpscope.stages.consensus.truths import Truths, Verdict
from clumpscope.core.composite import colour
from clumpscope.core.galaxy import ColourImage
from clumpscope.core.marks import Kind
from clumpscope.core.records import CONSENSUS, LABELS, SCHEMA_VERSION
from clumpscope.core.schema import build_table, plain
from clumpscope.errors import ClumpscopeError, TableError, expected_got
from clumpscope.plot.labels import MarkedImage, heat_map, marks_sheet, skill_map
from clumpscope.store.atomic import new_folder
from clumpscope.store.labels import LABELS_FILE, STATE_FILE, State
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.panoptes import Export, Fault, read_export
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

Progress = Callable[[int], None]
# Numbers of a look in the state, one column or several each.
_NUMBERS = tuple(item.name for item in fields(Tally))


@dataclass(frozen=True)
class Outcome:
    """Numbers of one aggregation."""

    images: int
    volunteers: int
    marks: int
    boxes: int
    odd: int
    finished: int
    rows: int
    used: int
    faults: int
    rounds: int
    seconds: float


def aggregate(
    file: Path,
    out: Path,
    recipe: Recipe,
    *,
    state: Path | None = None,
    sample: Path | None = None,
    workers: int = 1,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Turn a classification export into ``out``: boxes, images, volunteers, faults, state.

    Parameters
    ----------
    state
        ``state.parquet`` of an earlier aggregation. Its images that are in this export, too, are
        judged anew; of the others the volunteers' skills are remembered.
    sample
        Holds the images, of which some are drawn with marks and boxes: ``marks.png``.

    Raises
    ------
    TableError
        If the export, or everything in it, cannot be used.
    StoreError
        If ``out`` holds anything, or something cannot be read or written.
    """
    began = time.monotonic()
    config = recipe.consensus
    export = read_export(file, config)
    pictured = None if sample is None else Sample.open(sample)
    before = None if state is None else State.read(state).without(export.marks.images)
    known = None if before is None else _known(before, state, export, config)
    new_folder(out)
    if config.method == "posterior":
        result = consensus(export.marks, config, known=known, workers=workers, progress=progress)
        now = _state(export, result.tally)
        (now if before is None else before.grown(now)).write(out / STATE_FILE)
        people = _volunteers(export, result)
        write_parquet(people, out / "volunteers.parquet")
        skill_map(people, out / "volunteers.png")
        if pictured is not None:
            marks_sheet(_panels(export, result, pictured, recipe), out / "marks.png")
        truths, verdicts, rounds = result.truths, result.verdicts, len(result.costs)
        chance = [1 - verdict.p_false for verdict in verdicts]
    else:
        pairs = [
            cluster(view, side, config, config.method)
            for view, side in zip(views(export.marks), export.sides, strict=True)
        ]
        truths, chance = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        verdicts, rounds = [], 0
    boxes = labels_table(export, truths, chance, [one.p_kind for one in verdicts])
    write_parquet(boxes, out / LABELS_FILE)
    heat_map(boxes, out / "heat_map.png", padding=recipe.labels.padding)
    images = _images(export, truths, verdicts, config)
    write_parquet(images, out / "images.parquet")
    write_parquet(_faults(export.faults), out / "faults.parquet")
    outcome = Outcome(
        images=len(images),
        volunteers=len(export.marks.volunteers),
        marks=len(export.marks.image),
        boxes=len(boxes),
        odd=int((plain(boxes, "label") == Kind.ODD).sum()),
        finished=int(np.sum(images["finished"])),
        rows=export.rows,
        used=export.used,
        faults=export.n_faults,
        rounds=rounds,
        seconds=time.monotonic() - began,
    )
    counts = {name: n for name, n in asdict(outcome).items() if name != "seconds"}
    RunManifest(
        command="consensus",
        recipe=recipe.model_dump(mode="json"),
        inputs={"export": str(file.resolve()), "export_sha256": sha256_file(file)},
        counts=counts,
        timings={"seconds": outcome.seconds},
    ).write(out)
    return outcome


def labels_table(
    export: Export,
    truths: Sequence[Truths],
    chance: Sequence[np.ndarray],
    p_kind: Sequence[np.ndarray] = (),
) -> QTable:
    """Boxes of all images as rows of ``labels.parquet``; bulges are left out."""
    marks = export.marks
    looks, at = marks.slices()
    columns: dict[str, list[object]] = {spec.name: [] for spec in [*LABELS, *CONSENSUS]}
    for i, (found, sure) in enumerate(zip(truths, chance, strict=True)):
        kind = marks.kind[at[i] : at[i + 1]]
        for t in np.flatnonzero(found.kind + 1 < Kind.BULGE):
            mine = kind[found.owner == t]
            row = {
                "galaxy_id": str(marks.images[i]),
                "label": int(found.kind[t]) + 1,
                **dict(zip(("x1", "y1", "x2", "y2"), found.xyxy[t].tolist(), strict=True)),
                "ra": np.nan,
                "dec": np.nan,
                "probability": float(sure[t]),
                "p_odd": _odd(p_kind[i][t]) if len(p_kind) else float(np.mean(mine == Kind.ODD)),
                "tool_mean": float(np.mean(mine == Kind.ODD)),
                "n_marks": len(mine),
                "n_looks": int(looks[i + 1] - looks[i]),
            }
            for name, value in row.items():
                columns[name].append(value)
    return build_table([*LABELS, *CONSENSUS], columns, {"schema_version": SCHEMA_VERSION})


def _odd(chances: np.ndarray) -> float:
    """Chance of odd among normal and odd."""
    if len(chances) < Kind.ODD:
        return 0.0
    normal, odd = chances[Kind.NORMAL - 1], chances[Kind.ODD - 1]
    return float(odd / (normal + odd)) if normal + odd > 0 else 0.5


def _images(
    export: Export,
    truths: Sequence[Truths],
    verdicts: Sequence[Verdict],
    config: ConsensusConfig,
) -> QTable:
    looks, at = export.marks.slices()
    n = len(export.marks)

    def of(name: str) -> list[float]:
        return [getattr(one, name) for one in verdicts] or [np.nan] * n

    return QTable(
        {
            "galaxy_id": export.marks.images,
            "subject": np.array(export.subjects, dtype=np.str_),
            "n_looks": np.diff(looks),
            "n_marks": np.diff(at),
            "n_boxes": [int((t.kind + 1 < Kind.BULGE).sum()) for t in truths],
            "n_bulges": [int((t.kind + 1 == Kind.BULGE).sum()) for t in truths],
            "difficulty": [t.difficulty for t in truths],
            "expected_false": of("false"),
            "expected_missed": of("missed"),
            "expected_inaccurate": of("inaccurate"),
            "risk": of("risk"),
            "finished": [one.finished(config) for one in verdicts] or [False] * n,
        }
    )


def _volunteers(export: Export, result: Consensus) -> QTable:
    skills, marks = result.skills, export.marks
    return QTable(
        {
            "name": marks.volunteers,
            "n_images": np.bincount(marks.look_volunteer, minlength=len(marks.volunteers)),
            "n_marks": np.bincount(marks.volunteer, minlength=len(marks.volunteers)),
            "false_positive": skills.false_positive,
            "false_negative": skills.false_negative,
            "variance": skills.variance,
            "wrong_tool": skills.wrong_tool,
        }
    )


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
            image = sample.read(index[str(marks.images[i])], recipe.detect)
            stored = isinstance(image, ColourImage)
            rgb = (
                image.pixels if isinstance(image, ColourImage) else colour(image, recipe.composite)
            )
        except ClumpscopeError:
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


def _faults(faults: Sequence[Fault]) -> QTable:
    return QTable(
        {
            "row": np.array([fault.row for fault in faults], dtype=np.int64),
            "column": np.array([fault.column for fault in faults], dtype=np.str_),
            "problem": np.array([fault.problem for fault in faults], dtype=np.str_),
        }
    )


def _state(export: Export, tally: Tally) -> State:
    """What each look said, one row a look."""
    marks, c = export.marks, tally.noise.shape[1]
    missing = len(Kind) - c  # kinds of which there are no marks
    whole = tally
    if missing:
        whole = replace(
            tally,
            tools=np.pad(tally.tools, ((0, 0), (0, missing), (0, missing))),
            noise=np.pad(tally.noise, ((0, 0), (0, missing))),
            classes=np.pad(tally.classes, ((0, 0), (0, missing), (0, 0))),
        )
    # As objects, of which each name is there once: a project has millions of looks.
    columns: dict[str, object] = {
        "galaxy_id": marks.images.astype(object)[marks.look_image],
        "volunteer": marks.volunteers.astype(object)[marks.look_volunteer],
    }
    for name in _NUMBERS:
        values = getattr(whole, name).reshape(len(marks.look_image), -1)
        columns |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
    return State(QTable(columns, copy=False))


def _known(state: State, where: object, export: Export, config: ConsensusConfig) -> Counts:
    """What the state says of this export's volunteers; of the others only the kinds count."""
    table, names = state.table, export.marks.volunteers
    number = {name: k for k, name in enumerate(names.tolist())}
    who = np.array([number.get(str(name), len(names)) for name in table["volunteer"]], dtype=int)
    c, h = len(Kind), len(config.visibility)
    shapes = {"truths": (h,), "found": (h,), "tools": (c, c), "noise": (c,), "classes": (c, h)}

    def numbers(name: str) -> np.ndarray:
        columns = [column for column in table.colnames if column.startswith(f"{name}_")]
        shape = shapes.get(name, ())
        if len(columns) != np.prod(shape, dtype=int):
            wanted = f"{np.prod(shape, dtype=int)} columns {name}_* (recipe: visibility)"
            raise TableError(expected_got(where, wanted, len(columns)))
        values = [plain(table, f"{name}_{k}") for k in range(len(columns))]
        return np.column_stack(values).reshape(len(table), *shape)

    looks = Tally(**{name: numbers(name) for name in _NUMBERS})
    used = looks.classes.sum(axis=(0, 2)) + looks.noise.sum(axis=0) > 0
    kinds = max(int(export.marks.kind.max(initial=1)), *(np.flatnonzero(used) + 1), 1)
    every = looks.counts(who, len(names) + 1)
    mine = ("marks", "false", "truths", "found", "squares")
    return Counts(
        **{name: getattr(every, name)[:-1] for name in mine},
        tools=every.tools[:-1, :kinds, :kinds],
        classes=every.classes[:kinds],
        noise=every.noise[:kinds],
    )
