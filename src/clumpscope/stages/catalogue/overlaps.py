"""Clumps that are in a catalogue twice, as their hosts' cutouts overlap."""

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.catalogue.places import Values, duplicates, host_distance, positive

_PIECE = 65_536  # rows


def clump_keys(galaxy_id: NDArray[np.str_], clump_id: NDArray[np.integer]) -> NDArray[np.str_]:
    """(N,) how ``duplicate_of`` names clumps."""
    return np.char.add(np.char.add(galaxy_id, " "), clump_id.astype(str))


def better_rows(
    galaxies: NDArray[np.str_],
    of: NDArray[np.intp],
    place: tuple[Values, Values],
    fwhm_arcsec: Values,
    hosts: QTable,
) -> NDArray[np.intp]:
    """For each clump of a catalogue the row of the same one of a nearer host; -1 for none.

    Parameters
    ----------
    galaxies
        (G,) ids of the hosts.
    of
        (N,) number of each clump's host among them.
    place
        Right ascension and declination, (N,) degrees each.
    fwhm_arcsec
        (N,) PSF-FWHM in r.
    hosts
        Host table.

    Raises
    ------
    TableError
        If a host is missing or there twice.
    """
    row = host_rows(galaxies, hosts)

    def host(name: str) -> Values:
        known = name in hosts.colnames
        return plain(hosts, name).astype(float)[row] if known else np.full(len(row), np.nan)

    r90 = positive(host("petro_r90_arcsec"))
    ra, dec = host("ra"), host("dec")
    distance = np.empty(len(of))
    for start in range(0, len(of), _PIECE):  # whose coordinates take hundreds of bytes a clump
        some = slice(start, start + _PIECE)
        clump, centre = (place[0][some], place[1][some]), (ra[of[some]], dec[of[some]])
        round_disk = np.ones(len(clump[0])), np.zeros(len(clump[0]))
        distance[some] = host_distance(clump, centre, *round_disk).projected
    # In one unit for all: R90, if every host has one.
    rank = distance / (r90[of] if np.isfinite(r90).all() else 1.0)
    return duplicates(*place, of, fwhm_arcsec, rank)


def host_rows(ids: NDArray[np.str_], hosts: QTable) -> NDArray[np.intp]:
    """(N,) row of ``hosts`` for each id.

    Raises
    ------
    TableError
        If a host is missing or there twice.
    """
    host_ids = plain(hosts, "galaxy_id").astype(str)
    order = np.argsort(host_ids, kind="stable")
    known = host_ids[order]
    repeated = known[1:][known[1:] == known[:-1]]
    if repeated.size:
        raise TableError(expected_got("hosts: galaxy_id", "each once", f"{repeated[0]} twice"))
    missing = np.setdiff1d(ids, known)
    if missing.size:
        raise TableError(
            expected_got("hosts", "a row for every galaxy with clumps", f"none for {missing[0]}")
        )
    return order[np.searchsorted(known, ids)]
