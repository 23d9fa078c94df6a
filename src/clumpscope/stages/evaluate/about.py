"""What completeness and purity may depend on, for candidates and truths alike."""

from dataclasses import replace

import numpy as np
from astropy.table import QTable

from clumpscope.core.schema import plain
from clumpscope.ops.near import near
from clumpscope.ops.seeing import seeing
from clumpscope.stages.evaluate.cases import Cases, Points, Values, index_of

# Each with its words and unit; measured of candidates, true of truths.
COVARIATES = {
    "snr": "signal-to-noise in g",
    "contrast": "surface brightness in g over the host's",
    "psf_fwhm_arcsec": "PSF-FWHM in r (arcsec)",
    "redshift": "redshift of the host",
    "radius_r90": "distance from the host's centre (Petrosian R90)",
    "crowding_fwhm": "distance to the next one (PSF-FWHM)",
}
BAND = "g"  # of signal-to-noise and contrast
_CROWDED = 20.0  # PSF-FWHM within which the next one is looked for


def with_covariates(
    items: Cases, catalogue: QTable, galaxies: QTable, hosts: QTable | None
) -> Cases:
    """Fill `COVARIATES` of candidates and truths; NaN where unknown.

    Parameters
    ----------
    items
        Of the same catalogue and galaxies. Signal-to-noise and contrast of truths are those
        that the truth came with.
    hosts
        Host table, if known; may lack columns and galaxies.
    """
    place = np.full(len(items), -1) if hosts is None else index_of(hosts, items.ids)
    width = seeing(galaxies)

    def of_host(name: str) -> Values:
        values = np.full(len(items), np.nan)
        if hosts is not None and name in hosts.colnames:
            values[place[place >= 0]] = plain(hosts, name).astype(float)[place >= 0]
        return values

    redshift = of_host("redshift")
    r90_px = of_host("petro_r90_arcsec") / items.pixscale_arcsec

    def filled(points: Points, brightness: dict[str, Values]) -> Points:
        unknown = np.full(len(points), np.nan)
        off = np.hypot(*(points.xy - items.centre[points.galaxy]).T)
        about = {
            "snr": unknown,
            "contrast": unknown,
            **brightness,
            "psf_fwhm_arcsec": width[points.galaxy],
            "redshift": redshift[points.galaxy],
            "radius_r90": off / r90_px[points.galaxy],
            "crowding_fwhm": crowding(points, items.fwhm_px),
        }
        return replace(points, about=about)

    return replace(
        items,
        found=filled(items.found, brightness(catalogue[items.found.row], galaxies, items)),
        truth=filled(items.truth, dict(items.truth.about)),
    )


def brightness(catalogue: QTable, galaxies: QTable, items: Cases) -> dict[str, Values]:
    """Signal-to-noise in g, and surface brightness within the PSF-FWHM over what lies below.

    Half of a Gaussian's light is within its FWHM. Infinite where there is no light below.
    """
    if f"clump_flux_{BAND}" not in catalogue.colnames:
        return {}
    names = ("clump_flux", "clump_flux_err", "clump_background")
    flux, error, below = (plain(catalogue, f"{name}_{BAND}") for name in names)
    width = plain(galaxies, f"psf_fwhm_{BAND}") / plain(galaxies, "pixscale_arcsec")
    area = (np.pi / 4 * width**2)[items.found.galaxy]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "snr": np.where(error > 0, flux / error, np.nan),
            "contrast": np.where(
                below > 0, flux / 2 / area / below, np.where(np.isfinite(below), np.inf, np.nan)
            ),
        }


def crowding(points: Points, fwhm_px: Values) -> Values:
    """(N,) distance of each to the next of its galaxy in PSF-FWHM; infinite beyond 20 or alone."""
    i, j, distance = near(points.xy, points.galaxy, points.xy, points.galaxy, _CROWDED * fwhm_px)
    others = i != j
    least = np.full(len(points), np.inf)
    np.minimum.at(least, i[others], distance[others])
    return least / fwhm_px[points.galaxy]
