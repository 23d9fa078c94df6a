"""What people decided in `clumpscope vet`: boxes that were accepted or drawn; rejected ones go.

The document is that of `clumpscope vet RUN --export FILE.json`, or of the page's own export. Of
boxes for one clump (IoU of `SAME` or more) one counts: a drawn one before one of the model, then
the last.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import Label
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import said
from clumpscope.ops.overlap import iou
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.common import boxes_of, labels_from

KIND, VERSION = "clumpscope vet", 1
SAME = 0.5


def read(content: dict[str, Any], _: Images, where: object) -> QTable:
    """Labels of a document of decisions.

    Raises
    ------
    TableError
        If it is none, or a box in it cannot be.
    """
    if content.get("kind") != KIND or not isinstance(content.get("galaxies"), list):
        got = said(content.get("kind"))
        raise TableError(expected_got(where, f"decisions of kind {KIND!r}", got))
    if content.get("version") != VERSION:
        expected = f"decisions of version {VERSION}"
        raise TableError(expected_got(where, expected, said(content.get("version"))))
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    rank: list[tuple[bool, int]] = []
    for galaxy_id, box in _boxes(content["galaxies"], where):
        place = f"galaxy {said(galaxy_id)}, box {said(box.get('key'))}"
        if box.get("deleted") or box.get("state") != "accepted":
            continue
        corners = box.get("box")
        if not (isinstance(corners, list) and len(corners) == len(CORNERS)):
            raise TableError(expected_got(f"{where}: {place}: box", "four numbers", said(corners)))
        label = box.get("label")
        rows.append(
            {"galaxy_id": galaxy_id, "label": label} | dict(zip(CORNERS, corners, strict=True))
        )
        places.append(place)
        rank.append((box.get("source") == "drawn", _revision(box)))
    return _once(labels_from(rows, where, places=places), rank)


def _revision(box: Mapping[str, Any]) -> int:
    given = box.get("revision")
    return given if isinstance(given, int) else 0


def _once(labels: QTable, rank: list[tuple[bool, int]]) -> QTable:
    """Labels of which no two decisions are of one clump: of several the highest rank stays."""
    corners = boxes_of(labels)
    stays = np.ones(len(labels), dtype=bool)
    for mine in rows_by_id(labels).values():
        decided = [row for row in mine.tolist() if rank[row][1]]
        order = np.array(sorted(decided, key=lambda row: rank[row], reverse=True), dtype=np.intp)
        same = iou(corners[order], corners[order]) >= SAME
        for k in range(len(order)):
            if stays[order[k]]:
                stays[order[k + 1 :][same[k, k + 1 :]]] = False
    return labels[stays]


def _boxes(galaxies: list[Any], where: object) -> Iterator[tuple[object, Mapping[str, Any]]]:
    for galaxy in galaxies:
        boxes = galaxy.get("boxes") if isinstance(galaxy, dict) else None
        if not (isinstance(boxes, list) and all(isinstance(box, dict) for box in boxes)):
            raise TableError(expected_got(f"{where}: galaxies", "each with boxes", said(galaxy)))
        for box in boxes:
            yield galaxy.get("galaxy_id"), box


def write(labels: QTable, _: Images) -> dict[str, Any]:
    """A document in which every label was drawn and nobody is named.

    Raises
    ------
    TableError
        If a box is blank.
    """
    galaxies: dict[str, list[dict[str, Any]]] = {}
    ids = plain(labels, "galaxy_id").astype(str).tolist()
    kinds = plain(labels, "label").tolist()
    for galaxy_id, label, box in zip(ids, kinds, boxes_of(labels).tolist(), strict=True):
        boxes = galaxies.setdefault(galaxy_id, [])
        told = {"source": "drawn", "state": "accepted", "label": int(Label(label)), "box": box}
        boxes.append({"key": f"d{len(boxes) + 1}", **told})
    return {
        "kind": KIND,
        "version": VERSION,
        "galaxies": [{"galaxy_id": one, "boxes": boxes} for one, boxes in galaxies.items()],
    }


FORMAT = Format("json", read, write)
