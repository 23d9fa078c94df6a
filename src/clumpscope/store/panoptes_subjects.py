"""Reads Zooniverse's export of a project's subjects."""

import re
from pathlib import Path

from clumpscope.core.corrections import BOXES_KEY, SHOWN_KEY
from clumpscope.core.marks import Kind
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import said
from clumpscope.store.panoptes_boxes import Boxes, boxes_of, shown_of
from clumpscope.store.panoptes_rows import (
    FaultError,
    check_cells,
    json_cell,
    open_text,
    records,
)

COLUMNS = ("subject_id", "metadata")
_NUMBER = re.compile("[0-9]{1,18}")


def editable_subjects(path: Path, most: int) -> dict[int, Boxes]:
    """Boxes of each subject whose boxes volunteers change, by the subject's number.

    A subject of several sets is listed once for each, and taken once. Others' subjects and those
    whose boxes are shown otherwise are left out.

    Raises
    ------
    TableError
        If the file cannot be read, a subject's boxes are none, or there is no such subject.
    """
    found: dict[int, Boxes] = {}
    with open_text(path) as stream:
        for row, record in records(path, stream, COLUMNS):
            try:
                check_cells(record, COLUMNS)
                about = json_cell(record, "metadata", dict)
                if BOXES_KEY not in about or shown_of(about) != "editable":
                    continue
                number = record["subject_id"].strip()
                if not _NUMBER.fullmatch(number):
                    raise FaultError("subject_id", f"expected a number, got {said(number)}")
                found[int(number)] = _clumps(boxes_of(about, most))
            except FaultError as error:
                raise TableError(f"{path}, row {row}, column {error.column}: {error}") from error
    if not found:
        wanted = f"subjects with {BOXES_KEY}, and {SHOWN_KEY} = editable"
        hint = "export them with --boxes editable"
        raise TableError(expected_got(path, wanted, "none", hint))
    return found


def _clumps(boxes: Boxes) -> Boxes:
    for _, kind in boxes:
        if kind not in (Kind.NORMAL, Kind.ODD):
            raise FaultError("metadata", f"{BOXES_KEY}: expected kind 1 or 2, got {kind}")
    return boxes
