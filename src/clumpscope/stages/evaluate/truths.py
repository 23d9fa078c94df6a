"""Volunteers' boxes as truths: places without fluxes."""

from collections.abc import Mapping

import numpy as np
from astropy.table import QTable

from clumpscope.core.box_tables import corners_of
from clumpscope.core.frames import fraction_to_native, sky_to_native
from clumpscope.core.grid import Grid
from clumpscope.core.records import TRUTH, record_table
from clumpscope.core.schema import plain, rows_by_id


def truth_of_labels(labels: QTable, grids: Mapping[str, Grid]) -> QTable:
    """Truth table of labels: the middle of each box, its kind, no flux ratio.

    A blank box is taken from its sky position. Where the grid of a galaxy is not known, or a
    blank box has no place, the position is NaN: it is missed by whatever is found.

    Parameters
    ----------
    labels
        Of kind `LABELS`; boxes are fractions of the image.
    grids
        Pixel grids by galaxy.
    """
    box = corners_of(labels)
    middle = (box[:, :2] + box[:, 2:]) / 2
    sky = np.column_stack(
        [plain(labels, name) if name in labels.colnames else middle[:, 0] * np.nan
         for name in ("ra", "dec")]
    )  # fmt: skip
    xy = np.full((len(labels), 2), np.nan)
    number = np.zeros(len(labels), dtype=int)
    for galaxy_id, rows in rows_by_id(labels).items():
        number[rows] = np.arange(1, len(rows) + 1)
        grid = grids.get(galaxy_id)
        if grid is None:
            continue
        xy[rows] = fraction_to_native(middle[rows], grid.shape)
        placed = rows[np.isnan(middle[rows]).any(axis=1) & np.isfinite(sky[rows]).all(axis=1)]
        if len(placed) and grid.wcs is not None:
            xy[placed] = sky_to_native(sky[placed], grid.wcs)
    return record_table(
        TRUTH,
        {
            "galaxy_id": plain(labels, "galaxy_id").astype(str),
            "clump_id": number,
            "ra": sky[:, 0],
            "dec": sky[:, 1],
            "x": xy[:, 0],
            "y": xy[:, 1],
            "label": plain(labels, "label"),
        },
    )
