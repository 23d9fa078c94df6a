"""Large tables by column: only what is asked for is read, as bare arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.files.regular import regular

Column = NDArray[Any]

_TEXTS = ("galaxy_id",)
_WHOLE = ("clump_id", "clump_label_id", "quality", "flags")


def column_names(path: Path) -> list[str]:
    """Names of a table's columns.

    Raises
    ------
    FolderError
        If it cannot be read.
    """
    try:
        with regular(path, FolderError).open("rb") as stream:
            names: list[str] = pq.read_schema(stream).names
            return names
    except FileNotFoundError:
        raise FolderError(f"{path}: no such file") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise FolderError(f"{path}: not a readable Parquet file: {error}") from error


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """Columns of a table of clumps or boxes as bare arrays; those that it lacks are left out.

    Galaxies are objects, ids and flags int64, other numbers float64, int64 or bool.

    Raises
    ------
    FolderError
        If it cannot be read, or a column holds something else.
    """
    there = column_names(path)
    asked = [name for name in dict.fromkeys(names) if name in there]
    try:
        with regular(path, FolderError).open("rb") as stream:
            # A thread of arrow that lets go of the stream as the command ends aborts it.
            table = pq.ParquetFile(stream).read(columns=asked, use_threads=False)
        if len(table.column_names) > len(asked):
            twice = next(name for name in asked if table.column_names.count(name) > 1)
            raise FolderError(expected_got(path, "each column once", f"{twice} twice"))
        return {
            name: _checked(_array(table.column(name), path, name), path, name) for name in asked
        }
    except (OSError, ValueError, pa.ArrowException) as error:
        raise FolderError(f"{path}: not a readable Parquet file: {error}") from error


def _checked(column: Column, path: Path, name: str) -> Column:
    """The column, if it is of the kind that it has in our tables."""
    kinds = "O" if name in _TEXTS else "i" if name in _WHOLE else "ifb"
    if column.dtype.kind not in kinds:
        words = {"O": "text", "i": "whole numbers", "ifb": "numbers"}
        raise FolderError(expected_got(f"{path}: {name}", words[kinds], "others"))
    return column


def _array(column: pa.ChunkedArray, path: Path, name: str) -> Column:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # A text that is there often is there once.
        coded = column.cast(kind).fill_null("").combine_chunks().dictionary_encode()
        words = np.array([*coded.dictionary.to_pylist(), ""], dtype=object)
        texts: Column = words[np.asarray(coded.indices)]
        return texts
    column = column.cast(kind)
    if pa.types.is_boolean(kind):
        return np.asarray(column.fill_null(False).to_numpy(), dtype=bool)
    if pa.types.is_integer(kind):
        return np.asarray(column.fill_null(0).to_numpy(), dtype=np.int64)
    if pa.types.is_floating(kind):
        return np.asarray(column.fill_null(np.nan).to_numpy(), dtype=np.float64)
    raise FolderError(expected_got(f"{path}: {name}", "numbers, text or true and false", kind))


def ids_of(columns: dict[str, Column], path: Path) -> Column:
    """The column ``galaxy_id``, each safe as a file name.

    Raises
    ------
    TableError
        If it is missing, or an id is not safe.
    """
    ids = columns.get("galaxy_id")
    if ids is None or ids.dtype != object:
        raise TableError(expected_got(path, "a column galaxy_id of text", "none"))
    check_galaxy_ids(dict.fromkeys(ids.tolist()), path)
    return ids
