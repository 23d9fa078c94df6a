"""A consensus on disk: boxes, images, volunteers, faults, and the state to go on from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Column, MaskedColumn, QTable, Table, vstack
from numpy.typing import NDArray

from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.core.label_tables import note_labels
from clumpscope.core.problems import Problems
from clumpscope.core.records import CORNERS, LABELS
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.store.tables import (
    as_records,
    read_parquet,
    read_user_table,
    write_parquet,
)

LABELS_FILE = "labels.parquet"
IMAGES_FILE = "images.parquet"
STATE_FILE = "state.parquet"


def read_labels(path: Path) -> QTable:
    """Read ``labels.parquet``, or that of a folder; columns of a consensus are kept.

    Raises
    ------
    StoreError, TableError
        If it cannot be read, lacks a column, or a row of it cannot be.
    """
    file = path / LABELS_FILE if path.is_dir() else path
    return labels_of(read_parquet(file), file)


def labels_of(table: Table, where: Path) -> QTable:
    """A table that was read from ``where`` as labels.

    Raises
    ------
    TableError
        If it lacks a column, or a row of it cannot be.
    """
    labels = as_records(table, where, LABELS, required=("galaxy_id", "label", *CORNERS))
    problems = Problems()
    note_labels(labels, where, problems, blank=True)
    problems.refuse(plain(labels, "galaxy_id").tolist(), where)
    return labels


def read_any_labels(path: Path, from_authors: Callable[[Table, Path], QTable]) -> QTable:
    """Labels of ours, in a file or a folder; or a table in the authors' layout, made ours.

    Raises
    ------
    StoreError, TableError
        If they cannot be read.
    """
    if path.is_file():
        table = read_user_table(path)
        if "local_id" in table.colnames and "galaxy_id" not in table.colnames:
            return from_authors(table, path)
        if path.suffix.lower() != ".parquet":
            raise TableError(
                expected_got(path, "labels.parquet or the authors' table", "one to `labels import`")
            )
    return read_labels(path)


def read_images(folder: Path) -> QTable | None:
    """Read what a consensus says of each image, if it is in a folder of labels.

    Raises
    ------
    StoreError, TableError
        If the table cannot be read or lacks a column.
    """
    file = folder / IMAGES_FILE
    if not file.is_file():
        return None
    images = read_parquet(file)
    missing = {"galaxy_id", "n_looks"} - set(images.colnames)
    if missing:
        raise TableError(expected_got(file, "columns galaxy_id, n_looks", f"no {min(missing)}"))
    _check_counts(images["n_looks"], f"{file}: n_looks")
    check_galaxy_ids(map(str, images["galaxy_id"]), file)
    return images


def looked_at(folder: Path) -> set[str] | None:
    """Galaxies that somebody looked at; ``None`` where labels do not tell.

    Raises
    ------
    StoreError, TableError
        As `read_images`.
    """
    images = read_images(folder)
    if images is None:
        return None
    return set(np.asarray(images["galaxy_id"]).astype(str)[np.asarray(images["n_looks"]) > 0])


_NAMES = ("galaxy_id", "volunteer")
_MOST = 1e9  # of anything counted


def _check_counts(column: Column, where: str) -> None:
    """See that a column holds numbers that can be counts.

    Raises
    ------
    TableError
        If it does not.
    """
    expected = f"numbers from 0 to {_MOST:g}"
    if column.dtype.kind not in "iuf" or column.ndim != 1:
        raise TableError(expected_got(where, expected, _told(column)))
    gaps = column.mask if isinstance(column, MaskedColumn) else np.zeros(len(column), dtype=bool)
    values = np.where(gaps, np.nan, np.asarray(column, dtype=float))
    bad = np.flatnonzero(~((values >= 0) & (values <= _MOST)))
    if len(bad):
        got = "none" if np.isnan(values[bad[0]]) else f"{values[bad[0]]:g}"
        raise TableError(expected_got(f"{where}, row {bad[0] + 1}", expected, got))


def _told(column: Column) -> str:
    """What kind of column it is, in a word."""
    kinds = {"U": "text", "i": "whole numbers", "f": "numbers", "b": "true and false", "M": "dates"}
    return kinds.get(column.dtype.kind, "lists or others")


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
        TableError
            If a column of it holds anything but what `write` puts there.
        """
        table = read_parquet(path)
        if not {"galaxy_id", "volunteer", "marks_0", "found_0"} <= set(table.colnames):
            raise FolderError(expected_got(path, "a consensus state", "another table"))
        for name in table.colnames:
            if name not in _NAMES:
                _check_counts(table[name], f"{path}: {name}")
        for name in _NAMES:  # as objects, each of which is there once
            if table[name].dtype.kind != "U":
                raise TableError(expected_got(f"{path}: {name}", "text", _told(table[name])))
            names, at = np.unique(np.asarray(table[name]), return_inverse=True)
            table[name] = names.astype(object)[at]
        check_galaxy_ids(table["galaxy_id"].tolist(), path)
        nameless = np.flatnonzero(np.asarray(table["volunteer"]) == "")
        if len(nameless):
            place = f"{path}: volunteer, row {nameless[0] + 1}"
            raise TableError(expected_got(place, "a name", "none"))
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
