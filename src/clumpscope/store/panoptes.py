"""Reads classification exports of Zooniverse's Panoptes, row by row, and says what is wrong."""

import json
import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.marks import Export, Fault, Kind, Marks
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.store.panoptes_rows import (
    FaultError,
    check_cells,
    json_cell,
    open_text,
    records,
    subject_of,
    volunteer_of,
)
from clumpscope.store.shapes import Box, drawn, hits, shape, tool_names

BOXES_KEY = "#boxes"  # subject metadata: boxes to correct, JSON of `[[x1, y1, x2, y2, kind], …]`
_MOST = 1 << 31  # more volunteers than there are
_LISTED = 1000  # faults kept word for word
_KINDS = {"normal": Kind.NORMAL, "odd": Kind.ODD, "bulge": Kind.BULGE}


@dataclass
class _Image:
    """What is known of one image while reading; sizes in pixels."""

    number: int
    subject: str
    size: tuple[float, float] | None
    side: float


@dataclass
class _Reading:
    """The arrays that grow while an export is read."""

    config: ConsensusConfig
    images: dict[str, _Image] = field(default_factory=dict)
    volunteers: dict[str, int] = field(default_factory=dict)
    looks: set[int] = field(default_factory=set)  # image · _MOST + volunteer
    image: "array[int]" = field(default_factory=lambda: array("q"))
    volunteer: "array[int]" = field(default_factory=lambda: array("q"))
    kind: "array[int]" = field(default_factory=lambda: array("q"))
    boxes: "array[float]" = field(default_factory=lambda: array("d"))
    known: int = 0  # marks with a tool of the recipe, also those that are faults
    unknown: Counter[str] = field(default_factory=Counter)  # marks of each other tool
    faults: list[Fault] = field(default_factory=list)
    n_faults: int = 0

    def fault(self, row: int, column: str, problem: str) -> None:
        self.n_faults += 1
        if len(self.faults) < _LISTED:
            self.faults.append(Fault(row, column, problem))


