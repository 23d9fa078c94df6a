"""One row of a classification export: who looked at which images, and what was drawn there."""

from dataclasses import dataclass
from typing import Any

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.marks import Kind
from clumpscope.errors import ClumpscopeError
from clumpscope.ops.csv_cells import unguarded
from clumpscope.ops.numbers import real, said, whole
from clumpscope.store.json_text import parse_json
from clumpscope.store.panoptes_rows import (
    FaultError,
    check_cells,
    json_cell,
    subject_of,
    volunteer_of,
)
from clumpscope.store.shapes import Box, NoExtentError, drawn, shape, tool_names

BOXES_KEY = "#boxes"  # subject metadata: boxes to correct, JSON of `[[x1, y1, x2, y2, kind], …]`
KINDS = {"normal": Kind.NORMAL, "odd": Kind.ODD, "bulge": Kind.BULGE}
LEAST_PX = 1e-3  # of a box
_MOST_PX = 1e6
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
    name, side, shown = _name(subject, about, config), _side(about, config), _shown(about, most)
    frames = metadata.get("subject_dimensions")
    sizes = frames if isinstance(frames, list) else []
    looks = []
    for frame, marks in _by_frame(annotations, len(sizes), config).items():
        about_size = sizes[frame] if frame < len(sizes) else None
        size, scale = _size(about_size, "natural"), (1.0, 1.0)
        if config.coordinates == "display" and marks:
            scale = _scale(size, _size(about_size, "client"))
        known, unknown = _read(marks, side, scale, config)
        image = _safe(f"{name}.frame{frame}" if frame else name)
        looks.append(Look(image, subject, who, size, side, known, unknown, shown))
    return looks


def _by_frame(
    annotations: object, frames: int, config: ConsensusConfig
) -> dict[int, list[dict[str, Any]]]:
    """Marks of each frame; every frame was looked at."""
    if frames > _FRAMES:
        raise FaultError("metadata", f"expected at most {_FRAMES} frames, got {frames:,}")
    by_frame: dict[int, list[dict[str, Any]]] = {
        frame: [] for frame in range(1 if config.merge_frames else max(1, frames))
    }
    try:
        marks = drawn(annotations, config.tasks)
        if len(marks) > config.max_marks:
            raise ValueError(f"expected at most {config.max_marks} marks, got {len(marks):,}")
        for mark in marks:
            given = mark.get("frame", 0)
            frame = given if isinstance(given, int) and not config.merge_frames else 0
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
        return real(float(given) if isinstance(given, str) else given, LEAST_PX, _MOST_PX)
    except ValueError as error:
        raise FaultError("subject_data", f"{key}: {error}") from error


def _size(about: object, which: str) -> tuple[float, float] | None:
    """Width and height, "natural" or "client", where they are known: neither blank nor 0."""
    pair = [about.get(f"{which}{side}") if isinstance(about, dict) else None for side in _SIDES]
    if not all(one is not None and one != 0 for one in pair):
        return None
    try:
        width, height = (real(one, 1, _MOST_PX) for one in pair)
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


def _shown(about: dict[str, Any], most: int) -> list[tuple[Box, int]]:
    """Boxes that were shown with the subject."""
    text = about.get(BOXES_KEY)
    try:
        given = parse_json(text) if isinstance(text, str) else text or []
        if not isinstance(given, list):
            raise ValueError(f"expected a list of boxes, got {said(given)}")
        if len(given) > most:
            raise ValueError(
                f"expected at most {most:,} boxes ([limits] marks), got {len(given):,}"
            )
        return [_box(one) for one in given]
    except ValueError as error:
        raise FaultError("subject_data", f"{BOXES_KEY}: {error}") from None


def _box(given: object) -> tuple[Box, int]:
    if not isinstance(given, list) or len(given) != 5:
        raise ValueError(f"expected x1, y1, x2, y2, kind, got {said(given)}")
    x1, y1, x2, y2 = (real(one, -_MOST_PX, _MOST_PX) for one in given[:4])
    if x2 - x1 < LEAST_PX or y2 - y1 < LEAST_PX:
        raise ValueError(f"expected x1 < x2 and y1 < y2, got {said(given)}")
    return (x1, y1, x2, y2), whole(given[4], min(Kind), max(Kind))
