"""Target lists: a user's table made into checked positions, ids and what is known of hosts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from numpy.typing import NDArray

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import ColumnSpec, plain
from clumpscope.errors import TableError, expected_got

REQUIRED = ("ra", "dec")


@dataclass(frozen=True, eq=False)
class Target:
    """One galaxy to fetch.

    Attributes
    ----------
    galaxy_id
        Safe id.
    ra, dec
        Position (ICRS), degrees.
    known
        Columns of `HOSTS` that the list gave (finite numbers, non-zero ids), in their units.
    """

    galaxy_id: str
    ra: float
    dec: float
    known: dict[str, float]


@dataclass(frozen=True, eq=False)
class Targets:
    """A checked target list.

    Attributes
    ----------
    hosts
        Table of kind `HOSTS`, one row a target in the order of the list; NaN where unknown.
    """

    hosts: QTable

    def __len__(self) -> int:
        return len(self.hosts)

    def __iter__(self) -> Iterator[Target]:
        numbers = [spec for spec in HOSTS if spec.dtype != "str"]
        columns = {spec.name: plain(self.hosts, spec.name) for spec in numbers}
        for row, galaxy_id in enumerate(self.hosts["galaxy_id"]):
            values = {
                spec.name: (int if spec.dtype == "i8" else float)(columns[spec.name][row])
                for spec in numbers
            }
            known = {
                spec.name: values[spec.name]
                for spec in numbers
                if np.isfinite(values[spec.name]) and (spec.dtype != "i8" or values[spec.name])
            }
            yield Target(str(galaxy_id), values["ra"], values["dec"], known)


def make_targets(table: Table, where: object = "targets") -> Targets:
    """Check a user's table and take from it what the host table has a place for.

    Column names match without regard to case. ``ra`` and ``dec`` are needed (degrees, or
    carrying a unit); without ``galaxy_id`` ids are made from positions, as
    ``J151806.15+424445.6``. Columns with a unit are converted; others are taken to be in
    the unit of the host table. Unknown columns are left out.

    Parameters
    ----------
    table
        The list, as `clumpscope.store.tables.read_user_table` gives it.
    where
        Its name in messages.

    Raises
    ------
    TableError
        If the list is empty, lacks a position, has one that is not on the sky, repeats or
        endangers an id, or a column has a wrong type or unit.
    """
    if len(table) == 0:
        raise TableError(expected_got(where, "at least one target", "an empty list"))
    names = {name.lower(): name for name in reversed(table.colnames)}
    names.update({name: name for name in table.colnames if name == name.lower()})
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise TableError(
            expected_got(
                where,
                "columns ra and dec in degrees",
                f"{', '.join(table.colnames)} (no {' and no '.join(missing)})",
            )
        )
    columns: dict[str, NDArray[np.generic]] = {
        spec.name: _numbers(table, names[spec.name], spec, where)
        for spec in HOSTS
        if spec.dtype != "str" and spec.name in names
    }
    ra, dec = columns["ra"], columns["dec"]
    _check_sky(ra, dec, where)
    columns["ra"] = np.mod(ra, 360.0)
    ids = _given_ids(table, names["galaxy_id"]) if "galaxy_id" in names else _made_ids(ra, dec)
    _check_ids(ids, where)
    columns["galaxy_id"] = np.array(ids, dtype=np.str_)
    return Targets(record_table(HOSTS, columns))


def _numbers(table: Table, name: str, spec: ColumnSpec, where: object) -> NDArray[np.generic]:
    column = table[name]
    blank: float = 0 if spec.dtype == "i8" else np.nan
    try:
        if column.unit is not None and spec.unit:
            values = u.Quantity(column, copy=True).to_value(spec.unit)
            values = np.ma.filled(getattr(values, "unmasked", values), blank)
        elif isinstance(column, MaskedColumn):
            values = np.ma.filled(column.astype(spec.dtype), blank)
        else:
            values = getattr(column, "value", column)
        array = np.asarray(values, dtype=spec.dtype)
    except (ValueError, TypeError, u.UnitsError) as error:
        expected = f"numbers in {spec.unit}" if spec.unit else "numbers"
        raise TableError(expected_got(f"{where}: column {name}", expected, error)) from error
    mask = getattr(column, "mask", None)
    if mask is not None:
        array = np.where(np.asarray(mask, dtype=bool), blank, array).astype(spec.dtype)
    if array.ndim != 1:
        raise TableError(
            expected_got(f"{where}: column {name}", "one number a row", f"shape {array.shape}")
        )
    return array


def _check_sky(ra: NDArray[np.generic], dec: NDArray[np.generic], where: object) -> None:
    for name, values, limit in (("ra", ra, 360.0), ("dec", dec, 90.0)):
        bad = ~(np.abs(values) <= limit)
        if bad.any():
            row = int(np.argmax(bad))
            raise TableError(
                expected_got(
                    f"{where}: row {row + 1}, {name}",
                    f"degrees within {limit:g} of 0",
                    values[row],
                )
            )


def _given_ids(table: Table, name: str) -> list[str]:
    return [
        (item.decode(errors="replace") if isinstance(item, bytes) else str(item)).strip()
        for item in table[name]
    ]


def _made_ids(ra: NDArray[np.generic], dec: NDArray[np.generic]) -> list[str]:
    """``JHHMMSS.ss+DDMMSS.s``, cut off and not rounded, as the IAU asks."""
    sky = SkyCoord(ra, dec, unit="deg")
    hours = np.floor(np.asarray(sky.ra.hour) * 360000 + 1e-6).astype(int)  # 0.01 s
    tenths = np.floor(np.abs(np.asarray(sky.dec.deg)) * 36000 + 1e-6).astype(int)  # 0.1"
    signs = np.where(np.asarray(sky.dec.deg) < 0, "-", "+")
    return [
        f"J{h // 360000:02d}{h // 6000 % 60:02d}{h // 100 % 60:02d}.{h % 100:02d}"
        f"{sign}{t // 36000:02d}{t // 600 % 60:02d}{t // 10 % 60:02d}.{t % 10}"
        for h, sign, t in zip(hours.tolist(), signs.tolist(), tenths.tolist(), strict=True)
    ]


def _check_ids(ids: list[str], where: object) -> None:
    first: dict[str, int] = {}
    for row, galaxy_id in enumerate(ids, start=1):
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            raise TableError(f"{where}: row {row}, {error}") from error
        # Ids become file names, and some file systems do not tell case apart.
        if galaxy_id.lower() in first:
            raise TableError(
                expected_got(
                    f"{where}: row {row}, galaxy_id",
                    "each id once",
                    f"{galaxy_id} as in row {first[galaxy_id.lower()]}",
                )
            )
        first[galaxy_id.lower()] = row
