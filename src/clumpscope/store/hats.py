"""A catalogue partitioned by HEALPix, in the HATS layout, which lsdb reads.

It is made by hats-import, an optional package, which is loaded only here.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clumpscope.errors import FolderError, StoreError, TableError, expected_got
from clumpscope.store.atomic import PART, new_file
from clumpscope.store.disk import unwritable
from clumpscope.store.parts import read_arrow
from clumpscope.store.tables import write_row_groups

RA, DEC = "clump_centre_ra", "clump_centre_dec"
MARGIN_ARCSEC = 10.0
_ROWS = 200_000  # of a partition at most, some 250 MB in memory
_NAME = "clumps"


def check_hats(folder: Path) -> None:
    """See that a folder is new and can be made, and that hats-import is installed.

    Raises
    ------
    StoreError
        If not.
    """
    new_file(folder)
    if find_spec("hats_import") is None:
        remedy = "pip install 'clumpscope[hats]'"
        raise StoreError(expected_got("HATS", "the package hats-import", "none", remedy))


def write_hats(catalogue: Path, folder: Path) -> int:
    """Write a catalogue in Parquet as a HATS collection; returns the number of its rows.

    It holds partitions of at most 200,000 rows, where HEALPix goes so deep, with statistics of
    their columns, and a margin of `MARGIN_ARCSEC`. Clumps without a position on the sky are left
    out. The folder appears whole or not at all.

    Raises
    ------
    StoreError
        If the catalogue cannot be read, the folder is there or cannot be written, or hats-import
        is missing.
    TableError
        If no clump has a position.
    """
    check_hats(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=PART, dir=folder.parent) as beside:
            placed = Path(beside) / "placed.parquet"
            write_row_groups(map(_placed, read_arrow(catalogue)), placed)
            rows = int(pq.read_metadata(placed).num_rows)
            if not rows:
                raise TableError(expected_got(catalogue, "clumps with a position", "none"))
            made = _partitioned(placed, Path(beside))
            made.rename(new_file(folder))
    except OSError as error:
        raise unwritable(folder, error) from error
    return rows


def _placed(part: pa.Table) -> pa.Table:
    return part.filter(pc.and_(pc.is_finite(part[RA]), pc.is_finite(part[DEC])))


def _partitioned(placed: Path, folder: Path) -> Path:
    """Let hats-import make a collection in a folder."""
    import dask
    from dask.distributed import Client
    from hats_import.collection.arguments import CollectionArguments
    from hats_import.pipeline import pipeline_with_client

    wanted = (
        CollectionArguments(output_artifact_name=_NAME, output_path=folder, progress_bar=False)
        .catalog(
            input_file_list=[placed],
            file_reader="parquet",
            use_schema_file=placed,
            ra_column=RA,
            dec_column=DEC,
            sort_columns="galaxy_id,clump_id",
            pixel_threshold=_ROWS,
            create_per_partition_stats=True,
        )
        .add_margin(margin_threshold=MARGIN_ARCSEC, is_default=True)
    )
    settings = {"distributed.worker.memory.spill": False, "distributed.worker.memory.pause": False}
    # In this process; its pages of state are to be had on this machine alone.
    alone = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "silence_logs": 50}
    here = dict.fromkeys(("dashboard_address", "worker_dashboard_address"), "127.0.0.1:0")
    with dask.config.set(settings), Client(**alone, **here) as client:
        pipeline_with_client(wanted, client)
    return folder / _NAME


def rows_in_hats(folder: Path) -> int:
    """How many rows a collection of `write_hats` has.

    Raises
    ------
    FolderError
        If it is none.
    """
    path = folder / _NAME / "dataset" / "_metadata"
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise FolderError(f"{path}: not readable: {error}") from error
