"""Tables of galaxies that failed: Parquet for programs, CSV beside it for people."""

import csv
from pathlib import Path

from astropy.table import QTable

from clumpscope.store.atomic import atomic
from clumpscope.store.tables import write_parquet

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would execute such a cell


def write_failures(table: QTable, path: Path) -> None:
    """Write a table of failures to ``path`` (Parquet) and as CSV beside it.

    An apostrophe goes before a cell that a spreadsheet would take for a formula.

    Raises
    ------
    StoreError
        If the disk is full or the files cannot be written.
    """
    write_parquet(table, path)
    with (
        atomic(path.with_suffix(".csv")) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.colnames)
        writer.writerows([_text(cell) for cell in row] for row in table.iterrows())


def _text(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
