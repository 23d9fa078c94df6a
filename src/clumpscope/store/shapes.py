"""Marks of Panoptes tools, old and new, as boxes in pixels."""

import math
from collections.abc import Iterator
from typing import Any

from clumpscope.ops.numbers import real, said

Box = tuple[float, float, float, float]

_FARTHEST = 1e6  # of any coordinate or size, px
_DEEPEST = 4  # tasks combined in tasks
_NO_ANSWER, _NO_TASK = "unknown answer label", "task cannot be exported"  # of Panoptes
_OTHER = frozenset(("points", "pathX", "pathY", "spread", "radius"))  # freehand, polygons, fans
_MARK = _OTHER | {"tool", "toolIndex", "toolType", "x", "x1", "x_center"}
_SHAPES = {
    *("point", "circle", "ellipse", "rectangle", "rotateRectangle", "line"),
    *("temporalPoint", "temporalRotateRectangle"),
}


class NoExtentError(ValueError):
    """A mark whose size is none, such as of a click with a tool that wants to be dragged."""


def drawn(annotations: object, tasks: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every drawn mark of a classification; those of combined tasks too.

    Of answers to questions there is none. A task that ``tasks`` name holds marks and nothing else.

    Raises
    ------
    ValueError
        If an annotation cannot be read, so that it is not known what was drawn.
    """
    values = [value for task, value in _tasks(annotations, _DEEPEST) if not tasks or task in tasks]
    lists = [value for value in values if isinstance(value, list)]
    # Panoptes says this of answers only: where something could be drawn, it is another task's.
    if not tasks and any(all(isinstance(item, dict) for item in value) for value in lists):
        values = [value for value in values if value != _NO_ANSWER]
    return [mark for value in values for mark in _marks(value, named=bool(tasks))]


def _tasks(annotations: object, deepest: int) -> Iterator[tuple[object, object]]:
    """Name and value of each task, of combined ones in their stead."""
    if not isinstance(annotations, list) or not deepest:
        raise ValueError(f"expected a list of tasks, got {said(annotations)}")
    for entry in annotations:
        if not isinstance(entry, dict) or "task" not in entry:
            raise ValueError(f"expected an annotation with its task, got {said(entry)}")
        value = entry.get("value")
        if isinstance(value, list) and any(isinstance(e, dict) and "task" in e for e in value):
            yield from _tasks(value, deepest - 1)
        else:
            yield entry["task"], value


def _marks(value: object, *, named: bool) -> Iterator[dict[str, Any]]:
    """Marks of one task's value; ``named`` if it can hold nothing else."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and not _MARK.isdisjoint(item):
            yield item
        elif item is not None and (named or item in (_NO_ANSWER, _NO_TASK)):
            raise ValueError(f"expected marks, got {said(item)}")


def tool_names(mark: dict[str, Any]) -> tuple[str, str]:
    """Label and number of the tool that made a mark; empty where they are not told."""
    label, number = mark.get("tool_label"), mark.get("tool", mark.get("toolIndex"))
    return _name(label), _name(number)


def _name(given: object) -> str:
    if given is None:
        return ""
    return (str(given) if isinstance(given, str | int) else said(given)).strip()[:200]


def hits(box: Box, x: float, y: float) -> bool:
    """Whether a point is in a box."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def shape(mark: dict[str, Any], side: tuple[float, float], scale: tuple[float, float]) -> Box:
    """x1, y1, x2, y2 of a point, circle, ellipse, rectangle or line, in pixels of the image.

    A turned ellipse or rectangle becomes the upright box around it.

    Parameters
    ----------
    mark
        As Panoptes stores it. A rectangle's ``x, y`` is its corner before it is turned about its
        centre, of the others the centre.
    side
        Width and height of the box that a point becomes.
    scale
        Image pixels a unit of the marks' coordinates.

    Raises
    ------
    NoExtentError
        If its size is none.
    ValueError
        If it has another shape, or a number is missing or none.
    """
    kind = mark.get("toolType", "point")
    if not (_OTHER.isdisjoint(mark) and isinstance(kind, str) and kind in _SHAPES):
        got = next((f"one with {key}" for key in mark if key in _OTHER), said(kind))
        raise ValueError(f"expected a point, circle, ellipse, rectangle or line, got {got}")
    number = _numbers(mark)
    if "x1" in number:
        x1, x2 = sorted((_get(number, "x1"), _get(number, "x2")))
        y1, y2 = sorted((_get(number, "y1"), _get(number, "y2")))
    else:
        across, down = _half(number, (side[0] / scale[0], side[1] / scale[1]))
        named = "x_center" in number
        x, y = (_get(number, f"{axis}_center" if named else axis) for axis in "xy")
        corner = "width" in number and not named
        w, h = (number["width"] / 2, number["height"] / 2) if corner else (0.0, 0.0)
        x1, y1, x2, y2 = x + (w - across), y + (h - down), x + (w + across), y + (h + down)
    return x1 * scale[0], y1 * scale[1], x2 * scale[0], y2 * scale[1]


_SIZED = ("r", "width", "height", "rx", "ry")
_NUMBERS = frozenset(
    ("x", "y", "angle", "x1", "y1", "x2", "y2", "x_center", "y_center", *_SIZED),
)


def _half(number: dict[str, float], point: tuple[float, float]) -> tuple[float, float]:
    """Half the sides of the upright box around a shape; ``point``, the sides of a point's."""
    for key in _SIZED:
        if key in number and not number[key] > 0:
            raise NoExtentError(f"{key}: expected a positive size, got {number[key]:g}")
    c, s = 1.0, 0.0
    if "angle" in number:
        angle = math.radians(number["angle"])
        c, s = abs(math.cos(angle)), abs(math.sin(angle))
    if "width" in number:
        w, h = number["width"] / 2, _get(number, "height") / 2
        return w * c + h * s, w * s + h * c
    if "rx" in number:
        rx, ry = number["rx"], _get(number, "ry")
        return math.hypot(rx * c, ry * s), math.hypot(rx * s, ry * c)
    if "r" in number:
        return number["r"], number["r"]
    return point[0] / 2, point[1] / 2


def _get(number: dict[str, float], key: str) -> float:
    if key not in number:
        raise ValueError(f"{key}: missing")
    return number[key]


def _numbers(mark: dict[str, Any]) -> dict[str, float]:
    number, key = {}, ""
    try:
        for key, value in mark.items():
            if key in _NUMBERS:
                number[key] = real(value, -_FARTHEST, _FARTHEST)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    return number
