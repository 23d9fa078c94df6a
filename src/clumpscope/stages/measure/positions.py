"""Positions that a user gives: a table with sky or pixel coordinates, or both."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table
from astropy.utils.masked import Masked
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.core.schema import rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.places import MAX_DISAGREEMENT_PX, Coords, Values, places

_SKY = (("ra", "dec"), ("clump_centre_ra", "clump_centre_dec"))
_PIXEL = (("x", "y"), ("clump_centre_px_x", "clump_centre_px_y"))


@dataclass(frozen=True, eq=False)
class UserPositions:
    """N positions as the user gave them.

    Attributes
    ----------
    galaxy_id
        (N,) str.
    radec
        (N, 2) ICRS degrees; NaN where not given.
    xy
        (N, 2) native pixels, 0-based; NaN where not given.
    columns
        Other columns of the positions schema that the table has, plain.
    """

    galaxy_id: NDArray[np.str_]
    radec: Values
    xy: Values
    columns: dict[str, NDArray[np.generic]]

    @classmethod
    def of(cls, table: Table) -> "UserPositions":
        """Read a table with ``galaxy_id`` and (``ra``, ``dec``) or (``x``, ``y``).

        The names of a clump table (``clump_centre_ra`` …) will do, too; its other columns
        are carried along. Numbers without a unit are degrees and pixels.

        Raises
        ------
        TableError
            If the table is empty, a column is missing, has a wrong unit or is no number where
            it should be, or an id is unsafe.
        """
        if "galaxy_id" not in table.colnames:
            raise TableError(expected_got("positions", "a column galaxy_id", table.colnames))
        if not len(table):
            raise TableError(expected_got("positions", "at least one row", "an empty table"))
        ids = np.array([str(value) for value in table["galaxy_id"]])
        check_galaxy_ids(ids.tolist(), "positions")
        radec, xy = _pair(table, _SKY, u.deg), _pair(table, _PIXEL, u.pix)
        if radec is None and xy is None:
            raise TableError(
                expected_got("positions", "columns ra and dec, or x and y", table.colnames)
            )
        nowhere = np.full((len(table), 2), np.nan)
        taken = {"galaxy_id", *_SKY[1], *_PIXEL[1]}
        columns = {
            spec.name: _plain(table, spec.name, spec.unit, spec.dtype)
            for spec in schema("positions")
            if spec.name in table.colnames and spec.name not in taken
        }
        clump_table("positions", columns)  # raises if one cannot be a column
        return cls(ids, nowhere if radec is None else radec, nowhere if xy is None else xy, columns)

    def rows(self, galaxy_id: str) -> NDArray[np.intp]:
        """Rows of a galaxy, in order."""
        return self._rows.get(galaxy_id, np.array([], dtype=np.intp))

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.intp]]:
        return rows_by_id(Table({"galaxy_id": self.galaxy_id}))

    def native(
        self, rows: NDArray[np.intp], wcs: WCS | None, coords: Coords | None = None
    ) -> Values:
        """(n, 2) native pixels of some rows, all of one image; see `resolve`."""
        where = f"positions of {self.galaxy_id[rows[0]]}" if len(rows) else "positions"
        return resolve(self.xy[rows], self.radec[rows], wcs, coords, where)

    def table(self, placed: Sequence[tuple[NDArray[np.intp], Values, WCS | None]]) -> QTable:
        """Clump table of level "positions" of (rows, native pixels, WCS) of several galaxies.

        Clumps without ``clump_id`` are counted from 1 in each galaxy.
        """
        if not placed:
            return clump_table("positions", {})
        rows = np.concatenate([one for one, _, _ in placed])
        xy = np.concatenate([one for _, one, _ in placed])
        sky = np.concatenate([native_to_sky(one, wcs) for _, one, wcs in placed])
        columns: dict[str, object] = {name: col[rows] for name, col in self.columns.items()}
        columns.setdefault(
            "clump_id", np.concatenate([np.arange(1, len(one) + 1) for one, _, _ in placed])
        )
        columns |= {
            "galaxy_id": self.galaxy_id[rows],
            "clump_centre_ra": sky[:, 0],
            "clump_centre_dec": sky[:, 1],
            "clump_centre_px_x": xy[:, 0],
            "clump_centre_px_y": xy[:, 1],
        }
        return clump_table("positions", columns)


def resolve(
    xy: Values,
    radec: Values,
    wcs: WCS | None,
    coords: Coords | None = None,
    where: str = "positions",
) -> Values:
    """Decide on one native position for each row.

    Parameters
    ----------
    xy, radec
        (n, 2) native pixels and ICRS degrees; NaN where not given.
    wcs
        Of the image; needed only where sky positions are used or compared.
    coords
        "sky" or "pixel" takes these; ``None`` takes what a row has. Where it has both they
        must agree to `~clumpscope.ops.places.MAX_DISAGREEMENT_PX`, and pixels are taken.

    Returns
    -------
    (n, 2) native pixels, all finite.

    Raises
    ------
    TableError
        If a position is missing, or both are there and disagree.
    ImageError
        If a sky position is needed and there is no WCS.
    """
    native, apart = places(xy, radec, wcs, coords)
    missing = ~np.isfinite(native).all(axis=1)
    if missing.any():
        wanted = {"sky": "ra and dec", "pixel": "x and y", None: "ra and dec, or x and y"}[coords]
        row = int(np.argmax(missing))
        raise TableError(
            expected_got(f"{where}, row {row + 1}", wanted, f"{radec[row]}, {xy[row]}")
        )
    if (apart > MAX_DISAGREEMENT_PX).any():
        row = int(np.argmax(apart))
        raise TableError(
            expected_got(
                f"{where}, row {row + 1}",
                f"sky and pixel position within {MAX_DISAGREEMENT_PX} px (or choose with coords)",
                f"{apart[row]:.2f} px apart",
            )
        )
    return native


def _pair(table: Table, names: Sequence[tuple[str, str]], unit: u.Unit) -> Values | None:
    """Return the first pair of columns that the table has, (N, 2)."""
    for pair in names:
        if set(pair) <= set(table.colnames):
            return np.column_stack([_plain(table, name, unit, "f8") for name in pair])
    return None


def _plain(table: Table, name: str, unit: u.Unit | str, dtype: str) -> NDArray[np.generic]:
    """Return a column as a bare array in ``unit``.

    Masked floats are NaN, masked whole numbers 0, and masked text is empty.
    """
    try:
        column = _without_mask(table[name], dtype)
        values = u.Quantity(column) if getattr(column, "unit", None) and unit else column
        if isinstance(values, u.Quantity):
            values = values.to_value(unit)
        array = np.asarray(values)
        if dtype == "f8":
            return array.astype(float)
        return array.astype(dtype) if dtype[0] == "i" and array.dtype.kind in "USO" else array
    except u.UnitConversionError as error:
        raise TableError(
            expected_got(f"positions: {name}", f"a unit like {unit}", table[name].unit)
        ) from error
    except (ValueError, TypeError) as error:
        raise TableError(
            expected_got(f"positions: {name}", "numbers", f"others ({error})")
        ) from error


def _without_mask(column: Column | u.Quantity, dtype: str) -> Column | u.Quantity:
    if isinstance(column, Masked):
        return column.filled(np.nan)
    if not isinstance(column, MaskedColumn):
        return column
    if dtype != "f8":
        return column.filled({"f": np.nan, "U": "", "S": b""}.get(column.dtype.kind, 0))
    values = np.full(column.shape, np.nan)
    good = ~np.ma.getmaskarray(column)
    values[good] = np.asarray(column.data.data[good]).astype(float)
    return Column(values, unit=column.unit)