def read_export(path: Path, config: ConsensusConfig) -> Export:
    """Read a classification export, CSV or CSV.gz, streaming.

    Rows and marks that cannot be used are told in ``faults``; the rest counts. Of a volunteer
    who classified a subject twice, the first time counts. One who was not logged in and has no
    name is known by the address's hash, or else by that one classification.

    Raises
    ------
    FolderError
        If the file cannot be read.
    TableError
        If it is no such export, or no classification or no tool in it can be used.
    """
    reading = _Reading(config)
    rows = used = 0
    try:
        with open_text(path) as stream:
            for row, record in records(path, stream):
                rows = row
                try:
                    _classification(reading, row, record)
                    used += 1
                except FaultError as fault:
                    reading.fault(row, fault.column, str(fault))
    except (OSError, EOFError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    if not used:
        first = reading.faults[0] if reading.faults else None
        told = f"row {first.row}, column {first.column}: {first.problem}" if first else "no row"
        raise TableError(expected_got(path, "at least one usable classification", told))
    tools = dict(reading.unknown.most_common())
    if tools and not reading.known:
        raise TableError(_no_tool(path, tools))
    marks, sides = _sorted(reading)
    subjects = [image.subject for image in reading.images.values()]
    return Export(marks, subjects, sides, reading.faults, reading.n_faults, rows, used, tools)


def _no_tool(path: Path, tools: dict[str, int]) -> str:
    """What to put into the recipe, where it knows none of an export's tools."""
    said = ", ".join(f"{name!r} ({n:,})" for name, n in tools.items())
    lines = [f'{json.dumps(name, ensure_ascii=False)} = "normal"' for name in tools]
    problem = expected_got(path, "marks with a tool of [consensus] tools", f"marks with {said}")
    hint = f"say in the recipe what they mean ({', '.join(_KINDS)} or wrong), such as"
    return "\n  ".join([f"{problem};", f"{hint}:", "[consensus.tools]", *lines])


def _classification(reading: _Reading, row: int, record: dict[str, str]) -> None:
    """Take one row in."""
    check_cells(record)
    config = reading.config
    annotations = json_cell(record, "annotations", list)
    metadata = json_cell(record, "metadata", dict)
    subject, about = subject_of(record)
    marks = list(drawn(annotations, config.tasks))
    if len(marks) > config.max_marks:
        raise FaultError(
            "annotations", f"expected at most {config.max_marks} marks, got {len(marks)}"
        )
    dimensions = metadata.get("subject_dimensions")
    dimensions = dimensions if isinstance(dimensions, list) else []
    shown = 1 if config.merge_frames else max(1, len(dimensions))
    by_frame: dict[int, list[dict[str, Any]]] = {frame: [] for frame in range(shown)}
    for mark in marks:
        frame = mark.get("frame", 0)
        frame = frame if isinstance(frame, int) and not config.merge_frames else 0
        by_frame.setdefault(max(frame, 0), []).append(mark)
    name = _image_name(subject, about, config)
    who = reading.volunteers.setdefault(volunteer_of(row, record), len(reading.volunteers))
    repeated = 0
    for frame, on_it in by_frame.items():
        size = dimensions[frame] if frame < len(dimensions) else None
        image = _image(reading, f"{name}.frame{frame}" if frame else name, subject, about, size)
        if image.number * _MOST + who in reading.looks:
            repeated += 1
            continue
        reading.looks.add(image.number * _MOST + who)
        _marks(reading, row, image, who, on_it, size, about.get(BOXES_KEY))
    if repeated == len(by_frame):
        raise FaultError("user_name", f"expected each subject once, got {subject} again")


def _image_name(subject: str, about: dict[str, Any], config: ConsensusConfig) -> str:
    key = config.image_id
    given = next((about[name] for name in (key, f"#{key}", f"!{key}") if name in about), subject)
    try:
        return check_galaxy_id(str(given).strip())
    except ClumpscopeError as error:
        raise FaultError("subject_data", str(error)) from error


def _image(
    reading: _Reading, name: str, subject: str, about: dict[str, Any], dimensions: object
) -> _Image:
    if name not in reading.images:
        key = reading.config.box_side_key
        given = about.get(key, about.get(f"#{key}", reading.config.box_side_px))
        try:
            side = float(given)
        except (TypeError, ValueError):
            side = math.nan
        if not (math.isfinite(side) and side > 0):
            raise FaultError("subject_data", f"{key}: expected a positive number, got {given!r}")
        reading.images[name] = _Image(len(reading.images), subject, None, side)
    image = reading.images[name]
    if image.size is None:
        image.size = _pair(dimensions, "natural")
    return image


def _pair(dimensions: object, which: str) -> tuple[float, float] | None:
    """Width and height, "natural" or "client", where they are known."""
    if not isinstance(dimensions, dict):
        return None
    pair = dimensions.get(f"{which}Width"), dimensions.get(f"{which}Height")
    known = all(isinstance(n, int | float) and math.isfinite(n) and n > 0 for n in pair)
    return (float(pair[0]), float(pair[1])) if known else None  # type: ignore[arg-type]


def _marks(
    reading: _Reading,
    row: int,
    image: _Image,
    who: int,
    marks: list[dict[str, Any]],
    dimensions: object,
    shown: object,
) -> None:
    """Take in the marks of one look; boxes shown to be corrected count unless struck out."""
    config = reading.config
    scale = (1.0, 1.0)
    natural, client = _pair(dimensions, "natural"), _pair(dimensions, "client")
    if config.coordinates == "display" and natural and client:
        scale = (natural[0] / client[0], natural[1] / client[1])
    size = image.size or (config.image_size_px, config.image_size_px)
    kept = _shown(shown)
    for mark in marks:
        said = tool_names(mark)
        tool = next((config.tools[name] for name in said if name in config.tools), None)
        if config.tools and tool is None:
            reading.unknown[said[0] or said[1]] += 1
            continue
        reading.known += 1
        try:
            box = shape(mark, (image.side, image.side), scale)
        except ValueError as error:
            reading.fault(row, "annotations", f"mark: {error}")
            continue
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not (0 <= x <= size[0] and 0 <= y <= size[1]) or box[2] <= box[0] or box[3] <= box[1]:
            problem = f"expected a mark within {size[0]:g} × {size[1]:g} px, got {x:g}, {y:g}"
            reading.fault(row, "annotations", problem)
        elif tool == "wrong":
            kept = [one for one in kept if not hits(one[0], x, y)]
        else:
            kept.append((box, _KINDS[tool or "normal"]))
    for box, kind in kept:
        reading.image.append(image.number)
        reading.volunteer.append(who)
        reading.kind.append(kind)
        reading.boxes.extend(box)


def _shown(text: object) -> list[tuple[Box, int]]:
    """Boxes that were shown with the subject."""
    try:
        given = json.loads(text) if isinstance(text, str) else text or []
        boxes = [tuple(float(n) for n in box) for box in given]  # type: ignore[union-attr]
    except (ValueError, TypeError):
        raise FaultError(
            "subject_data", f"{BOXES_KEY}: expected JSON boxes, got {text!r}"
        ) from None
    whole = [box for box in boxes if len(box) == 5 and box[0] < box[2] and box[1] < box[3]]
    return [((box[0], box[1], box[2], box[3]), int(box[4])) for box in whole]


def _sorted(reading: _Reading) -> tuple[Marks, np.ndarray[Any, np.dtype[np.float64]]]:
    """The arrays, by image and volunteer, boxes as fractions."""
    default = (reading.config.image_size_px, reading.config.image_size_px)
    known = [image.size or default for image in reading.images.values()]
    size = np.array(known, dtype=float).reshape(-1, 2)
    sides = np.array([image.side for image in reading.images.values()])[:, None] / size
    looks = np.sort(np.fromiter(reading.looks, dtype=np.int64, count=len(reading.looks)))
    image, volunteer = (np.array(a, dtype=np.int64) for a in (reading.image, reading.volunteer))
    order = np.lexsort((volunteer, image))
    boxes = np.array(reading.boxes, dtype=float).reshape(-1, 4)[order]
    marks = Marks(
        np.array(list(reading.images), dtype=np.str_),
        np.array(list(reading.volunteers), dtype=np.str_),
        size,
        looks // _MOST,
        looks % _MOST,
        image[order],
        volunteer[order],
        np.array(reading.kind, dtype=np.int64)[order],
        boxes / np.tile(size, 2)[image[order]],
    )
    return marks, sides
