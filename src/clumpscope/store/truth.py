"""What is known to be true of a sample's clumps."""

from pathlib import Path

from astropy.table import QTable

from clumpscope.core.records import TRUTH
from clumpscope.store.tables import as_records, read_parquet, read_user_table


def read_truth(path: Path) -> QTable:
    """Read a truth table: ours, or one that a user wrote in any form of `read_user_table`.

    Raises
    ------
    StoreError, TableError
        If it is missing or lacks a column.
    """
    # Ours may be empty: not every galaxy has a clump.
    found = read_parquet(path) if path.suffix == ".parquet" else QTable(read_user_table(path))
    return as_records(
        found, path, TRUTH, required=("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u")
    )
