"""Text files of others: JSON, and folders of one file a galaxy."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from astropy.table import Table

from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.ops.csv_cells import guarded
from clumpscope.store.atomic import atomic
from clumpscope.store.json_text import parse_json
from clumpscope.store.tables import write_parquet


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    FolderError, TableError
        If the file cannot be read, or is no JSON object.
    """
    try:
        found = parse_json(regular(file, FolderError).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FolderError(f"{file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise TableError(f"{file}: not JSON in UTF-8: {error}") from error
    if not isinstance(found, dict):
        raise TableError(expected_got(file, "a JSON object", type(found).__name__))
    return found


def read_texts(folder: Path, suffix: str, other: Collection[str] = ()) -> dict[str, str]:
    """Text of every file of a folder, or of one file, by stem; ``other`` are names to leave out.

    Raises
    ------
    FolderError
        If there is none, or one cannot be read.
    TableError
        If one is not in UTF-8.
    """
    files = [folder] if folder.is_file() else sorted(folder.glob(f"*{suffix}"))
    files = [file for file in files if file.name not in other]
    if not files:
        raise FolderError(expected_got(folder, f"files ending in {suffix}", "none"))
    return {file.name.removesuffix(suffix): _text(file) for file in files}


def _text(file: Path) -> str:
    try:
        return regular(file, FolderError).read_text("utf-8-sig")
    except OSError as error:
        raise FolderError(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise TableError(expected_got(file, "text in UTF-8", error)) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(table: Table, path: Path) -> None:
    """Write a table as CSV or Parquet, as the name ends.

    Raises
    ------
    TableError
        If it ends otherwise.
    StoreError
        If it cannot be written.
    """
    if path.suffix == ".parquet":
        write_parquet(table, path)
        return
    if path.suffix != ".csv":
        raise TableError(expected_got(path, "a name ending in .csv or .parquet", path.suffix))
    guarded_table = table.copy()
    for name in table.colnames:
        if table[name].dtype.kind in "UO":
            guarded_table[name] = [guarded(cell) for cell in table[name].tolist()]
        if guarded(name) != name:
            guarded_table.rename_column(name, guarded(name))
    with atomic(path) as temporary:
        guarded_table.write(temporary, format="ascii.csv", overwrite=True)
