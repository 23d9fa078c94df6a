"""Reads classification exports of Zooniverse's Panoptes, row by row, and says what is wrong."""

import json
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.core.marks import Export, Fault, Marks
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.store.panoptes_boxes import LEAST_PX
from clumpscope.store.panoptes_looks import KINDS, Drawn, Look, looks_of
from clumpscope.store.panoptes_rows import FaultError, open_text, records
from clumpscope.store.shapes import hits

_MOST = 1 << 31  # more volunteers than there are
_LISTED = 1000  # faults kept word for word
_TOOLS = 20  # unknown tools told by name
_LIMITS = LimitsConfig()


@dataclass
class _Image:
    """What is known of one image while reading; sizes in pixels."""

    number: int
    subject: str
    size: tuple[float, float] | None
    side: float
    row: int  # the latest
    marks: int = 0


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

    def fault(self, row: int, column: str, problem: str, listed: int = _LISTED) -> None:
        self.n_faults += 1
        if len(self.faults) < listed:
            self.faults.append(Fault(row, column, problem))


def read_export(path: Path, config: ConsensusConfig, limits: LimitsConfig = _LIMITS) -> Export:
    """Read a classification export, CSV or CSV.gz, streaming.

    Rows, marks and images that cannot be used are told in ``faults``; the rest counts. A row of
    which any part cannot be read is no look. Of a volunteer who classified a subject twice, the
    first time counts. One who was not logged in and has no name is known by the address's hash,
    or else by that one classification.

    Parameters
    ----------
    limits
        ``marks`` is the most of an image, whose boxes shown count for each look, and of boxes
        shown with a subject. An image with more is left out.

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
                    _take(reading, row, looks_of(row, record, config, limits.marks))
                    used += 1
                except FaultError as fault:
                    reading.fault(row, fault.column, str(fault))
    except (OSError, EOFError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    _note_crowded(reading, limits.marks)
    if not used or all(image.marks > limits.marks for image in reading.images.values()):
        first = reading.faults[0] if reading.faults else None
        told = f"row {first.row}, column {first.column}: {first.problem}" if first else "no row"
        raise TableError(expected_got(path, "at least one usable classification", told))
    tools = dict(reading.unknown.most_common())
    if tools and not reading.known:
        raise TableError(_no_tool(path, tools))
    marks, sides, subjects = _sorted(reading, limits.marks)
    return Export(marks, subjects, sides, reading.faults, reading.n_faults, rows, used, tools)


def _no_tool(path: Path, tools: dict[str, int]) -> str:
    """What to put into the recipe, where it knows none of an export's tools."""
    first = list(tools)[:_TOOLS]
    said = ", ".join(f"{name!r} ({tools[name]:,})" for name in first)
    said += f" and {len(tools) - _TOOLS:,} others" if len(tools) > _TOOLS else ""
    lines = [f'{json.dumps(name, ensure_ascii=False)} = "normal"' for name in first]
    problem = expected_got(path, "marks with a tool of [consensus] tools", f"marks with {said}")
    hint = f"say in the recipe what they mean ({', '.join(KINDS)} or wrong), such as"
    return "\n  ".join([f"{problem};", f"{hint}:", "[consensus.tools]", *lines])


def _take(reading: _Reading, row: int, looks: list[Look]) -> None:
    """Take the looks of one row in."""
    repeated = 0
    for look in looks:
        if look.image not in reading.images:
            number = len(reading.images)
            reading.images[look.image] = _Image(number, look.subject, None, look.side_px, row)
        image = reading.images[look.image]
        image.size = image.size or look.size
        who = reading.volunteers.setdefault(look.volunteer, len(reading.volunteers))
        if image.number * _MOST + who in reading.looks:
            repeated += 1
            continue
        reading.looks.add(image.number * _MOST + who)
        image.row = row
        _marks(reading, row, image, who, look)
    if repeated == len(looks):
        raise FaultError("user_name", f"expected each subject once, got {looks[0].subject} again")


def _marks(reading: _Reading, row: int, image: _Image, who: int, look: Look) -> None:
    """Take in the marks of one look; boxes shown to be corrected count unless struck out."""
    reading.unknown.update(look.unknown)
    reading.known += len(look.marks)
    size = image.size or (reading.config.image_size_px, reading.config.image_size_px)
    kept = look.shown
    for mark in look.marks:
        problem = _misplaced(mark, size)
        if problem or mark.box is None:
            reading.fault(row, "annotations", problem)
        elif mark.tool == "wrong":
            x, y = _centre(mark.box)
            kept = [one for one in kept if not hits(one[0], x, y)]
        else:
            kept = [*kept, (mark.box, KINDS[mark.tool])]
    image.marks += len(kept)
    for box, kind in kept:
        reading.image.append(image.number)
        reading.volunteer.append(who)
        reading.kind.append(kind)
        reading.boxes.extend(box)


def _misplaced(mark: Drawn, size: tuple[float, float]) -> str:
    """What is wrong with a mark's box, if anything is."""
    if mark.box is None:
        return mark.problem
    (x, y), (x1, y1, x2, y2) = _centre(mark.box), mark.box
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        return f"expected a mark within {size[0]:g} × {size[1]:g} px, got {x:g}, {y:g}"
    if min(x2 - x1, y2 - y1) < LEAST_PX:
        return f"expected a mark of some size, got {x2 - x1:g} × {y2 - y1:g} px"
    return ""


def _centre(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _note_crowded(reading: _Reading, most: int) -> None:
    """Images with too many marks are faults."""
    for name, image in reading.images.items():
        if image.marks > most:
            limit = f"{name}: expected at most {most:,} marks ([limits] marks), got {image.marks:,}"
            reading.fault(image.row, "annotations", limit, listed=2 * _LISTED)


def _sorted(
    reading: _Reading, most: int
) -> tuple[Marks, np.ndarray[Any, np.dtype[np.float64]], list[str]]:
    """The arrays, by image and volunteer, boxes as fractions; sides of points; subjects.

    Images with too many marks are left out.
    """
    left = [name for name, image in reading.images.items() if image.marks <= most]
    images = [reading.images[name] for name in left]
    number = np.full(len(reading.images), -1)
    number[[image.number for image in images]] = np.arange(len(images))
    default = (reading.config.image_size_px, reading.config.image_size_px)
    size = np.array([image.size or default for image in images], dtype=float).reshape(-1, 2)
    sides = np.array([image.side for image in images])[:, None] / size
    looks = np.sort(np.fromiter(reading.looks, dtype=np.int64, count=len(reading.looks)))
    looks = looks[number[looks // _MOST] >= 0]
    image, volunteer = (np.array(a, dtype=np.int64) for a in (reading.image, reading.volunteer))
    order = np.lexsort((volunteer, image))
    order = order[number[image[order]] >= 0]
    boxes = np.array(reading.boxes, dtype=float).reshape(-1, 4)[order]
    image = number[image[order]]
    marks = Marks(
        np.array(left, dtype=np.str_),
        np.array(list(reading.volunteers), dtype=np.str_),
        size,
        number[looks // _MOST],
        looks % _MOST,
        image,
        volunteer[order],
        np.array(reading.kind, dtype=np.int64)[order],
        boxes / np.tile(size, 2)[image],
    )
    return marks, sides, [image.subject for image in images]
