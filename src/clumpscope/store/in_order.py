"""A run's clumps in the order of its catalogue, block by block, however many there are."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got
from clumpscope.store.atomic import PART
from clumpscope.store.columnar import ids_of, read_columns
from clumpscope.store.disk import unwritable
from clumpscope.store.parts import read_arrow
from clumpscope.store.run_tables import as_run_table
from clumpscope.store.tables import from_arrow

BLOCK = 8192  # rows; a galaxy's are never divided
_MOST_BLOCKS = 500  # files that are open at a time
_PLACES = ("clump_centre_ra", "clump_centre_dec", "FWHM_r_arcsec")


@dataclass(frozen=True, eq=False)
class InOrder:
    """The photometry of N clumps of G galaxies, sorted by galaxy and clump.

    Attributes
    ----------
    galaxies
        (G,) ids, sorted.
    of
        (N,) number of each clump's galaxy among them.
    clump_id
        (N,) its number there.
    ra, dec, fwhm_arcsec
        (N,) degrees; PSF-FWHM in r.
    """

    galaxies: NDArray[np.str_]
    of: NDArray[np.intp]
    clump_id: NDArray[np.int32]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    fwhm_arcsec: NDArray[np.float64]
    _path: Path
    _blocks: tuple["_Block", ...]

    def blocks(self) -> Iterator[tuple[slice, QTable]]:
        """Rows of N, and the table of them, of whole galaxies; at least once.

        Raises
        ------
        StoreError, TableError
            If a part of the table is not what it should be.
        """
        for block in self._blocks:
            with block.path.open("rb") as stream:  # arrow itself asks for names in UTF-8
                data = pa.ipc.open_file(stream).read_all().take(block.places)
            yield block.rows, as_run_table(from_arrow(data, self._path), "photometry", self._path)


@dataclass(frozen=True, eq=False)
class _Block:
    """Rows of the sorted table, which lie in a file in another order: ``places`` sorts them."""

    rows: slice
    places: NDArray[np.intp]
    path: Path


@contextmanager
def in_order(path: Path) -> Iterator[InOrder]:
    """Sort a run's photometry; what does not fit into memory lies beside it for as long.

    Raises
    ------
    StoreError, TableError
        If it is not the photometry of a run, or a clump is there twice.
    """
    first = next(read_arrow(path))
    as_run_table(from_arrow(first.slice(0, 0), path), "photometry", path)
    columns = read_columns(path, ("galaxy_id", "clump_id", *_PLACES))
    ids = ids_of(columns, path)
    names = sorted(set(ids.tolist()))
    number = {name: k for k, name in enumerate(names)}
    of = np.array([number[name] for name in ids.tolist()], dtype=np.intp)
    order = np.lexsort((columns["clump_id"], of))
    del ids, number  # objects of Python take more than all else
    of, clump_id = of[order], columns["clump_id"][order].astype(np.int32)
    again = np.flatnonzero((of[1:] == of[:-1]) & (clump_id[1:] == clump_id[:-1]))
    if len(again):
        twice = f"{names[of[again[0]]]} {clump_id[again[0]]}"
        what = f"{path}: galaxy_id and clump_id"
        raise TableError(expected_got(what, "each once", f"{twice!r} twice"))
    ra, dec, fwhm = (columns[name][order].astype(float) for name in _PLACES)
    del columns
    pa.default_memory_pool().release_unused()
    with ExitStack() as stack:
        try:
            beside = tempfile.TemporaryDirectory(prefix=PART, dir=path.parent)
            blocks = _sorted_into(Path(stack.enter_context(beside)), path, order, _cuts(of))
        except OSError as error:
            raise unwritable(path, error) from error
        galaxies = np.array(names, np.str_)
        yield InOrder(galaxies, of, clump_id, ra, dec, fwhm, path, blocks)


def _cuts(of: NDArray[np.intp]) -> list[int]:
    """Borders of blocks, at those of galaxies, given the galaxy of each row."""
    size = max(BLOCK, len(of) // _MOST_BLOCKS)
    borders = np.flatnonzero(np.diff(of)) + 1
    cuts = [0]
    while len(of) - cuts[-1] > size:
        within = borders[(borders > cuts[-1]) & (borders <= cuts[-1] + size)]
        beyond = borders[borders > cuts[-1]]
        if not len(beyond):
            break
        cuts.append(int(within[-1] if len(within) else beyond[0]))
    return [*cuts, len(of)]


def _sorted_into(
    folder: Path, path: Path, order: NDArray[np.intp], cuts: list[int]
) -> tuple[_Block, ...]:
    """Put each row of a table into the file of its block."""
    block_of = np.empty(len(order), dtype=np.int32)
    blocks = []
    for k, (start, stop) in enumerate(pairwise(cuts)):
        rows = order[start:stop]
        block_of[rows] = k
        blocks.append(_Block(slice(start, stop), np.argsort(np.argsort(rows)), folder / f"{k}"))
    done = 0
    with ExitStack() as stack:
        writers: list[pa.ipc.RecordBatchFileWriter] = []
        for part in read_arrow(path):
            for block in blocks[len(writers) :]:
                stream = stack.enter_context(block.path.open("wb"))
                writers.append(stack.enter_context(pa.ipc.new_file(stream, part.schema)))
            mine = block_of[done : done + len(part)]
            done += len(part)
            for k in np.unique(mine).tolist():
                writers[k].write_table(part.take(np.flatnonzero(mine == k)))
    return tuple(blocks)
