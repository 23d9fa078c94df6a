"""Catalogue: photometry and host data joined into the released table.

Magnitudes are AB, 8.90 - 2.5 log10(F / Jy), with 1 nanomaggy = 3.631e-6 Jy; SDSS's own zero
points differ slightly (u_AB = u - 0.04, z_AB = z + 0.02), which is not applied.
"""

from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config import CatalogueConfig
from clumpscope.core.clumps import clump_table
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import JY_PER_NMGY, plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.extinction import ebv, extinction

Values = NDArray[np.float64]

_AB_ZERO_POINT = 8.90
_MAG_PER_LN = 2.5 / np.log(10)
_LIMIT_SIGMA = 2.0
_COLOURS = (("u", "g"), ("g", "r"), ("r", "i"), ("i", "z"))


def catalogue(photometry: QTable, hosts: QTable, config: CatalogueConfig) -> QTable:
    """Make the released catalogue.

    Extinction comes from the dust maps where the recipe names them and the host has a sky
    position, else from the host's ``ebv``. The flux ratio is that of the uncorrected u fluxes.

    Parameters
    ----------
    photometry
        Clump table of level "photometry".
    hosts
        Host table; columns that it lacks count as unknown.

    Returns
    -------
    Clump table of level "release", sorted by ``galaxy_id`` and ``clump_id``.

    Raises
    ------
    TableError
        If a clump's host is missing or a host is there twice.
    RecipeError
        If a dust map is missing or damaged.
    """
    bands = _bands(photometry)
    ids = plain(photometry, "galaxy_id").astype(str)
    order = np.lexsort((plain(photometry, "clump_id"), ids))
    photometry = photometry[order]
    row = _host_rows(ids[order], hosts)

    def host(name: str) -> Values:
        if name not in hosts.colnames:
            return np.full(len(row), np.nan)
        return plain(hosts, name).astype(float)[row]

    def host_ids(name: str) -> NDArray[np.int64]:
        known = plain(hosts, name) if name in hosts.colnames else np.zeros(len(hosts))
        return known.astype(np.int64)[row]

    columns: dict[str, object] = {name: plain(photometry, name) for name in photometry.colnames}
    flux = _planes(photometry, "clump_flux", bands)
    flux_err = _planes(photometry, "clump_flux_err", bands)
    host_flux = np.column_stack([host(f"petro_flux_{band}") for band in bands])
    host_err = np.column_stack([host(f"petro_flux_err_{band}") for band in bands])
    sky = [
        np.where(np.isfinite(host(name)), host(name), plain(photometry, f"clump_centre_{name}"))
        for name in ("ra", "dec")
    ]
    extinct = extinction(_ebv(sky[0], sky[1], host("ebv"), config), bands)
    mag, host_mag = magnitude(flux), magnitude(host_flux)
    corrected = mag - extinct
    u = bands.index("u") if "u" in bands else None
    ratio, ratio_err = (
        (np.full(len(row), np.nan),) * 2
        if u is None
        else flux_ratio(flux[:, u], flux_err[:, u], host_flux[:, u], host_err[:, u])
    )

    for stem, plane in {
        "clump_flux": flux * JY_PER_NMGY,
        "clump_flux_err": flux_err * JY_PER_NMGY,
        "clump_background": _planes(photometry, "clump_background", bands) * JY_PER_NMGY,
        "clump_mag": mag,
        "clump_mag_limit": magnitude(np.maximum(flux, 0) + _LIMIT_SIGMA * flux_err),
        "clump_ext_mag": extinct,
        "clump_mag_corr": corrected,
        "galaxy_flux": host_flux * JY_PER_NMGY,
        "galaxy_mag": host_mag,
        "galaxy_mag_err": _MAG_PER_LN * host_err / np.where(host_flux > 0, host_flux, np.nan),
        "galaxy_mag_corr": host_mag - extinct,
    }.items():
        columns |= {f"{stem}_{band}": plane[:, b] for b, band in enumerate(bands)}
    for blue, red in _COLOURS:
        if {blue, red} <= set(bands):
            columns[f"clump_mag_corr_{blue}_{red}"] = (
                corrected[:, bands.index(blue)] - corrected[:, bands.index(red)]
            )
    flags = plain(photometry, "flags").astype(np.int64)
    has_host_flux = np.zeros(len(row), dtype=bool) if u is None else host_flux[:, u] > 0
    flags[~has_host_flux] |= ClumpFlag.NO_HOST_FLUX
    flags[~np.isfinite(extinct).all(axis=1)] |= ClumpFlag.NO_EXTINCTION
    if u is not None:
        flags[flux[:, u] < config.low_snr * flux_err[:, u]] |= ClumpFlag.LOW_SNR
    columns |= {
        "flags": flags,
        "clump_flux_ratio": ratio,
        "clump_flux_ratio_err": ratio_err,
        "is_clump_3pct": ratio >= 0.03,
        "is_clump_8pct": ratio >= 0.08,
        "specobjid": host_ids("specobjid"),
        "dr7objid": host_ids("dr7objid"),
        "galaxy_ra": host("ra"),
        "galaxy_dec": host("dec"),
        "galaxy_z": host("redshift"),
        "galaxy_expAB_r": host("axis_ratio"),
        "galaxy_lmass": host("log_mass"),
        "galaxy_lssfr": host("log_ssfr"),
    }
    return clump_table("release", columns, bands)


def magnitude(flux_nmgy: Values) -> Values:
    """AB magnitude of a flux in nanomaggy; NaN where it is not positive."""
    jansky = np.where(flux_nmgy > 0, flux_nmgy, np.nan) * JY_PER_NMGY
    result: Values = _AB_ZERO_POINT - 2.5 * np.log10(jansky)
    return result


def flux_ratio(
    flux: Values, flux_err: Values, host_flux: Values, host_err: Values
) -> tuple[Values, Values]:
    """Clump over host flux and its error; NaN without a positive host flux.

    An unknown host error counts as none.
    """
    known = np.where(host_flux > 0, host_flux, np.nan)
    ratio = flux / known
    host_part = ratio * np.nan_to_num(host_err)
    return ratio, np.hypot(flux_err, host_part) / known


def _bands(photometry: QTable) -> list[str]:
    stem = "clump_flux_"
    return [
        name.removeprefix(stem)
        for name in photometry.colnames
        if name.startswith(stem) and not name.startswith(f"{stem}err_")
    ]


def _planes(table: QTable, stem: str, bands: list[str]) -> Values:
    """(N, B) columns of a stem."""
    return np.column_stack([plain(table, f"{stem}_{band}") for band in bands]).astype(float)


def _host_rows(ids: NDArray[np.str_], hosts: QTable) -> NDArray[np.intp]:
    """Row of ``hosts`` for each clump."""
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


def _ebv(ra: Values, dec: Values, of_host: Values, config: CatalogueConfig) -> Values:
    if config.dust_map is None:
        return of_host
    mapped = ebv(ra, dec, Path(config.dust_map))
    return np.where(np.isfinite(mapped), mapped, of_host)
