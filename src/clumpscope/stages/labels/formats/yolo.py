"""Labels as YOLO text: one file an image, ``class x y w h [probability]`` in fractions."""

import math
from collections.abc import Mapping

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import LABEL_NAMES
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.labels.formats.common import CORNERS, labels_from, rows_of

CLASSES = "".join(f"{name}\n" for name in LABEL_NAMES.values())


def to_yolo(labels: QTable) -> dict[str, str]:
    """Text of each galaxy's file. Class 0 is a clump, 1 an odd clump; rows run down."""
    corners = np.column_stack([plain(labels, name) for name in CORNERS]).reshape(-1, 4)
    centre, side = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    known = "probability" in labels.colnames
    chance = plain(labels, "probability") if known else np.full(len(labels), np.nan)
    texts = {}
    for galaxy_id, rows in rows_of(labels):
        lines = []
        for row in rows:
            numbers = [*centre[row], *side[row]]
            if math.isfinite(chance[row]):
                numbers.append(chance[row])
            words = [str(int(labels["label"][row]) - 1), *(repr(float(n)) for n in numbers)]
            lines.append(" ".join(words))
        texts[galaxy_id] = "".join(f"{line}\n" for line in lines)
    return texts


def from_yolo(texts: Mapping[str, str]) -> QTable:
    """Labels from the text of each galaxy's file.

    Raises
    ------
    TableError
        If a line is not as it should be; it names file and line.
    """
    rows = []
    for galaxy_id, text in texts.items():
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words:
                continue
            try:
                label = int(words[0]) + 1
                x, y, w, h, *more = (float(word) for word in words[1:])
                if len(more) > 1 or not (w > 0 and h > 0) or not all(map(math.isfinite, (x, y))):
                    raise ValueError
            except ValueError:
                raise TableError(
                    expected_got(
                        f"{galaxy_id}.txt, line {number}", "class x y w h [probability]", line
                    )
                ) from None
            box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            row = {"galaxy_id": galaxy_id, "label": label, **dict(zip(CORNERS, box, strict=True))}
            rows.append({**row, **({"probability": more[0]} if more else {})})
    return labels_from(rows, "YOLO labels")
