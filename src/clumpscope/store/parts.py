"""Tables that are never held whole: read from Parquet part by part."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from astropy.table import Column, QTable, Table

from clumpscope.errors import FolderError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.atomic import atomic
from clumpscope.store.tables import as_arrow, from_arrow, write_row_groups

PART = 4096  # rows


@dataclass(frozen=True, eq=False)
class Parts:
    """A table as parts, which can be gone through again and again.

    Attributes
    ----------
    like
        Its columns and metadata, without a row; columns of text have room for the longest.
    rows
        How many there are.
    source
        A Parquet file that holds it, or itself.
    """

    like: Table
    rows: int
    source: Path | Table

    @classmethod
    def of(cls, table: "Table | Parts") -> "Parts":
        """A table that is held whole, as parts; parts as they are."""
        return table if isinstance(table, Parts) else cls(table[:0], len(table), table)

    def __iter__(self) -> Iterator[Table]:
        """Give at least one part, with the columns as those of ``like``.

        Raises
        ------
        StoreError
            If the file cannot be read.
        """
        if isinstance(self.source, Table):
            for start in range(0, max(self.rows, 1), PART):
                yield self.source[start : start + PART]
            return
        for data in read_arrow(self.source):
            part = from_arrow(data, self.source)
            for name in part.colnames:
                kind = self.like[name].dtype
                if kind.kind == "U":
                    part[name] = _widened(part[name], kind)
            part.meta = dict(self.like.meta)
            yield part


def with_room(like: Table, part: Table) -> Table:
    """``like``, whose columns of text have room for those of ``part``, too."""
    wider = {
        name: part[name].dtype
        for name in like.colnames
        if part[name].dtype.kind == "U" and part[name].dtype > like[name].dtype
    }
    if not wider:
        return like
    like = like.copy()
    for name, kind in wider.items():
        like[name] = _widened(like[name], kind)
    return like


def _widened(column: Column, kind: np.dtype[np.str_]) -> Column:
    info = column.info
    return Column(np.asarray(column).astype(kind), description=info.description, meta=info.meta)


def read_arrow(path: Path, names: Collection[str] | None = None) -> Iterator[pa.Table]:
    """Read a Parquet file, or some columns of it, in parts of `PART` rows; at least one.

    Raises
    ------
    FolderError
        If it is missing or damaged, or lacks a column.
    """
    try:
        with regular(path, FolderError).open("rb") as stream:
            file = pq.ParquetFile(stream)
            schema = file.schema_arrow
            if names is not None:
                schema = pa.schema([schema.field(name) for name in names], schema.metadata)
            schema = _unnumbered(schema)
            if not file.metadata.num_rows:
                yield schema.empty_table()
                return
            size = min(PART, file.metadata.num_rows)  # for which arrow takes memory, used or not
            for group in range(file.num_row_groups):  # all of them at once are held to the end
                # A thread of arrow that lets go of the stream as the command ends aborts it.
                for batch in file.iter_batches(size, [group], schema.names, use_threads=False):
                    yield pa.Table.from_arrays(batch.columns, schema=schema)
    except FileNotFoundError:
        raise FolderError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise FolderError(f"{path}: not a readable Parquet file: {error}") from error


def _unnumbered(schema: pa.Schema) -> pa.Schema:
    """A schema as its file was written with: reading adds a number to each field's metadata."""
    fields = []
    for field in schema:
        said = field.metadata or {}
        fields.append(field.with_metadata({k: said[k] for k in said if k != b"PARQUET:field_id"}))
    return pa.schema(fields, schema.metadata)


def write_parts(parts: Iterable[Table], path: Path) -> Parts:
    """Write a table that comes in parts, at least one, to ``path``, and not atomically."""
    like: Table | None = None
    rows = 0

    def arrow() -> Iterator[pa.Table]:
        nonlocal like, rows
        for part in parts:
            like = with_room(part[:0] if like is None else like, part)
            rows += len(part)
            yield as_arrow(part)

    write_row_groups(arrow(), path)
    return Parts(like, rows, path)


def read_rows(path: Path, ids: Collection[str]) -> QTable:
    """The rows of some galaxies of a Parquet table, in their order there.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    wanted = pa.array(list(ids), pa.string())
    parts = [part.filter(pc.is_in(part["galaxy_id"], wanted)) for part in read_arrow(path)]
    return from_arrow(pa.concat_tables(parts), path)


def join(paths: Iterable[Path], out: Path) -> None:
    """Join Parquet tables into one, in their order; the bytes are those of one that was whole.

    Raises
    ------
    StoreError
        If one cannot be read or has other columns than the first, or it cannot be written.
    """
    with atomic(out) as temporary:
        write_row_groups(_of_one_kind(paths), temporary)


def _of_one_kind(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Parts of several files that have a row; of none, one without."""
    first: pa.Table | None = None
    empty = True
    for path in paths:
        for part in read_arrow(path):
            if first is None:
                first = part.slice(0, 0)
            if part.schema != first.schema:
                wanted, got = (", ".join(map(str, one.schema)) for one in (first, part))
                raise FolderError(expected_got(path, f"columns {wanted:.300}", f"{got:.300}"))
            if len(part):
                empty = False
                yield part.cast(first.schema)
    if empty and first is not None:
        yield first
