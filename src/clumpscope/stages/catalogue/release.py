"""The released table: photometry, host data, and what follows from both."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.run import CatalogueConfig
from clumpscope.core.bands import colours, from_text
from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.clumps import clump_table
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.names import iau_names
from clumpscope.core.quality import BAD, quality
from clumpscope.core.schema import JY_PER_NMGY, plain
from clumpscope.models.calibration import Calibration, Evidence, p_real
from clumpscope.ops.extinction import ebv, extinction
from clumpscope.ops.magnitudes import (
    flux_ratio,
    magnitude,
    magnitude_error,
    magnitude_limit,
    ratio_probability,
)
from clumpscope.ops.stellar_locus import LOCUS_BANDS, stellar_distance
from clumpscope.stages.catalogue.overlaps import better_rows, clump_keys, host_rows
from clumpscope.stages.catalogue.places import host_distance, kpc_per_arcsec, positive

Values = NDArray[np.float64]

_ACRONYM = "CSCOPE"


def catalogue(
    photometry: QTable,
    hosts: QTable,
    config: CatalogueConfig,
    calibrations: Sequence[Calibration] = (),
    duplicate_of: NDArray[np.str_] | None = None,
) -> QTable:
    """Make the released catalogue, or a part of it: whole galaxies.

    Extinction comes from the dust maps where the recipe names them and the host, or else the
    clump, has a sky position; else from the host's ``ebv``. The flux ratio is that of the
    uncorrected u fluxes.

    Parameters
    ----------
    photometry
        Clump table of level "photometry".
    hosts
        Host table; columns that it lacks count as unknown.
    calibrations
        Those of the model that found the clumps.
    duplicate_of
        (N,) that column, of a part whose clumps may lie on galaxies of other parts; ``None``: as
        the clumps of ``photometry`` lie to each other.

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
    bands = list(from_text(photometry.meta["bands"]))
    ids = plain(photometry, "galaxy_id").astype(str)
    order = np.lexsort((plain(photometry, "clump_id"), ids))
    photometry = photometry[order]
    row = host_rows(ids[order], hosts)

    def host(name: str) -> Values:
        if name not in hosts.colnames:
            return np.full(len(row), np.nan)
        return plain(hosts, name).astype(float)[row]

    def whole(name: str) -> NDArray[np.int64]:
        known = plain(hosts, name) if name in hosts.colnames else np.zeros(len(hosts))
        if known.dtype.kind == "f":
            known = np.nan_to_num(known)
        return known.astype(np.int64)[row]

    columns: dict[str, object] = {name: plain(photometry, name) for name in photometry.colnames}
    flux = _planes(photometry, "clump_flux", bands)
    flux_err = _planes(photometry, "clump_flux_err", bands)
    host_flux = np.column_stack([host(f"petro_flux_{band}") for band in bands])
    host_err = np.column_stack([host(f"petro_flux_err_{band}") for band in bands])
    place = plain(photometry, "clump_centre_ra"), plain(photometry, "clump_centre_dec")
    centre = host("ra"), host("dec")
    sky = [np.where(np.isfinite(h), h, c) for h, c in zip(centre, place, strict=True)]
    extinct = extinction(_ebv(sky[0], sky[1], host("ebv"), config), bands)
    mag, mag_err, host_mag = magnitude(flux), magnitude_error(flux, flux_err), magnitude(host_flux)
    corrected = mag - extinct
    for stem, plane in {
        **{
            stem: _planes(photometry, stem, bands) * JY_PER_NMGY
            for stem in ("clump_background", "clump_flux_published", "clump_flux_err_published")
        },
        "clump_flux": flux * JY_PER_NMGY,
        "clump_flux_err": flux_err * JY_PER_NMGY,
        "clump_mag": mag,
        "clump_mag_err": mag_err,
        "clump_mag_limit": magnitude_limit(flux, flux_err),
        "clump_ext_mag": extinct,
        "clump_mag_corr": corrected,
        "galaxy_flux": host_flux * JY_PER_NMGY,
        "galaxy_mag": host_mag,
        "galaxy_mag_err": magnitude_error(host_flux, host_err),
        "galaxy_mag_corr": host_mag - extinct,
    }.items():
        columns |= {f"{stem}_{band}": plane[:, b] for b, band in enumerate(bands)}
    for blue, red in colours(bands):
        b, r = bands.index(blue), bands.index(red)
        columns[f"clump_mag_corr_{blue}_{red}"] = corrected[:, b] - corrected[:, r]
        columns[f"clump_mag_corr_err_{blue}_{red}"] = np.hypot(mag_err[:, b], mag_err[:, r])
    flags = plain(photometry, "flags").astype(np.int64) | whole("flags")
    there = _measured_bands(photometry, bands)
    flags[(there & ~np.isfinite(extinct)).any(axis=1)] |= ClumpFlag.NO_EXTINCTION
    in_u = _u_columns(bands, (flux, flux_err, host_flux, host_err), there, config, flags)
    fwhm = _column(photometry, "FWHM_r_arcsec")
    if duplicate_of is None:
        galaxies, of = np.unique(ids[order], return_inverse=True)
        better = better_rows(galaxies, of, place, fwhm, hosts)
        keys = clump_keys(ids[order], plain(photometry, "clump_id"))
        duplicate_of = np.where(better >= 0, keys[better], "")
    else:
        duplicate_of = duplicate_of[order]
    flags[duplicate_of != ""] |= ClumpFlag.DUPLICATE
    where = _place_columns(place, centre, host, fwhm, config, flags)
    stellar = _stellar(bands, corrected, mag_err, flags)
    level = quality(flags)  # once every flag is there
    for name in RATIOS:
        in_u[f"p_{name}"] = np.where(level == BAD, np.nan, in_u[f"p_{name}"].astype(float))
    columns |= (
        in_u
        | where
        | {
            "duplicate_of": duplicate_of,
            "p_real": p_real(calibrations, Evidence.of(photometry)),
            "stellar_distance": stellar,
            "flags": flags,
            "quality": level,
            "specobjid": whole("specobjid"),
            "dr7objid": whole("dr7objid"),
            "galaxy_ra": centre[0],
            "galaxy_dec": centre[1],
            "galaxy_z": host("redshift"),
            "galaxy_expAB_r": host("axis_ratio"),
            "galaxy_lmass": host("log_mass"),
            "galaxy_lssfr": host("log_ssfr"),
        }
    )
    return clump_table("release", columns, bands)


