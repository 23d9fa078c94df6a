"""What is known to be true of a sample's clumps."""

from pathlib import Path

from astropy.table import QTable, Table

from clumpscope.core.records import CORNERS, TRUTH
from clumpscope.store.labels import read_labels
from clumpscope.store.tables import as_records, read_parquet, read_user_table

_NEEDS = ("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u")


def read_truth(path: Path) -> QTable:
    """Read a truth table: ours, or one that a user wrote in any form of `read_user_table`.

    Raises
    ------
    StoreError, TableError
        If it is missing or lacks a column.
    """
    return as_records(_read(path), path, TRUTH, required=_NEEDS)


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
        return as_records(found, path, TRUTH, required=_NEEDS), None
    return as_records(QTable(), path, TRUTH, required=()), read_labels(path)


def _read(path: Path) -> Table:
    # Ours may be empty: not every galaxy has a clump.
    return read_parquet(path) if path.suffix == ".parquet" else QTable(read_user_table(path))
