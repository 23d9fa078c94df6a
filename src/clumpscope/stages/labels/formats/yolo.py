"""Labels as YOLO text: one file an image, ``class x y w h [probability]`` in fractions."""

import math
from collections.abc import Mapping

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import LABEL_NAMES
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import real
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.common import boxes_of, labels_from

_SHOWN = 80  # characters of what is wrong
_CLASSES = "".join(f"{name}\n" for name in LABEL_NAMES.values())


def write(labels: QTable, _images: Images) -> dict[str, str]:
    """Text of each galaxy's file. Class 0 is a clump, 1 an odd clump; rows run down.

    Raises
    ------
    TableError
        If a box is blank.
    """
    corners = boxes_of(labels)
    centre, side = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    known = "probability" in labels.colnames
    chance = plain(labels, "probability") if known else np.full(len(labels), np.nan)
    texts = {}
    for galaxy_id, rows in rows_by_id(labels).items():
        lines = []
        for row in rows:
            numbers = [*centre[row], *side[row]]
            if math.isfinite(chance[row]):
                numbers.append(chance[row])
            words = [str(int(labels["label"][row]) - 1), *(repr(float(n)) for n in numbers)]
            lines.append(" ".join(words))
        texts[galaxy_id] = "".join(f"{line}\n" for line in lines)
    return texts


def read(texts: Mapping[str, str], _images: Images, where: object) -> QTable:
    """Labels from the text of each galaxy's file.

    Raises
    ------
    TableError
        If a line is not as it should be; it names file and line.
    """
    rows, places = [], []
    for galaxy_id, text in texts.items():
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words:
                continue
            try:
                label = int(words[0]) + 1
                x, y, w, h, *more = (real(float(word)) for word in words[1:])
                if len(more) > 1 or not (w > 0 and h > 0):
                    raise ValueError
            except ValueError:
                place = f"{where}, {galaxy_id}, line {number}"
                expected = "class x y w h [probability]"
                raise TableError(expected_got(place, expected, line[:_SHOWN])) from None
            if label not in LABEL_NAMES:
                place = f"{where}, {galaxy_id}, line {number}, class"
                raise TableError(expected_got(place, "0 or 1 (odd clump)", words[0][:_SHOWN]))
            box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            row = {"galaxy_id": galaxy_id, "label": label, **dict(zip(CORNERS, box, strict=True))}
            rows.append({**row, **({"probability": more[0]} if more else {})})
            places.append(f"{galaxy_id}, line {number}")
    return labels_from(rows, where, places=places)


FORMAT = Format("texts", read, write, suffix=".txt", extra={"classes.txt": _CLASSES})
