"""Two sides of a training set: galaxies to learn from, and galaxies held out to judge by."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from astropy.table import QTable
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from clumpscope.core.records import SPLITS
from clumpscope.errors import TableError, expected_got

_SAME_PLACE_ARCSEC = 3.0  # less than the nearest neighbours of a sample are apart


def same_hosts(hosts: Sequence[str], ra: ArrayLike, dec: ArrayLike) -> list[str]:
    """One name for all galaxies that show the same host: the first in the alphabet.

    They bear one name, or lie within 3 arcsec of one another, or a chain of such links leads
    from one to the other.

    Parameters
    ----------
    hosts
        (N,) name of each galaxy's host.
    ra, dec
        (N,) degrees, NaN where unknown.
    """
    names, name = np.unique(np.asarray(hosts, dtype=np.str_), return_inverse=True)
    places = np.column_stack([name, np.asarray(ra, dtype=float), np.asarray(dec, dtype=float)])
    # Once each: many copies of one host would make very many pairs.
    places = np.unique(places[np.isfinite(places).all(axis=1)], axis=0)
    lon, lat = np.radians(places[:, 1:]).T
    xyz = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    chord = 2 * np.sin(np.radians(_SAME_PLACE_ARCSEC / 3600) / 2)
    pairs = places[KDTree(xyz).query_pairs(chord, output_type="ndarray"), 0].astype(np.intp)
    links = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(names), len(names)))
    _, family = connected_components(links, directed=False)
    _, first = np.unique(family, return_index=True)
    shown: list[str] = names[first[family[name]]].tolist()
    return shown


def by_host(hosts: Sequence[str], fraction: float, seed: int) -> NDArray[np.bool_]:
    """(N,) whether each galaxy is held out: whole hosts, about ``fraction`` of the galaxies.

    Hosts come in an order drawn from (seed, host), whatever the order of the galaxies, and each
    is held out if that brings the share nearer to what is wanted. So the number of galaxies is
    that wanted within half of the largest host's, unless a side would then be empty: it gets
    the smallest host.

    Raises
    ------
    TableError
        If there are fewer than two hosts.
    """
    size = Counter(hosts)
    if len(size) < 2:
        raise TableError(
            expected_got("galaxies to train on", "at least two hosts, to hold one out", len(size))
        )
    order = sorted(size, key=lambda host: hashlib.sha256(f"{seed} {host}".encode()).digest())
    smallest = min(order, key=lambda host: size[host])
    wanted, held, galaxies = fraction * len(hosts), set(), 0
    for host in order:
        if galaxies + size[host] / 2 <= wanted:
            held.add(host)
            galaxies += size[host]
    if not held:
        held = {smallest}
    elif len(held) == len(size):
        held.remove(smallest)
    return np.array([host in held for host in hosts])


def by_host_of_both_kinds(
    hosts: Sequence[str], clumpy: Sequence[bool], fraction: float, seed: int
) -> NDArray[np.bool_]:
    """(N,) whether each galaxy is held out, as `by_host`, with equal shares of both kinds.

    Hosts that have a clumpy galaxy are divided apart from those that have none.

    Raises
    ------
    TableError
        If there are fewer than two hosts of either kind.
    """
    marked = {host for host, one in zip(hosts, clumpy, strict=True) if one}
    held_out = np.zeros(len(hosts), dtype=bool)
    for kind, wanted in (("clumpy galaxies", True), ("galaxies without labels", False)):
        rows = [row for row, host in enumerate(hosts) if (host in marked) == wanted]
        number = len({hosts[row] for row in rows})
        if number < 2:
            raise TableError(expected_got(kind, "at least two hosts, to hold one out", number))
        held_out[rows] = by_host([hosts[row] for row in rows], fraction, seed)
    return held_out


def of_group(groups: QTable, group: int, where: object) -> dict[str, str]:
    """Side of each galaxy of one run-group: train, validation or test.

    Parameters
    ----------
    groups
        Of kind `SPLIT`: what ``labels split`` writes.
    where
        The table's name in messages.

    Raises
    ------
    TableError
        If there is no such group, or a galaxy in it twice, or with a side of another name.
    """
    number = np.asarray(groups["group"])
    if group not in number:
        there = " ".join(str(one) for one in sorted(set(number.tolist())))
        raise TableError(expected_got(f"{where}: group", f"one of {there}", group))
    mine = groups[number == group]
    sides: dict[str, str] = {}
    for galaxy_id, side in zip(mine["galaxy_id"], mine["split"], strict=True):
        place = f"{where}: group {group}, galaxy {galaxy_id}"
        if side not in SPLITS:
            raise TableError(expected_got(f"{place}, split", f"one of {' '.join(SPLITS)}", side))
        if str(galaxy_id) in sides:
            raise TableError(expected_got(place, "once", "twice"))
        sides[str(galaxy_id)] = str(side)
    return sides
