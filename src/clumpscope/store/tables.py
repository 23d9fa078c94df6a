"""Tables on disk: Parquet with units and UCDs in the field metadata."""

import json
import warnings
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table
from astropy.utils.masked import Masked
from numpy.typing import NDArray

from clumpscope.core import clumps, records
from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.core.schema import ColumnSpec, build_table
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.atomic import atomic
from clumpscope.store.columns import read_column
from clumpscope.store.foreign import check_foreign
from clumpscope.store.json_text import parse_json
from clumpscope.store.text_tables import read_text_table

_ROW_GROUP = 65536  # fixed, so that files do not depend on how the rows were computed
_META = b"clumpscope"
_MOST_CELLS = 150_000_000  # of a table; a few bytes can stand for more


def write_parquet(table: Table, path: Path) -> None:
    """Write a table; units, UCDs and descriptions go into each field's metadata."""
    with atomic(path) as temporary:
        write_row_groups([as_arrow(table)], temporary)


def write_row_groups(parts: Iterable[pa.Table], path: Path) -> None:
    """Write one table that comes in parts, of one schema, at least one, by groups of rows.

    The bytes do not depend on how it is parted.
    """
    waiting: list[pa.Table] = []
    count, begun = 0, False
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("wb"))
        writer: pq.ParquetWriter | None = None
        for part in parts:
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(stream, part.schema))
            waiting.append(part)
            count += len(part)
            while count >= _ROW_GROUP:
                whole = pa.concat_tables(waiting)
                group = whole.slice(0, _ROW_GROUP).combine_chunks()
                # A copy, so that what is written is not held by what is left.
                waiting = [whole.slice(_ROW_GROUP).combine_chunks()]
                count, begun = len(waiting[0]), True
                del whole
                writer.write_table(group)
                del group
                pa.default_memory_pool().release_unused()
        if writer is not None and (count or not begun):
            writer.write_table(pa.concat_tables(waiting).combine_chunks())


def as_arrow(table: Table) -> pa.Table:
    """A table with units, UCDs and descriptions in each field's metadata."""
    fields, arrays = [], []
    for name in table.colnames:
        column = table[name]
        unit = "" if column.unit is None else str(column.unit)
        metadata = {
            "unit": unit,
            "ucd": (column.info.meta or {}).get("ucd", ""),
            "description": column.info.description or "",
        }
        values = bare(table, name)
        array = _strings(values) if values.dtype.kind in "UOS" else pa.array(values)
        fields.append(pa.field(name, array.type, metadata={k: v for k, v in metadata.items() if v}))
        arrays.append(array)
    schema = pa.schema(fields, metadata={_META: json.dumps(dict(table.meta), sort_keys=True)})
    return pa.Table.from_arrays(arrays, schema=schema)


def _strings(values: NDArray[Any]) -> pa.Array:
    """Text of a column; bytes are decoded, and what is no UTF-8, as in a path, is escaped."""
    # Objects stay, so that a name that is there often is there once.
    decoded = values.astype(str) if values.dtype.kind == "S" else values
    words = list(map(str, decoded.tolist()))
    try:
        return pa.array(words, pa.string())
    except UnicodeEncodeError:
        return pa.array([word.encode("utf-8", "backslashreplace") for word in words], pa.string())


def read_parquet(path: Path) -> QTable:
    """Read a table written by `write_parquet` (or any Parquet file) with its units and UCDs.

    Whole numbers with gaps are a masked column, unless they have a unit.

    Raises
    ------
    StoreError
        If the file is missing, damaged or of a newer schema.
    """
    return from_arrow(_arrow_table(path), path)


def from_arrow(data: pa.Table, path: Path) -> QTable:
    """Give what was read from ``path`` its units and UCDs, as `read_parquet` does.

    Raises
    ------
    FolderError
        If it is damaged or of a newer schema.
    """
    meta = _metadata(path, data.schema)
    names = data.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FolderError(expected_got(path, "each column once", f"{', '.join(twice)} twice"))
    table = QTable(meta=meta)
    for field, stored in zip(data.schema, data.columns, strict=True):
        try:
            table[field.name] = read_column(field, stored)
        except ValueError as error:
            raise FolderError(f"{path}: column {field.name}: {error}") from error
    return table


