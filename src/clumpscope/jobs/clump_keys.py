"""By what a run's clumps are known to those who decide on them, whatever else is made anew."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.records import CORNERS
from clumpscope.errors import TableError, expected_got
from clumpscope.store.columnar import ids_of, read_columns

PLACES = ("galaxy_id", "clump_id", *(f"clump_px_{name}" for name in CORNERS))


def box_key(clump_id: int) -> str:
    """The name of a clump's box in its galaxy."""
    return f"c{clump_id}"


def clumps_file(folder: Path) -> Path | None:
    """The table of a run's clumps: its catalogue, or the positions, if it is missing or outdated.

    Raises
    ------
    StoreError, TableError
        If one cannot be read.
    """
    positions, catalogue = (folder / f"{name}.parquet" for name in ("positions", "catalogue"))
    if not positions.is_file():
        return None
    if catalogue.is_file() and places_key(catalogue) == places_key(positions):
        return catalogue
    return positions


def places_key(path: Path) -> str:
    """Hash of the boxes of a table of clumps, by which a run is known.

    Raises
    ------
    StoreError, TableError
        If it cannot be read, or lacks a column.
    """
    return key_of(read_columns(path, PLACES), path)


def key_of(columns: Mapping[str, NDArray[Any]], path: Path) -> str:
    """`places_key` of columns that have been read.

    Raises
    ------
    TableError
        If one is missing.
    """
    missing = set(PLACES) - set(columns)
    if missing:
        raise TableError(expected_got(path, f"columns {', '.join(PLACES)}", f"no {min(missing)}"))
    ids = ids_of(dict(columns), path).astype(str)
    order = np.lexsort((columns["clump_id"], ids))
    whole = hashlib.sha256("\n".join(ids[order].tolist()).encode())
    for name in PLACES[1:]:
        whole.update(_rounded(columns[name][order], 1e3))
    return whole.hexdigest()[:16]


def run_key(folder: Path) -> str:
    """By what the decisions on a run's boxes are known; another, if its boxes are others.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read.
    """
    path = folder / "positions.parquet"
    if path.is_file():
        return places_key(path)
    detections = read_columns(folder / "detections.parquet", ("galaxy_id", *CORNERS))
    ids = ids_of(detections, folder / "detections.parquet")
    whole = hashlib.sha256("\n".join(ids.tolist()).encode())
    for name in CORNERS:
        whole.update(_rounded(detections[name], 1e6))
    return whole.hexdigest()[:16]


def _rounded(values: NDArray[Any], scale: float) -> bytes:
    """Numbers to a fixed number of digits, as bytes to be hashed."""
    with np.errstate(over="ignore"):
        scaled = np.nan_to_num(np.round(values.astype(float) * scale), nan=-1.0)
    return np.clip(scaled, -1e15, 1e15).astype(np.int64).tobytes()
