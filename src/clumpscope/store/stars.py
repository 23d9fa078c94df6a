"""The stars of a sample: a table, and what each cutout has of it."""

from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.core.bands import SDSS_BANDS, bands_of, in_order
from clumpscope.core.records import Columns, stars_in, table_of_parts
from clumpscope.core.schema import plain
from clumpscope.core.stars import Stars
from clumpscope.store.tables import as_records, read_parquet, write_parquet

STARS = "stars.parquet"  # of a sample
_COLUMNS = {
    "ra": "ra",
    "dec": "dec",
    "radius": "radius_arcsec",
    "spike_length": "spike_arcsec",
    "spike_angle": "spike_angle_deg",
    "saturated": "saturated",
    "faint": "faint",
}


def star_columns(galaxy_id: str, stars: Stars) -> Columns:
    """Rows of the table for a galaxy's cutout, as columns of lists."""
    return {
        "galaxy_id": [galaxy_id] * len(stars),
        **{name: getattr(stars, field).tolist() for name, field in _COLUMNS.items()},
        **{f"mag_{band}": stars.mag[:, k].tolist() for k, band in enumerate(stars.bands)},
    }


def write_stars(path: Path, parts: list[Columns]) -> None:
    """Write the stars of each galaxy's cutout, given as `star_columns`.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    bands = in_order(band for part in parts for band in bands_of(part, "mag")) or SDSS_BANDS
    write_parquet(table_of_parts(stars_in(bands), parts), path)


def read_stars(path: Path) -> QTable:
    """Read the table.

    Raises
    ------
    StoreError, TableError
        If it cannot be read or lacks a column.
    """
    table = read_parquet(path)
    kind = stars_in(bands_of(table.colnames, "mag"))
    return as_records(table, path, kind, required=("galaxy_id", *_COLUMNS))


def stars_of(table: QTable) -> Stars:
    """Rows of the table as stars."""
    bands = bands_of(table.colnames, "mag")
    mag = np.column_stack([plain(table, f"mag_{band}") for band in bands]) if bands else None
    return Stars(
        bands=bands,
        mag=np.empty((len(table), 0)) if mag is None else mag.astype(float),
        **{field: plain(table, name) for name, field in _COLUMNS.items()},
    )
