"""Boxes of many galaxies as a detections table, and back."""

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import Boxes
from clumpscope.core.schema import plain, rows_by_id


def boxes_by_galaxy(detections: QTable) -> dict[str, Boxes]:
    """Boxes of each galaxy of a detections table, as fractions of the stored array."""
    columns = {
        name: plain(detections, name)
        for name in ("x1", "y1", "x2", "y2", "label", "score", "p_background", "p_clump", "p_odd")
    }
    box = np.column_stack([columns[name] for name in ("x1", "y1", "x2", "y2")])
    vector = np.column_stack([columns[name] for name in ("p_background", "p_clump", "p_odd")])
    return {
        galaxy_id: Boxes.of(box[rows], columns["label"][rows], columns["score"][rows], vector[rows])
        for galaxy_id, rows in rows_by_id(detections).items()
    }
