"""Writes classification exports as Zooniverse's Panoptes gives them."""

import gzip
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clumpscope.ops.csv_cells import write_csv
from clumpscope.store.atomic import atomic

COLUMNS = (
    *("classification_id", "user_name", "user_id", "user_ip", "workflow_id", "workflow_name"),
    *("workflow_version", "created_at", "gold_standard", "expert", "metadata", "annotations"),
    *("subject_data", "subject_ids"),
)
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
TASK = "T0"


@dataclass(frozen=True)
class Classification:
    """One volunteer's marks on one subject.

    ``marks`` are (x, y, tool number, tool label) in pixels of the picture of ``size_px`` (width,
    height); ``about`` is the subject's metadata.
    """

    subject: int
    about: dict[str, Any]
    size_px: tuple[int, int]
    user: str
    marks: list[tuple[float, float, int, str]]


def write_export(path: Path, classifications: Iterable[Classification]) -> int:
    """Write CSV, compressed if the name ends in ``.gz``; returns the number of rows.

    The same classifications give the same bytes.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    count = 0
    with atomic(path) as temporary, temporary.open("wb") as raw:
        packed = path.suffix == ".gz"
        binary = gzip.GzipFile("", "wb", 6, raw, mtime=0) if packed else raw
        with io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
            write_csv(text, [COLUMNS], end="\r\n")
            for number, one in enumerate(classifications, start=1):
                write_csv(text, [_row(number, one)], end="\r\n")
                count = number
    return count


def _row(number: int, one: Classification) -> list[object]:
    width, height = one.size_px
    dimensions = {
        "naturalWidth": width,
        "naturalHeight": height,
        "clientWidth": width,
        "clientHeight": height,
    }
    when = _FIRST + timedelta(seconds=37 * number)
    metadata = {"source": "simulated", "subject_dimensions": [dimensions]}
    marks = [
        {"x": x, "y": y, "tool": tool, "frame": 0, "details": [], "tool_label": label}
        for x, y, tool, label in one.marks
    ]
    annotations = [{"task": TASK, "task_label": "Mark the clumps", "value": marks}]
    known = "" if one.user.startswith("not-logged-in") else str(one.user.rsplit("_", 1)[-1])
    return [
        *(number, one.user, known, "", 1, "clumps", "1.1", f"{when:%Y-%m-%d %H:%M:%S} UTC"),
        *("", "", _compact(metadata), _compact(annotations)),
        _compact({str(one.subject): {"retired": None, **one.about}}),
        one.subject,
    ]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
