"""What a table of labels may hold, checked wherever one comes in."""

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Label
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.problems import Problems
from clumpscope.core.records import CONSENSUS
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got

_LEAST = 1e-6  # side of a box, image sides
_SHARES = ("probability", "p_odd", "tool_mean")
_COUNTS = tuple(spec.name for spec in CONSENSUS if spec.dtype == "i4")


def note_labels(table: Table, where: object, problems: Problems, *, blank: bool) -> None:
    """Note the rows of a table of labels in which something cannot be.

    Parameters
    ----------
    table
        Of kind `LABELS`, with or without columns of `CONSENSUS`.
    where
        Its name in messages.
    blank
        Whether a box may be blank.

    Raises
    ------
    TableError
        If a column that holds numbers holds something else.
    """
    for row, galaxy_id in enumerate(plain(table, "galaxy_id").tolist()):
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            problems.reasons.setdefault(row, str(error))
    label = plain(table, "label")
    kinds = "1 (clump) or 2 (odd clump)"
    problems.note_where(~np.isin(label, (Label.CLUMP, Label.ODD)), "label", kinds, label)
    _note_boxes(corners_of(table), problems, blank=blank)
    for name, most in (("ra", 360.0), ("dec", 90.0)):
        values = _numbers(table, name, where)
        problems.note_where(np.abs(values) > most, name, f"degrees within {most:g} of 0", values)
    for names, most, expected in ((_SHARES, 1, "0 to 1"), (_COUNTS, np.inf, "0 or more")):
        for name in names:
            if name in table.colnames:
                values = _numbers(table, name, where)
                problems.note_where((values < 0) | (values > most), name, expected, values)


def _note_boxes(box: NDArray[np.float64], problems: Problems, *, blank: bool) -> None:
    what, whole = "x1, y1, x2, y2", np.isfinite(box).all(axis=1)
    missing = ~whole & ~(np.isnan(box).all(axis=1) & blank)
    problems.note_where(missing, what, "finite numbers", box)
    thin = (box[:, 2:] - box[:, :2] < _LEAST).any(axis=1)
    problems.note_where(whole & thin, what, "x1 < x2 and y1 < y2", box)
    far = (box < -1).any(axis=1) | (box > 2).any(axis=1)
    problems.note_where(whole & far, what, "a box near the image, whose sides are 1", box)


def _numbers(table: Table, name: str, where: object) -> NDArray[np.float64]:
    values = plain(table, name)
    if values.dtype.kind not in "iuf":
        raise TableError(expected_got(f"{where}: {name}", "numbers", "others"))
    return values.astype(float)
