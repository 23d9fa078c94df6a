"""What SDSS's catalogue knows of a host, in the units of a host table."""

import math
from collections.abc import Mapping

from clumpscope.core.bands import SDSS_BANDS, band_info
from clumpscope.stages.fetch.sdss.query import finite, number, whole

_GALAXY = 3
_SURE_REDSHIFT = (0, 16)  # zWarning: none, or many outliers, which emission lines are
_EARLY = (5.155, 3.793, 2.751, 2.086, 1.479)  # A / E(B-V) of Stoughton et al. 2002, Table 22
_LATE = tuple(band_info(band).extinction for band in SDSS_BANDS)
_LIKE = 0.02  # a set of coefficients fits if its E(B-V) are equal to this share
_DEX = (-20.0, 20.0)
_IDS = {"specobjid": "specObjID", "dr7objid": "dr7objid"}


def known_of(row: Mapping[str, str]) -> dict[str, float]:
    """Columns of the host table that a row of `clumpscope.stages.fetch.sdss.query` tells.

    Photometry is taken of galaxies whose photometry is clean; what is not taken is measured on
    the cutout. Petrosian fluxes are in nanomaggies as they are. The axis ratio and the position
    angle (east of north) are those of the profile that has most of the light. E(B-V) is the
    extinction over the coefficients it was made with: early or recent releases', whichever gives
    the same in all bands.
    """
    known = {"ebv": ebv_of([number(row, f"extinction_{band}") for band in SDSS_BANDS])}
    if whole(row, "type") == _GALAXY and whole(row, "clean"):
        known.update(_shape(row))
        for band in SDSS_BANDS:
            flux, weight = number(row, f"petroFlux_{band}"), number(row, f"petroFluxIvar_{band}")
            if finite((flux, weight)) and weight > 0:
                known[f"petro_flux_{band}"] = flux
                known[f"petro_flux_err_{band}"] = 1 / math.sqrt(weight)
    if row["zWarning"].strip().isdigit() and whole(row, "zWarning") in _SURE_REDSHIFT:
        known["redshift"] = number(row, "z")
    for ours, theirs in (("log_mass", "lgm_tot_p50"), ("log_ssfr", "specsfr_tot_p50")):
        value = number(row, theirs)
        known[ours] = value if _DEX[0] < value < _DEX[1] else math.nan
    ids = {ours: whole(row, theirs) for ours, theirs in _IDS.items()}
    return {name: value for name, value in known.items() if math.isfinite(value)} | {
        name: value for name, value in ids.items() if value
    }


def _shape(row: Mapping[str, str]) -> dict[str, float]:
    r50, r90 = number(row, "petroR50_r"), number(row, "petroR90_r")
    found = {}
    if 0 < r50 < r90:
        found = {"petro_r50_arcsec": r50, "petro_r90_arcsec": r90}
    profile = "deV" if number(row, "fracDeV_r") > 0.5 else "exp"
    ratio, angle = number(row, f"{profile}AB_r"), number(row, f"{profile}Phi_r")
    if 0 < ratio <= 1 and math.isfinite(angle):
        found |= {"axis_ratio": ratio, "position_angle_deg": angle % 180.0}
    return found


def ebv_of(extinction: list[float]) -> float:
    """Unscaled E(B-V) from the extinctions in u, g, r, i, z; NaN if no known coefficients fit."""
    if not finite(extinction) or min(extinction) < 0:
        return math.nan
    for coefficients in (_EARLY, _LATE):
        values = [a / c for a, c in zip(extinction, coefficients, strict=True)]
        mean = sum(values) / len(values)
        if all(abs(value - mean) <= _LIKE * mean for value in values):
            return mean
    return math.nan
