"""One row of a classification export: who looked at which images, and what was drawn there."""

from dataclasses import dataclass
from typing import Any

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.corrections import SHOWN_KEY
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.marks import Kind
from clumpscope.errors import ClumpscopeError
from clumpscope.ops.csv_cells import unguarded
from clumpscope.ops.numbers import real, said, whole
from clumpscope.store.panoptes_boxes import LEAST_PX, MOST_PX, boxes_of, shown_of
from clumpscope.store.panoptes_rows import (
    FaultError,
    check_cells,
    json_cell,
    subject_of,
    volunteer_of,
)
from clumpscope.store.shapes import Box, NoExtentError, drawn, shape, tool_names

KINDS = {"normal": Kind.NORMAL, "odd": Kind.ODD, "bulge": Kind.BULGE}
_FRAMES = 1000  # most of a subject


@dataclass(frozen=True)
class Drawn:
    """A mark: what its tool means (`ConsensusConfig.tools`) and its box, px; or what is wrong."""

    tool: str
    box: Box | None
    problem: str = ""


@dataclass(frozen=True)
class Look:
    """What a volunteer drew on one image.

    ``size`` is the image's width and height, px, where the row tells; ``side_px`` that of the box
    of a point; ``unknown`` the names of tools that the recipe does not know, one a mark; ``shown``
    boxes, px, and kinds that software proposed.
    """

    image: str
    subject: str
    volunteer: str
    size: tuple[float, float] | None
    side_px: float
    marks: list[Drawn]
    unknown: list[str]
    shown: list[tuple[Box, int]]


def looks_of(row: int, record: dict[str, str], config: ConsensusConfig, most: int) -> list[Look]:
    """The looks of one classification, one a frame of its subject.

    Parameters
    ----------
    row
        Its number.
    most
        Most boxes shown with a subject.

    Raises
    ------
    FaultError
        If any part of it cannot be read: then it is not known what the volunteer saw.
    """
    check_cells(record)
    annotations = json_cell(record, "annotations", list)
    metadata = json_cell(record, "metadata", dict)
    subject, about = subject_of(record)
    who = volunteer_of(row, record)
    name, side, way = _name(subject, about, config), _side(about, config), shown_of(about)
    shown = boxes_of(about, most) if way == "shown" else []
    frames = metadata.get("subject_dimensions")
    sizes = frames if isinstance(frames, list) else []
    one_field = config.merge_frames or SHOWN_KEY in about
    looks = []
    for frame, marks in _by_frame(annotations, len(sizes), config, one_field=one_field).items():
        about_size = sizes[frame] if frame < len(sizes) else None
        size, scale = _size(about_size, "natural"), (1.0, 1.0)
        if config.coordinates == "display" and marks:
            scale = _scale(size, _size(about_size, "client"))
        known, unknown = _read(marks, side, scale, config)
        image = _safe(f"{name}.frame{frame}" if frame else name)
        looks.append(Look(image, subject, who, size, side, known, unknown, shown))
    return looks


def _by_frame(
    annotations: object, frames: int, config: ConsensusConfig, *, one_field: bool
) -> dict[int, list[dict[str, Any]]]:
    """Marks of each frame; every frame was looked at. Of one field all are the first's."""
    if frames > _FRAMES:
        raise FaultError("metadata", f"expected at most {_FRAMES} frames, got {frames:,}")
    by_frame: dict[int, list[dict[str, Any]]] = {
        frame: [] for frame in range(1 if one_field else max(1, frames))
    }
    try:
        marks = drawn(annotations, config.tasks)
        if len(marks) > config.max_marks:
            raise ValueError(f"expected at most {config.max_marks} marks, got {len(marks):,}")
        for mark in marks:
            given = mark.get("frame", 0)
            frame = given if isinstance(given, int) and not one_field else 0
            by_frame.setdefault(max(whole(frame, -_FRAMES, _FRAMES), 0), []).append(mark)
    except ValueError as error:
        raise FaultError("annotations", str(error)) from error
    return by_frame


def _read(
    marks: list[dict[str, Any]], side: float, scale: tuple[float, float], config: ConsensusConfig
) -> tuple[list[Drawn], list[str]]:
    """Marks with tools that the recipe knows, and names of the tools of the others."""
    known, unknown = [], []
    for mark in marks:
        names = tool_names(mark)
        tool = next((config.tools[name] for name in names if name in config.tools), None)
        if config.tools and tool is None:
            unknown.append(names[0] or names[1])
            continue
        try:
            known.append(Drawn(tool or "normal", shape(mark, (side, side), scale)))
        except NoExtentError as error:
            known.append(Drawn(tool or "normal", None, f"mark: {error}"))
        except ValueError as error:
            raise FaultError("annotations", f"mark: {error}") from error
    return known, unknown


def _name(subject: str, about: dict[str, Any], config: ConsensusConfig) -> str:
    key = config.image_id
    given = next((about[name] for name in (key, f"#{key}", f"!{key}") if name in about), subject)
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise FaultError("subject_data", f"{key}: expected a galaxy's id, got {said(given)}")
    return _safe(unguarded(str(given).strip()))


def _safe(name: str) -> str:
    try:
        return check_galaxy_id(name)
    except ClumpscopeError as error:
        raise FaultError("subject_data", str(error)) from error


def _side(about: dict[str, Any], config: ConsensusConfig) -> float:
    key = config.box_side_key
    given = about.get(key, about.get(f"#{key}", config.box_side_px))
    try:
        return real(float(given) if isinstance(given, str) else given, LEAST_PX, MOST_PX)
    except ValueError as error:
        raise FaultError("subject_data", f"{key}: {error}") from error


def _size(about: object, which: str) -> tuple[float, float] | None:
    """Width and height, "natural" or "client", where they are known: neither blank nor 0."""
    pair = [about.get(f"{which}{side}") if isinstance(about, dict) else None for side in _SIDES]
    if not all(one is not None and one != 0 for one in pair):
        return None
    try:
        width, height = (real(one, 1, MOST_PX) for one in pair)
    except ValueError as error:
        raise FaultError("metadata", f"{which}Width, {which}Height: {error}") from error
    return width, height


_SIDES = ("Width", "Height")


def _scale(
    size: tuple[float, float] | None, seen: tuple[float, float] | None
) -> tuple[float, float]:
    """Pixels of the file a pixel of the volunteer's screen."""
    if size is None or seen is None:
        raise FaultError("metadata", "expected sizes of file and screen (display), got none")
    return size[0] / seen[0], size[1] / seen[1]
