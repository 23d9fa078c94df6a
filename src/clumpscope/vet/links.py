"""Addresses of surveys' own viewers at a place on the sky: links only, nothing is loaded."""

import math

_VIEWERS = (
    ("SDSS", "https://skyserver.sdss.org/dr18/VisualTools/navi?ra={ra}&dec={dec}&scale=0.2"),
    ("Legacy Surveys", "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=15"),
    ("ESASky", "https://sky.esa.int/esasky/?target={ra}%20{dec}&fov={fov}&cooframe=J2000&sci=true"),
    ("Aladin Lite", "https://aladin.cds.unistra.fr/AladinLite/?target={ra}%20{dec}&fov={fov}"),
)  # fmt: skip


def viewers(ra: float, dec: float, fov_deg: float = 0.02) -> list[dict[str, str]]:
    """Name and address of each viewer at a place; none where it is not known.

    Parameters
    ----------
    ra, dec
        ICRS, degrees.
    fov_deg
        How much of the sky to show, where a viewer can be told.
    """
    if not all(map(math.isfinite, (ra, dec, fov_deg))):
        return []
    words = {"ra": f"{ra:.6f}", "dec": f"{dec:+.6f}".replace("+", ""), "fov": f"{fov_deg:.4f}"}
    return [{"name": name, "url": address.format(**words)} for name, address in _VIEWERS]
