"""Boxes as columns of tables: detections of many galaxies, and labels."""

from collections.abc import Mapping

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.core.boxes import Boxes
from clumpscope.core.records import CORNERS, DETECTIONS, PROBABILITIES, record_table
from clumpscope.core.schema import plain, rows_by_id


def corners_of(table: Table, prefix: str = "") -> NDArray[np.float64]:
    """(N, 4) x1, y1, x2, y2 of a table that has them as columns, under names with ``prefix``."""
    box: NDArray[np.float64] = np.column_stack([plain(table, f"{prefix}{n}") for n in CORNERS])
    return box.reshape(-1, 4)


def corner_columns(xyxy: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Columns x1, y1, x2, y2 of boxes (N, 4)."""
    return dict(zip(CORNERS, np.reshape(xyxy, (-1, 4)).T, strict=True))


def detections_table(found: Mapping[str, Boxes]) -> QTable:
    """Detections table of the boxes of each galaxy, as fractions of the stored array."""
    boxes = [Boxes.empty(), *found.values()]
    vector = np.concatenate([one.probabilities for one in boxes])
    return record_table(
        DETECTIONS,
        {
            "galaxy_id": np.repeat(list(found), [len(one) for one in found.values()]),
            **corner_columns(np.concatenate([one.xyxy for one in boxes])),
            "score": np.concatenate([one.scores for one in boxes]),
            "label": np.concatenate([one.labels for one in boxes]),
            **dict(zip(PROBABILITIES, vector.T, strict=True)),
        },
    )


def boxes_by_galaxy(detections: QTable) -> dict[str, Boxes]:
    """Boxes of each galaxy of a detections table, as fractions of the stored array."""
    box = corners_of(detections)
    vector = np.column_stack([plain(detections, name) for name in PROBABILITIES])
    label, score = plain(detections, "label"), plain(detections, "score")
    return {
        galaxy_id: Boxes.of(box[rows], label[rows], score[rows], vector[rows])
        for galaxy_id, rows in rows_by_id(detections).items()
    }
