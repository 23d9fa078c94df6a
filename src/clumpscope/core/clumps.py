"""The clump table: one schema with three levels, positions ⊂ photometry ⊂ release.

Column names of the release are those of the published catalogue (Popp et al. 2024). Fluxes
are in nanomaggies between the stages and in Jy in the release; each column says its unit.
A galaxy's clumps are counted from 1.
Pixels are native and 0-based: (0, 0) is the centre of the first pixel.
"""

from collections.abc import Iterable, Mapping

from astropy.table import QTable

from clumpscope.core import clump_columns
from clumpscope.core.bands import SDSS_BANDS, as_text
from clumpscope.core.schema import ColumnSpec, build_table
from clumpscope.errors import TableError, expected_got

SCHEMA_VERSION = 3
LEVELS = ("positions", "photometry", "release")


def schema(level: str, bands: Iterable[str] = SDSS_BANDS) -> list[ColumnSpec]:
    """Columns of a level, those of the levels below it first."""
    bands = list(bands)
    columns = clump_columns.positions()
    if level in ("photometry", "release"):
        columns += clump_columns.photometry(bands, "Jy" if level == "release" else "nmgy")
    if level == "release":
        columns += clump_columns.release(bands)
    if level not in LEVELS:
        raise TableError(expected_got("level", " or ".join(LEVELS), level))
    return columns


def clump_table(
    level: str, columns: Mapping[str, object], bands: Iterable[str] = SDSS_BANDS
) -> QTable:
    """Build a clump table of ``level`` from plain arrays in the schema's units.

    Columns of the schema that are not given are blank (NaN, 0, "" or False); the table's
    metadata hold the level, the bands and the schema version.

    Raises
    ------
    TableError
        If a column is not in the schema or the lengths differ.
    """
    bands = list(bands)
    meta = {"level": level, "schema_version": SCHEMA_VERSION, "bands": as_text(bands)}
    return build_table(schema(level, bands), columns, meta)
