"""What is known to be true of a sample's clumps."""

from pathlib import Path

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.boxes import Label
from clumpscope.core.problems import Problems
from clumpscope.core.records import CORNERS, TRUTH, record_table
from clumpscope.core.schema import plain
from clumpscope.store.labels import labels_of, read_labels
from clumpscope.store.tables import as_records, read_parquet, read_user_table

_FARTHEST = 1e6  # px
_NEEDS = ("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u")


def read_truth(path: Path) -> QTable:
    """Read a truth table: ours, or one that a user wrote in any form of `read_user_table`.

    Raises
    ------
    StoreError, TableError
        If it is missing or lacks a column.
    """
    return _truth(_read(path), path)


def read_labels_or_truth(path: Path) -> tuple[QTable, QTable | None]:
    """Read a truth table, or labels: a table of boxes, or the folder that holds one.

    Returns
    -------
    The truth and ``None``, or an empty truth and the labels.

    Raises
    ------
    StoreError, TableError
        If it is missing, lacks a column, or a label cannot be.
    """
    found = None if path.is_dir() else _read(path)
    if found is not None and not set(CORNERS) <= set(found.colnames):
        return _truth(found, path), None
    labels = read_labels(path) if found is None else labels_of(found, path)
    return record_table(TRUTH, {}), labels


def _truth(table: Table, path: Path) -> QTable:
    truth = as_records(table, path, TRUTH, required=_NEEDS)
    problems = Problems()
    label, ratio = plain(truth, "label"), plain(truth, "flux_ratio_u")
    problems.note_where(~np.isin(label, (Label.CLUMP, Label.ODD)), "label", "1 or 2", label)
    for name in "xy":
        values = plain(truth, name)
        problems.note_where(~(np.abs(values) < _FARTHEST), name, "pixels of an image", values)
    problems.note_where((ratio < 0) | np.isinf(ratio), "flux_ratio_u", "0 or more", ratio)
    problems.refuse(plain(truth, "galaxy_id").tolist(), path)
    return truth


def _read(path: Path) -> Table:
    # Ours may be empty: not every galaxy has a clump.
    return read_parquet(path) if path.suffix == ".parquet" else QTable(read_user_table(path))
