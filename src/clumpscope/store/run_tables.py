"""The tables of a run as they are read back: whole, or not at all."""

from collections import Counter
from pathlib import Path

from astropy.table import QTable, Table

from clumpscope.core.bands import from_text
from clumpscope.core.clump_columns import VETTED
from clumpscope.core.clumps import schema
from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.core.records import DETECTIONS, FAILURES, GALAXIES
from clumpscope.core.schema import ColumnSpec, plain
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.store.tables import as_records, read_parquet

_RECORDS = {"detections": DETECTIONS, "galaxies": GALAXIES, "failures": FAILURES}
_LEVELS = {"positions": "positions", "photometry": "photometry", "catalogue": "release"}


def read_run_table(folder: Path, name: str) -> QTable:
    """A table of a run, such as "positions", with every column that it is written with.

    Raises
    ------
    StoreError
        If it is missing, damaged or of a newer schema.
    TableError
        If it lacks a column, one is of another kind or unit, a row is there twice, or an id is
        not safe.
    """
    path = folder / f"{name}.parquet"
    table = as_run_table(read_parquet(path), name, path)
    if name != "detections":
        key = ("galaxy_id",) if name in _RECORDS else ("galaxy_id", "clump_id")
        rows = Counter(zip(*(plain(table, column).tolist() for column in key), strict=True))
        twice = [" ".join(map(str, row)) for row, count in rows.items() if count > 1]
        if twice:
            what = f"{path}: {' and '.join(key)}"
            raise TableError(expected_got(what, "each once", f"{twice[0]!r} twice"))
    return table


def as_run_table(found: Table, name: str, path: Path) -> QTable:
    """What was read from a table of a run, or a part of it, with the columns of its kind.

    Raises
    ------
    StoreError, TableError
        As of `read_run_table`, but for rows that are there twice.
    """
    kind = _RECORDS[name] if name in _RECORDS else _clumps(found, _LEVELS[name], path)
    table = as_records(found, path, kind, required=_required(kind))
    check_galaxy_ids(map(str, table["galaxy_id"]), path)
    return table


def _required(kind: list[ColumnSpec]) -> tuple[str, ...]:
    return tuple(spec.name for spec in kind if spec.name not in VETTED)


def _clumps(found: Table, level: str, path: Path) -> list[ColumnSpec]:
    if found.meta.get("level") != level:
        got = found.meta.get("level", "none")
        raise FolderError(expected_got(path, f"a clump table of level {level}", got))
    said = found.meta.get("bands")
    try:
        bands = from_text(said)
    except ValueError:
        raise FolderError(expected_got(path, "names of bands in its metadata", said)) from None
    return schema(level, bands)
