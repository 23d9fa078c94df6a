"""Target lists: a user's table made into checked positions, ids and what is known of hosts."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from astropy import units as u
from astropy.table import Column, MaskedColumn, QTable, Table
from astropy.utils.masked import Masked
from numpy.typing import NDArray

from clumpscope.core.columns import ID_NAMES
from clumpscope.core.names import iau_names
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import AB, ColumnSpec, plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.columns import by_name, is_text, words
from clumpscope.ops.ids import id_texts, mended
from clumpscope.stages.fetch.angles import sexagesimal
from clumpscope.stages.fetch.columns import GIVEN, host_columns, listed
from clumpscope.stages.fetch.ids import check_ids

_ANGLES = {"ra": (u.hourangle, "hours"), "dec": (u.deg, "degrees")}


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
    where
        Name of the list.
    notes
        What the user should know of how it was read, a sentence each.
    lost
        Ids of rows that have no position, with the reason.
    """

    hosts: QTable
    where: str
    notes: tuple[str, ...]
    lost: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.hosts)

    def __iter__(self) -> Iterator[Target]:
        columns = {spec.name: plain(self.hosts, spec.name) for spec in GIVEN}
        for row, galaxy_id in enumerate(self.hosts["galaxy_id"]):
            values = {
                spec.name: (int if spec.dtype == "i8" else float)(columns[spec.name][row])
                for spec in GIVEN
            }
            known = {
                spec.name: values[spec.name]
                for spec in GIVEN
                if np.isfinite(values[spec.name]) and (spec.dtype != "i8" or values[spec.name])
            }
            yield Target(str(galaxy_id), values["ra"], values["dec"], known)

    @property
    def ids(self) -> list[str]:
        """Ids, in the order of the list."""
        return [str(one) for one in self.hosts["galaxy_id"]]

    def without(self, ids: Container[str]) -> "Targets":
        """Those that are not of some ids."""
        rows = [k for k, one in enumerate(self.ids) if one not in ids]
        return replace(self, hosts=self.hosts[rows])

    def only(self, ids: Container[str]) -> "Targets":
        """Those of some ids."""
        rows = [k for k, one in enumerate(self.ids) if one in ids]
        return replace(self, hosts=self.hosts[rows])


def make_targets(table: Table, where: object = "targets") -> Targets:
    """Check a user's table and take from it what the host table has a place for.

    Column names match without regard to case and signs, and the usual other names of an id and
    a position will do (`clumpscope.core.columns`). Positions are degrees, or carry a unit, or
    are sexagesimal text, right ascension then in hours. Without an id, ids are made from
    positions, as ``J151806.15+424445.6``; what in one is unsafe in a file's name becomes ``_``.
    Columns with a unit are converted; others are taken to be in the unit of the host table.

    Parameters
    ----------
    table
        The list, as `clumpscope.store.tables.read_user_table` gives it.
    where
        Its name in messages.

    Raises
    ------
    TableError
        If the list is empty, lacks a position, has one that is not on the sky, repeats an id,
        has ids that have lost digits, or a column has a wrong type or unit.
    """
    if len(table) == 0:
        raise TableError(expected_got(where, "at least one target", "an empty list"))
    theirs = by_name(table.colnames)
    names, notes = host_columns(theirs)
    missing = [name for name in _ANGLES if name not in names]
    if missing:
        raise TableError(
            expected_got(
                where,
                "columns ra and dec, or RAJ2000 and DEJ2000, or the like",
                f"{', '.join(table.colnames)} (no {' and no '.join(missing)})",
            )
        )
    columns, on_angles = _values(table, names, where)
    _check_sky(columns["ra"], columns["dec"], where)
    columns["ra"] = np.mod(columns["ra"], 360.0)
    source, given, on_ids = _given_ids(table, theirs, where)
    given = given or iau_names(columns["ra"], columns["dec"]).tolist()
    ids = [mended(galaxy_id) for galaxy_id in given]
    check_ids(ids, given, where)
    columns["galaxy_id"] = np.array(ids, dtype=np.str_)
    notes += on_angles + on_ids
    changed = [f"{old!r} is {new}" for old, new in zip(given, ids, strict=True) if old != new]
    if changed:
        notes.append(f"ids made safe as file names: {listed(changed)}")
    unused = [name for name in table.colnames if name not in (*names.values(), source)]
    if unused:
        notes.append(f"columns not used: {listed(unused)}")
    return Targets(record_table(HOSTS, columns), str(where), tuple(notes))


def _values(
    table: Table, names: Mapping[str, str], where: object
) -> tuple[dict[str, NDArray[np.generic]], list[str]]:
    """Our columns, in the order of `HOSTS`, from theirs; and notes on sexagesimal ones."""
    columns: dict[str, NDArray[np.generic]] = {}
    notes = []
    for spec in HOSTS:
        if spec.name not in names:
            continue
        column, label = table[names[spec.name]], f"{where}: column {names[spec.name]}"
        angles = None
        if spec.name in _ANGLES:
            unit, what = _ANGLES[spec.name]
            angles = sexagesimal(column, unit, label)
            if angles is not None:
                notes.append(f"{names[spec.name]} is sexagesimal, in {what}")
        read = _whole_numbers if spec.dtype == "i8" else _numbers
        columns[spec.name] = read(column, spec, label) if angles is None else angles
    return columns, notes


def _given_ids(
    table: Table, theirs: Mapping[str, str], where: object
) -> tuple[str, list[str], list[str]]:
    """The first column with an id in each row, its ids, and notes; empty if there is none."""
    notes: list[str] = []
    for name in ID_NAMES:
        if name not in theirs:
            continue
        source = theirs[name]
        ids = id_texts(table[source], f"{where}: column {source}")
        if name == ID_NAMES[0]:  # gaps in it are a mistake, to be told
            return source, ids, notes
        if "" not in ids and ids.count("0") < 2:  # 0 is an id that SDSS does not know
            return source, ids, [*notes, f"taken: galaxy_id from {source}"]
        notes.append(f"{source} has gaps and is not taken as galaxy_id")
    return "", [], notes


def _whole_numbers(column: Column, spec: ColumnSpec, where: str) -> NDArray[np.generic]:
    texts = id_texts(column, where)
    try:
        return np.array([int(text or 0) for text in texts], dtype=spec.dtype)
    except (ValueError, OverflowError) as error:
        raise TableError(expected_got(where, "whole numbers of 64 bits", error)) from error


def _numbers(column: Column | u.Quantity, spec: ColumnSpec, where: str) -> NDArray[np.generic]:
    try:
        if is_text(column):
            column = Column([float(word or "nan") for word in words(column)], unit=column.unit)
        elif isinstance(column, MaskedColumn):
            column = Column(column.astype(float).filled(np.nan), unit=column.unit)
        elif isinstance(column, Masked):
            column = column.filled(np.nan)
        has_unit = column.unit is not None and spec.unit
        values = u.Quantity(column).to_value(spec.unit, AB) if has_unit else column.value
        array = np.asarray(values, dtype=spec.dtype)
    except (ValueError, TypeError, u.UnitsError) as error:
        expected = f"numbers in {spec.unit}" if spec.unit else "numbers"
        raise TableError(expected_got(where, expected, error)) from error
    if array.ndim != 1:
        raise TableError(expected_got(where, "one number a row", f"shape {array.shape}"))
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
