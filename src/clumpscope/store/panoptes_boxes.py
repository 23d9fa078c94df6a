"""Boxes that travel in a subject's metadata, for volunteers to correct."""

from typing import Any

from clumpscope.core.corrections import BOXES_KEY, SHOWN_KEY, WAYS, Shown
from clumpscope.core.marks import Kind
from clumpscope.ops.numbers import real, said, whole
from clumpscope.store.json_text import parse_json
from clumpscope.store.panoptes_rows import FaultError
from clumpscope.store.shapes import Box

LEAST_PX = 1e-3  # of a box
MOST_PX = 1e6
Boxes = list[tuple[Box, int]]


def shown_of(about: dict[str, Any]) -> Shown:
    """How a subject's boxes are shown, as far as its metadata say.

    Raises
    ------
    FaultError
        If it is none of the ways.
    """
    given = about.get(SHOWN_KEY, "shown")
    for way in WAYS:
        if way == given:
            return way
    raise FaultError("subject_data", f"{SHOWN_KEY}: expected {', '.join(WAYS)}, got {said(given)}")


def boxes_of(about: dict[str, Any], most: int) -> Boxes:
    """A subject's boxes, x1, y1, x2, y2 in pixels of its picture, and their kinds.

    Raises
    ------
    FaultError
        If they are none, or more than ``most``.
    """
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
    x1, y1, x2, y2 = (real(one, -MOST_PX, MOST_PX) for one in given[:4])
    if x2 - x1 < LEAST_PX or y2 - y1 < LEAST_PX:
        raise ValueError(f"expected x1 < x2 and y1 < y2, got {said(given)}")
    return (x1, y1, x2, y2), whole(given[4], min(Kind), max(Kind))
