"""The layout of Popp et al.'s label table: corners in pixels of the central 200 px crop."""

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.box_tables import corner_columns
from clumpscope.core.marks import PICTURE_PX
from clumpscope.core.problems import Problems
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.ids import id_texts
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.columns import numbers
from clumpscope.stages.labels.formats.common import EXTRAS, boxes_of, labels_from

_CROP_PX = 200  # of the picture (Popp et al. 2024, section 3)
_COLUMNS = ("local_id", "label", *CORNERS)
_OFFSET = (PICTURE_PX - _CROP_PX) / 2


def write(labels: QTable, _images: Images) -> Table:
    """Columns ``zoo_id``, ``local_id``, ``label`` and the corners, and a consensus's, if any.

    Ids that are no whole numbers stay text; ``zoo_id`` is the label table's own, else -1.

    Raises
    ------
    TableError
        If a box is blank.
    """
    ids = [str(name) for name in labels["galaxy_id"]]
    whole = all(name.isdecimal() and str(int(name)) == name and len(name) < 19 for name in ids)
    zoo = plain(labels, "zoo_id") if "zoo_id" in labels.colnames else np.full(len(labels), -1)
    table = Table({"zoo_id": zoo, "local_id": np.array(ids, dtype=np.int64 if whole else np.str_)})
    table["label"] = plain(labels, "label")
    for name, values in corner_columns(boxes_of(labels)).items():
        table[name] = values * PICTURE_PX - _OFFSET
    for name in labels.colnames:
        if name not in (*table.colnames, "galaxy_id"):
            table[name] = plain(labels, name)
    return table


def from_authors(table: Table, where: object) -> QTable:
    """Labels from the authors' table, which needs no images.

    Raises
    ------
    TableError
        If a column is missing or a value does not fit.
    """
    return read(table, Images(None, 0), where)


def read(table: Table, _images: Images, where: object) -> QTable:
    """Labels from the authors' table; ``galaxy_id`` is their ``local_id``.

    Raises
    ------
    TableError
        If a column is missing or a value does not fit.
    """
    missing = [name for name in _COLUMNS if name not in table.colnames]
    if missing:
        raise TableError(
            expected_got(where, f"columns {', '.join(_COLUMNS)}", f"none named {missing[0]}")
        )
    problems = Problems()
    ids = id_texts(table["local_id"], f"{where}: column local_id")
    columns = {
        name: numbers(table, (name,), problems)
        for name in ("label", *CORNERS, *EXTRAS)
        if name in table.colnames
    }
    for name in CORNERS:
        columns[name] = (columns[name] + _OFFSET) / PICTURE_PX
    problems.refuse(ids, where)
    rows = [
        {"galaxy_id": galaxy_id, **dict(zip(columns, row, strict=True))}
        for galaxy_id, row in zip(
            ids, np.column_stack(list(columns.values())).tolist(), strict=True
        )
    ]
    labels = labels_from(rows, where)
    if "zoo_id" in table.colnames:
        labels["zoo_id"] = np.asarray(table["zoo_id"])
    return labels


FORMAT = Format("table", read, write)
