"""Tables of galaxies that failed: Parquet for programs, CSV beside it for people."""

from pathlib import Path

from astropy.table import QTable

from clumpscope.ops.csv_cells import write_csv
from clumpscope.store.atomic import atomic
from clumpscope.store.parts import read_arrow
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
    write_failures_csv(path)


def write_failures_csv(path: Path) -> None:
    """Write the table of failures at ``path`` as CSV beside it.

    Raises
    ------
    StoreError
        If it cannot be read, or the disk is full or the file cannot be written.
    """
    with (
        atomic(path.with_suffix(".csv")) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        for number, part in enumerate(read_arrow(path)):
            if not number:
                write_csv(stream, [part.column_names])
            write_csv(stream, zip(*part.to_pydict().values(), strict=True))
