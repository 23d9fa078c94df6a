"""Tables of galaxies that failed: Parquet for programs, CSV beside it for people."""

from pathlib import Path

from astropy.table import QTable

from clumpscope.ops.csv_cells import write_csv
from clumpscope.store.atomic import atomic
from clumpscope.store.tables import write_parquet


def write_failures(table: QTable, path: Path) -> None:
    """Write a table of failures to ``path`` (Parquet) and as CSV beside it.

    Cells are those of `clumpscope.ops.csv_cells`.

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
        write_csv(stream, [table.colnames, *table.iterrows()])