def _arrow_table(path: Path) -> pa.Table:
    try:
        # A stream may have any name; arrow asks for one in UTF-8.
        with regular(path, FolderError).open("rb") as stream:
            file = pq.ParquetFile(stream)
            cells = file.metadata.num_rows * file.metadata.num_columns
            if cells > _MOST_CELLS:
                raise FolderError(
                    expected_got(path, f"at most {_MOST_CELLS:,} values", f"{cells:,}")
                )
            # A thread of arrow that lets go of the stream as the command ends aborts it.
            return file.read(use_threads=False)
    except FileNotFoundError:
        raise FolderError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, OverflowError, MemoryError, pa.ArrowException) as error:
        raise FolderError(f"{path}: not a readable Parquet file: {error}") from error


def _metadata(path: Path, schema: pa.Schema) -> dict[str, Any]:
    try:
        meta: dict[str, Any] = parse_json((schema.metadata or {}).get(_META, b"{}"))
        found = int(meta.get("schema_version", 0))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise FolderError(f"{path}: damaged table metadata: {error}") from error
    known = clumps.SCHEMA_VERSION if "level" in meta else records.SCHEMA_VERSION
    if found > known:
        raise FolderError(expected_got(path, f"schema version <= {known}", found))
    return meta


def read_records(path: Path, kind: list[ColumnSpec], *, required: tuple[str, ...]) -> QTable:
    """Read a Parquet table of a known kind; optional columns that it lacks are blank.

    Extra columns are kept after those of the kind.

    Raises
    ------
    StoreError
        If the file cannot be read.
    TableError
        If a required column is missing or a type does not fit.
    """
    return as_records(read_parquet(path), path, kind, required=required)


def as_records(
    found: Table, path: Path, kind: list[ColumnSpec], *, required: tuple[str, ...]
) -> QTable:
    """Give what was read from ``path`` the columns of a kind, as `read_records` does.

    Raises
    ------
    TableError
        If a required column is missing or a type does not fit.
    """
    missing = [name for name in required if name not in found.colnames]
    if missing:
        raise TableError(
            expected_got(path, f"columns {', '.join(required)}", f"none named {', '.join(missing)}")
        )
    names = {spec.name for spec in kind}
    given = {
        spec.name: _fitting(found[spec.name], spec) for spec in kind if spec.name in found.colnames
    }
    try:
        table = build_table(kind, given, found.meta)
    except TableError as error:
        raise TableError(f"{path}: {error}") from error
    for name in found.colnames:
        if name not in names:
            table[name] = found[name]
    check_galaxy_ids(table["galaxy_id"].tolist(), path)
    return table


def _fitting(column: Column | u.Quantity, spec: ColumnSpec) -> Column | u.Quantity:
    """Return numbers with gaps as floats with NaN where floats are due."""
    if isinstance(column, MaskedColumn) and spec.dtype == "f8":
        return column.astype(float).filled(np.nan)
    return column.filled(np.nan) if isinstance(column, Masked) else column


def bare(table: Table, name: str) -> NDArray[Any]:
    """A column as a bare array, whatever its unit."""
    column = table[name]
    return np.asarray(column.value if isinstance(column, u.Quantity) else column)


_TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")
_ASTROPY = {
    ".ecsv": "ascii.ecsv",
    ".fits": "fits",
    ".fit": "fits",
    ".vot": "votable",
    ".xml": "votable",
}


def read_user_table(path: Path) -> Table:
    """Read a table a user gave: text (`read_text_table`), ECSV, FITS, VOTable or Parquet.

    Raises
    ------
    TableError
        If it cannot be read or has no row.
    """
    suffix = path.suffix.lower()
    try:
        regular(path, TableError)
    except OSError as error:
        raise TableError(f"{path}: no such file") from error
    if suffix not in (*_TEXT, *_ASTROPY, ".parquet"):
        expected = ", ".join([*_TEXT, *_ASTROPY, ".parquet"])
        raise TableError(expected_got(path, f"a table ({expected})", f"suffix {suffix!r}"))
    try:
        if suffix == ".parquet":
            table = read_parquet(path)
        elif suffix in _TEXT:
            table = read_text_table(path)
        else:
            check_foreign(path)
            form = _ASTROPY[suffix]
            # astropy leaves a broken FITS file open.
            with warnings.catch_warnings(), path.open("rb") as stream:
                # VizieR gives sexagesimal text a unit of its own.
                warnings.simplefilter("ignore", u.UnitsWarning)
                table = Table.read(stream if form == "fits" else path, format=form)
    except ClumpscopeError:
        raise
    except Exception as error:  # astropy's readers raise many kinds
        raise TableError(f"{path}: not a readable {suffix[1:]} table: {error}") from error
    if len(table) == 0:
        raise TableError(expected_got(path, "at least one row", "an empty table"))
    return table
