"""Run-groups of growing size, each divided into training, validation and test galaxies."""

import math

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.labels import LabelsConfig
from clumpscope.core.boxes import Label
from clumpscope.core.records import SPLIT, SPLITS, record_table
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got

Index = NDArray[np.int64]
_ROUNDING = 1e-9


def group_sizes(galaxies: int, config: LabelsConfig) -> list[int]:
    """Galaxies of each run-group, growing exponentially up to all (Popp et al. 2024, Table 9)."""
    first, n = min(config.smallest_group, galaxies), config.groups
    if n == 1:
        return [galaxies]
    return [round(first * (galaxies / first) ** (i / (n - 1))) for i in range(n)]


def split(labels: QTable, config: LabelsConfig, seed: int) -> QTable:
    """Draw the run-groups: columns ``galaxy_id``, ``group``, ``split``.

    Galaxies are put in the order of their numbers of odd and normal clumps, equal ones at
    random, and every n-th is taken from a random start. So a group, and each of its parts, has
    its share of every kind of galaxy within one. Groups are drawn one by one and overlap.

    Raises
    ------
    TableError
        If there are fewer galaxies than parts.
    """
    galaxies = rows_by_id(labels)
    ids = list(galaxies)
    if len(ids) < len(SPLITS):
        raise TableError(expected_got("labels", f"at least {len(SPLITS)} galaxies", len(ids)))
    is_odd = plain(labels, "label") == Label.ODD
    odd = np.array([is_odd[rows].sum() for rows in galaxies.values()])
    count = np.array([len(rows) for rows in galaxies.values()])
    columns: dict[str, list[object]] = {"galaxy_id": [], "group": [], "split": []}
    for number, size in enumerate(group_sizes(len(ids), config), start=1):
        rng = np.random.default_rng([seed, number])
        order = np.lexsort((rng.random(len(ids)), count - odd, odd))
        members = order[_every(len(order), size, rng)]
        part = _parts(size, config.shares, rng)
        chosen = np.argsort(members)  # rows in the order of the ids
        columns["galaxy_id"] += [ids[k] for k in members[chosen]]
        columns["group"] += [number] * size
        columns["split"] += [SPLITS[k] for k in part[chosen]]
    return record_table(SPLIT, columns)


def _every(n: int, size: int, rng: np.random.Generator) -> Index:
    """``size`` of 0 … n − 1, evenly spaced from a random start."""
    return np.floor((np.arange(size) + rng.random()) * n / size).astype(np.int64)


def _parts(size: int, shares: tuple[float, float, float], rng: np.random.Generator) -> Index:
    """(size,) part of each, evenly spaced; in numbers as the paper's, see `part_sizes`."""
    counts = part_sizes(size, shares)
    part = np.zeros(size, dtype=np.int64)
    left = np.arange(size)
    for k in range(len(shares) - 1, 0, -1):
        taken = _every(len(left), counts[k], rng)
        part[left[taken]] = k
        left = np.delete(left, taken)
    return part


def part_sizes(size: int, shares: tuple[float, float, float]) -> tuple[int, int, int]:
    """Galaxies to train on, to validate and to test with: the latter are rounded up.

    In double precision 1 - 0.7 is a little more than 0.3, so that of 500 galaxies 151 are left
    of the training, as Popp et al. 2024 have it. So are 18 of the 20 groups of their Table 9. In
    the other two, the parts of group 15 do not add up, and section 4.2 has our 423 galaxies to
    train on in group 2 for the table's 424.
    """
    train, validation, test = shares
    left = math.ceil(size * (1 - train))
    last = left
    if validation and left:
        last = min(math.ceil(left * test / (validation + test) - _ROUNDING), left - 1)
    return size - left, left - last, last