def _u_columns(
    bands: list[str],
    fluxes: tuple[Values, Values, Values, Values],
    there: NDArray[np.bool_],
    config: CatalogueConfig,
    flags: NDArray[np.int64],
) -> dict[str, NDArray[np.generic]]:
    """Flux ratio and what follows from it; adds to the flags.

    A clump whose image has no u is not faint in it.
    """
    n = len(flags)
    if "u" not in bands:
        flags |= int(ClumpFlag.NO_HOST_FLUX)
        blank = np.full(n, np.nan)
        names = ("clump_flux_ratio", "clump_flux_ratio_err", *(f"p_{name}" for name in RATIOS))
        return dict.fromkeys(names, blank)
    u = bands.index("u")
    flux, flux_err, host_flux, host_err = (plane[:, u] for plane in fluxes)
    ratio, ratio_err = flux_ratio(flux, flux_err, host_flux, host_err)
    flags[~(host_flux > 0)] |= ClumpFlag.NO_HOST_FLUX
    flags[there[:, u] & ~(flux >= config.low_snr * flux_err)] |= ClumpFlag.LOW_SNR
    chance = {
        f"p_{name}": ratio_probability(flux, flux_err, host_flux, host_err, least)
        for name, least in RATIOS.items()
    }
    return {
        "clump_flux_ratio": ratio,
        "clump_flux_ratio_err": ratio_err,
        **{f"is_clump_{name}": ratio >= least for name, least in RATIOS.items()},
        **chance,
    }


def _measured_bands(photometry: QTable, bands: list[str]) -> NDArray[np.bool_]:
    """(N, B) True in the bands of each clump's image; in all where nothing could be measured."""
    there = np.isfinite(_planes(photometry, "aperture_radius", bands))
    return there | ~there.any(axis=1, keepdims=True)


def _place_columns(
    place: tuple[Values, Values],
    centre: tuple[Values, Values],
    host: Callable[[str], Values],
    fwhm: Values,
    config: CatalogueConfig,
    flags: NDArray[np.int64],
) -> dict[str, object]:
    """Distances from the host, resolution and names; adds to the flags."""
    distance = host_distance(place, centre, host("axis_ratio"), host("position_angle_deg"))
    kpc, r90 = kpc_per_arcsec(host("redshift")), positive(host("petro_r90_arcsec"))
    flags[fwhm * kpc > config.coarse_kpc] |= ClumpFlag.COARSE
    return {
        "clump_name": _names(*place),
        "FWHM_r_kpc": fwhm * kpc,
        **{
            f"clump_dist{stem}{unit}": values * scale
            for stem, values in (("", distance.projected), ("_deproj", distance.deprojected))
            for unit, scale in (("", 1.0), ("_r90", 1 / r90), ("_kpc", kpc))
        },
    }


def _names(ra: Values, dec: Values) -> NDArray[np.str_]:
    """(n,) names of clumps; empty where there is no sky position."""
    names = iau_names(ra, dec)
    return np.where(names == "", "", np.char.add(f"{_ACRONYM} ", names))


def _stellar(
    bands: list[str], magnitudes: Values, errors: Values, flags: NDArray[np.int64]
) -> Values:
    """Distance from the stellar locus; adds to the flags."""
    if not set(LOCUS_BANDS) <= set(bands):
        return np.full(len(flags), np.nan)
    columns = [bands.index(band) for band in LOCUS_BANDS]
    distance, stellar = stellar_distance(magnitudes[:, columns], errors[:, columns])
    flags[stellar] |= ClumpFlag.STELLAR_COLOURS
    return distance


def _column(table: QTable, name: str) -> Values:
    """(N,) a column; NaN where the table lacks it."""
    known = name in table.colnames
    return plain(table, name).astype(float) if known else np.full(len(table), np.nan)


def _planes(table: QTable, stem: str, bands: list[str]) -> Values:
    """(N, B) columns of a stem."""
    return np.column_stack([plain(table, f"{stem}_{band}") for band in bands]).astype(float)


def _ebv(ra: Values, dec: Values, of_host: Values, config: CatalogueConfig) -> Values:
    if config.dust_map is None:
        return of_host
    mapped = ebv(ra, dec, Path(config.dust_map))
    return np.where(np.isfinite(mapped), mapped, of_host)
