"""Labels as boxes of each galaxy, checked."""

from collections.abc import Sequence

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got


def labels_by_galaxy(table: QTable, ids: Sequence[str], where: object) -> dict[str, Boxes]:
    """Labels of each galaxy that has any, boxes as fractions of the stored array.

    Their scores are the column ``probability`` of a consensus, where there is one, else 1.

    Parameters
    ----------
    table
        Of kind `LABELS`, with or without the columns of a consensus.
    ids
        Galaxies that are there.
    where
        The table's name in messages.

    Raises
    ------
    TableError
        If a label, a box or a galaxy is not possible.
    """
    box = corners_of(table)
    label = plain(table, "label").astype(np.int64)
    _check_labels(ids, where, plain(table, "galaxy_id").astype(str), label, box)
    known = plain(table, "probability") if "probability" in table.colnames else np.nan
    score = np.where(np.isfinite(known), np.clip(known, 0, 1), 1.0) * np.ones(len(table))
    return {
        galaxy_id: Boxes.of(
            box[rows], label[rows], score[rows], np.full((len(rows), len(Label)), np.nan)
        )
        for galaxy_id, rows in rows_by_id(table).items()
    }


def _check_labels(
    there: Sequence[str],
    where: object,
    ids: NDArray[np.str_],
    label: NDArray[np.int64],
    box: NDArray[np.float64],
) -> None:
    known = np.isin(ids, there)
    possible = np.isin(label, (Label.CLUMP, Label.ODD))
    whole = (box[:, :2] < box[:, 2:]).all(axis=1) & np.isfinite(box).all(axis=1)
    bad = np.flatnonzero(~(known & possible & whole))
    if not len(bad):
        return
    row = bad[0]
    place = f"{where}, row {row + 1}"
    shown = ", ".join(f"{corner:g}" for corner in box[row])
    if not known[row]:
        problem = expected_got(f"{place}, galaxy_id", "a galaxy of the sample", ids[row])
    elif not possible[row]:
        problem = expected_got(f"{place}, label", "1 (clump) or 2 (odd clump)", label[row])
    elif not np.isfinite(box[row]).all():
        problem = expected_got(f"{place}, {', '.join(CORNERS)}", "finite numbers", shown)
    else:
        problem = expected_got(f"{place}, {', '.join(CORNERS)}", "x1 < x2 and y1 < y2", shown)
    raise TableError(problem)
