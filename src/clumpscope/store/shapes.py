"""Marks of Panoptes tools, old and new, as boxes in pixels."""

import math
from collections.abc import Iterator
from typing import Any

Box = tuple[float, float, float, float]

_SIZED = ("r", "width", "height", "rx", "ry")


def drawn(annotations: object, tasks: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Every drawn mark of a classification; those of combined tasks too."""
    for entry in annotations if isinstance(annotations, list) else ():
        if not isinstance(entry, dict) or "task" not in entry:
            continue
        value = entry.get("value")
        if not isinstance(value, list):
            continue
        if any(isinstance(item, dict) and "task" in item for item in value):
            yield from drawn(value, tasks)
        elif not tasks or entry["task"] in tasks:
            yield from (item for item in value if isinstance(item, dict) and _is_mark(item))


def tool_names(mark: dict[str, Any]) -> tuple[str, str]:
    """Label and number of the tool that made a mark; empty where they are not told."""
    number = mark.get("tool", mark.get("toolIndex", ""))
    return str(mark.get("tool_label", "")).strip(), str(number)


def hits(box: Box, x: float, y: float) -> bool:
    """Whether a point is in a box."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _is_mark(item: dict[str, Any]) -> bool:
    return any(key in item for key in ("x", "x1", "x_center"))


def shape(mark: dict[str, Any], side: tuple[float, float], scale: tuple[float, float]) -> Box:
    """x1, y1, x2, y2 of a point, circle, ellipse, rectangle or line, in pixels of the image.

    Parameters
    ----------
    mark
        As Panoptes stores it. A rectangle's ``x, y`` is its corner, of the others the centre.
    side
        Width and height of the box that a point becomes.
    scale
        Image pixels a unit of the marks' coordinates.

    Raises
    ------
    ValueError
        If a number is missing, no number, or a size is not positive.
    """
    number = {key: _number(key, mark[key]) for key in mark if key in _NUMBERS}
    for key in _SIZED:
        if key in number and not number[key] > 0:
            raise ValueError(f"{key}: expected a positive size, got {number[key]:g}")
    if "x1" in number:
        x1, x2 = sorted((_get(number, "x1"), _get(number, "x2")))
        y1, y2 = sorted((_get(number, "y1"), _get(number, "y2")))
    elif "x_center" in number:
        x, y = _get(number, "x_center"), _get(number, "y_center")
        half = _get(number, "width") / 2, _get(number, "height") / 2
        x1, y1, x2, y2 = x - half[0], y - half[1], x + half[0], y + half[1]
    elif "width" in number:
        x1, y1 = _get(number, "x"), _get(number, "y")
        x2, y2 = x1 + number["width"], y1 + _get(number, "height")
    else:
        x, y = _get(number, "x"), _get(number, "y")
        if "r" in number:
            half = number["r"], number["r"]
        elif "rx" in number:
            half = _turned(number["rx"], _get(number, "ry"), number.get("angle", 0.0))
        else:
            half = side[0] / 2 / scale[0], side[1] / 2 / scale[1]
        x1, y1, x2, y2 = x - half[0], y - half[1], x + half[0], y + half[1]
    return x1 * scale[0], y1 * scale[1], x2 * scale[0], y2 * scale[1]


_NUMBERS = frozenset(
    ("x", "y", "r", "rx", "ry", "angle", "width", "height", "x1", "y1", "x2", "y2")
    + ("x_center", "y_center")
)


def _get(number: dict[str, float], key: str) -> float:
    if key not in number:
        raise ValueError(f"{key}: missing")
    return number[key]


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{key}: expected a number, got {value!r}")
    return float(value)


def _turned(rx: float, ry: float, angle_deg: float) -> tuple[float, float]:
    """Half sides of the box around an ellipse."""
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return math.hypot(rx * c, ry * s), math.hypot(rx * s, ry * c)
