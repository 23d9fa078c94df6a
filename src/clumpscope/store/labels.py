"""A consensus on disk: boxes, images, volunteers, faults, and the state to go on from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import QTable, vstack
from numpy.typing import NDArray

from clumpscope.core.records import LABELS
from clumpscope.errors import FolderError, expected_got
from clumpscope.store.tables import read_parquet, read_records, write_parquet

LABELS_FILE = "labels.parquet"
STATE_FILE = "state.parquet"
_REQUIRED = ("galaxy_id", "label", "x1", "y1", "x2", "y2")


def read_labels(path: Path) -> QTable:
    """Read ``labels.parquet``, or that of a folder; columns of a consensus are kept.

    Raises
    ------
    StoreError, TableError
        If it cannot be read or lacks a column.
    """
    file = path / LABELS_FILE if path.is_dir() else path
    return read_records(file, LABELS, required=_REQUIRED)


@dataclass(frozen=True, eq=False)
class State:
    """What every look of a project adds to what is known of its volunteer.

    ``table`` has the columns ``galaxy_id`` and ``volunteer``, of objects, and numbers.
    """

    table: QTable

    @classmethod
    def read(cls, path: Path) -> "State":
        """Read a state written by `write`.

        Raises
        ------
        StoreError
            If it cannot be read or is no state.
        """
        table = read_parquet(path)
        if not {"galaxy_id", "volunteer", "marks_0", "found_0"} <= set(table.colnames):
            raise FolderError(expected_got(path, "a consensus state", "another table"))
        for name in ("galaxy_id", "volunteer"):  # as objects, each of which is there once
            names, at = np.unique(np.asarray(table[name]), return_inverse=True)
            table[name] = names.astype(object)[at]
        return cls(table)

    def write(self, path: Path) -> None:
        """Write it."""
        write_parquet(self.table, path)

    def without(self, images: NDArray[np.str_]) -> "State":
        """Only the looks at other images."""
        return State(self.table[~np.isin(np.asarray(self.table["galaxy_id"]).astype(str), images)])

    def grown(self, other: "State") -> "State":
        """Both, one after the other."""
        parts = [part for part in (self.table, other.table) if len(part)]
        if len(parts) < 2:
            return State(parts[0] if parts else self.table)
        joined = vstack(parts, metadata_conflicts="silent")
        return State(QTable(joined))
