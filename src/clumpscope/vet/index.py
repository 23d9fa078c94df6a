"""Galaxies and clumps of a run as columns: what the gallery sorts, filters and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clumpscope.core.bands import bands_of, colours
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.clump_keys import PLACES, box_key, clumps_file, key_of
from clumpscope.ops.numbers import said
from clumpscope.store.columnar import column_names, ids_of, read_columns
from clumpscope.store.sample import Sample

Values = NDArray[np.float32]

_JY = 1e6  # microjansky
_NMGY = 3.631  # microjansky
# Columns of the clumps, by the names that the page has for them.
_COLUMNS = {
    "label": "clump_label_id",
    "score": "clump_score",
    "p_real": "p_real",
    "quality": "quality",
    "ratio": "clump_flux_ratio",
    "flags": "flags",
}
_FIRST_COLOURS = (("g", "r"), ("r", "i"), ("g", "i"))
MOST_COLOURS = 12
_FARTHEST = 1e6  # px
_MOST = 10**6  # clumps of a galaxy


class NoSuchError(TableError):
    """There is no such galaxy or box."""


@dataclass(frozen=True, eq=False)
class Index:
    """A run's galaxies in the order of its sample, and their clumps, sorted by galaxy.

    Attributes
    ----------
    key
        By which decisions on the run's boxes are known.
    ids
        Galaxies.
    row
        Their rows, by id.
    redshift
        (G,) of each; NaN unknown.
    longest
        (G,) longer side of each image, pixels; NaN unknown.
    start
        (G + 1,) first clump of each galaxy; the last is the number of clumps.
    number
        (N,) ``clump_id`` of each clump.
    box
        (N, 4) x1, y1, x2, y2, native pixel edges.
    clumps
        (N,) columns ``label``, ``score``, ``p_real``, ``quality``, ``ratio``, ``flags``,
        ``colour``.
    bands
        Bands with fluxes.
    flux, flux_err
        (N, B) microjansky.
    colours
        (N,) of each colour, such as "g-r".
    """

    key: str
    ids: list[str]
    row: Mapping[str, int]
    redshift: Values
    longest: Values
    start: NDArray[np.intp]
    number: NDArray[np.int32]
    box: NDArray[np.float32]
    clumps: Mapping[str, NDArray[Any]]
    bands: tuple[str, ...]
    flux: Values
    flux_err: Values
    colours: Mapping[str, Values]

    def row_of(self, galaxy_id: str) -> int:
        """Row of a galaxy.

        Raises
        ------
        NoSuchError
            If the run has none of that id.
        """
        row = self.row.get(galaxy_id)
        if row is None:
            raise NoSuchError(expected_got("galaxy", "one of the run", said(galaxy_id)))
        return row

    @property
    def count(self) -> NDArray[np.intp]:
        """(G,) clumps of each galaxy."""
        return np.diff(self.start)

    def rows(self, galaxy: int) -> slice:
        """Rows of a galaxy's clumps."""
        return slice(int(self.start[galaxy]), int(self.start[galaxy + 1]))

    def keys(self, galaxy: int) -> list[str]:
        """Names of a galaxy's boxes."""
        return [box_key(int(number)) for number in self.number[self.rows(galaxy)]]

    def most(self, values: NDArray[Any], blank: float) -> Values:
        """(G,) the largest value of each galaxy's clumps, ``blank`` where it has none."""
        found = np.full(len(self.ids), blank, dtype=np.float32)
        filled = np.flatnonzero(self.count)
        if len(filled):
            whole = np.where(np.isfinite(values), values, -np.inf)
            top = np.maximum.reduceat(whole, self.start[filled])
            found[filled] = np.where(np.isfinite(top), top, blank)
        return found

    def count_of(self, clumps: NDArray[np.bool_]) -> NDArray[np.intp]:
        """(G,) how many of some clumps (N,) each galaxy has."""
        so_far = np.concatenate([[0], np.cumsum(clumps)])
        return np.diff(so_far[self.start]).astype(np.intp)

    def with_any(self, clumps: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(G,) galaxies with one of some clumps (N,)."""
        found = np.zeros(len(self.ids), dtype=bool)
        filled = np.flatnonzero(self.count)
        if len(filled):
            found[filled] = np.logical_or.reduceat(clumps, self.start[filled])
        return found

    def flags_of(self) -> NDArray[np.int64]:
        """(G,) all flags of each galaxy's clumps together."""
        found = np.zeros(len(self.ids), dtype=np.int64)
        filled = np.flatnonzero(self.count)
        if len(filled):
            found[filled] = np.bitwise_or.reduceat(self.clumps["flags"], self.start[filled])
        return found


def indexed(folder: Path, sample: Sample) -> Index:
    """Read what is needed of a run, column by column.

    Raises
    ------
    StoreError, TableError
        If the run has no clumps' table, or it cannot be read, or is of another sample.
    """
    path = clumps_file(folder)
    if path is None:
        raise TableError(
            expected_got(f"run {folder}", "positions.parquet", "none", "vet what `run` has made")
        )
    names = column_names(path)
    places = read_columns(path, PLACES)
    key = key_of(places, path)
    ids = sample.ids
    row = {galaxy_id: k for k, galaxy_id in enumerate(ids)}
    try:
        of = np.fromiter(map(row.__getitem__, ids_of(places, path)), dtype=np.int64)
    except KeyError as error:
        expected = f"galaxies of sample {sample.folder}"
        raise TableError(expected_got(path, expected, error.args[0])) from None
    _check_boxes(places, path)
    order = np.lexsort((places["clump_id"], of))
    names_of = np.column_stack([of, places["clump_id"]])[order]
    if (names_of[1:] == names_of[:-1]).all(axis=1).any():
        raise TableError(expected_got(path, "each clump once", "one twice"))
    start = np.searchsorted(of[order], np.arange(len(ids) + 1))

    def column(name: str, dtype: str, blank: float) -> NDArray[Any]:
        if name not in names:
            return np.full(len(order), blank, dtype=dtype)
        values = read_columns(path, [name])[name][order]
        with np.errstate(over="ignore"):
            return values.astype(dtype)

    bands = bands_of(names, "aperture_radius")
    there = {
        f"{blue}-{red}": column(f"clump_mag_corr_{blue}_{red}", "f4", np.nan)
        for blue, red in colours(bands)[:MOST_COLOURS]
        if f"clump_mag_corr_{blue}_{red}" in names
    }
    scale = np.float32(_JY if path.stem == "catalogue" else _NMGY)
    blank = np.full(len(order), np.nan, dtype=np.float32)
    usual = (f"{blue}-{red}" for blue, red in _FIRST_COLOURS)
    colour = next((there[name] for name in (*usual, *there) if name in there), blank)
    kinds = {"label": "i1", "quality": "i1", "flags": "i8"}
    pa.default_memory_pool().release_unused()
    return Index(
        key=key,
        ids=ids,
        row=row,
        redshift=_redshifts(sample),
        longest=_longest(folder, row),
        start=start.astype(np.intp),
        number=places["clump_id"][order].astype(np.int32),
        box=np.column_stack([places[name][order] for name in PLACES[2:]]).astype(np.float32),
        clumps={
            name: column(stored, kinds.get(name, "f4"), -1 if name == "quality" else np.nan)
            if name not in ("label", "flags")
            else column(stored, kinds[name], 0)
            for name, stored in _COLUMNS.items()
        }
        | {"colour": colour},
        bands=bands,
        flux=_planes([scale * column(f"clump_flux_{band}", "f4", np.nan) for band in bands], order),
        flux_err=_planes(
            [scale * column(f"clump_flux_err_{band}", "f4", np.nan) for band in bands], order
        ),
        colours=there,
    )


def _check_boxes(places: Mapping[str, NDArray[Any]], path: Path) -> None:
    """See that every box is one, and every clump has a number."""
    box = np.column_stack([places[name] for name in PLACES[2:]]).astype(float)
    bad = ~(np.abs(box) < _FARTHEST).all(axis=1) | (box[:, :2] >= box[:, 2:]).any(axis=1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        what = f"{path}: box of row {row + 1}"
        raise TableError(expected_got(what, "x1 < x2 and y1 < y2", box[row].tolist()))
    number = places["clump_id"]
    if ((number < 1) | (number > _MOST)).any():
        raise TableError(expected_got(f"{path}: clump_id", f"1 to {_MOST}", "others"))


def _planes(columns: list[NDArray[Any]], order: NDArray[np.intp]) -> Values:
    return np.column_stack(columns) if columns else np.empty((len(order), 0), dtype=np.float32)


def _longest(folder: Path, row: Mapping[str, int]) -> Values:
    """(G,) longer sides of the images in pixels, as the run has seen them."""
    found = np.full(len(row), np.nan, dtype=np.float32)
    path = folder / "galaxies.parquet"
    if not path.is_file():
        return found
    table = read_columns(path, ("galaxy_id", "field_arcsec", "pixscale_arcsec"))
    if len(table) == 3:
        with np.errstate(divide="ignore", invalid="ignore"):
            sides = table["field_arcsec"] / table["pixscale_arcsec"]
        for galaxy_id, side in zip(ids_of(table, path), sides, strict=True):
            if galaxy_id in row:
                found[row[galaxy_id]] = side
    return found


def _redshifts(sample: Sample) -> Values:
    if "redshift" not in sample.hosts.colnames:
        return np.full(len(sample), np.nan, dtype=np.float32)
    return np.asarray(sample.hosts["redshift"], dtype=np.float32)
