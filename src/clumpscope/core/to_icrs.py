"""A WCS turned to ICRS: exact, where the other system is a mere rotation of it."""

from functools import lru_cache

import numpy as np
from astropy import units
from astropy.coordinates import FK5, Galactic, SkyCoord
from astropy.time import Time
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.wcs_cards import Cards, refused

Values = NDArray[np.float64]

_EXACT_DEG = 1e-8  # 0.04 mas
_TRANSFORM = "transform it, or take it out and have the image saved as a picture"


@lru_cache(maxsize=16)
def rotation(system: str, equinox: float) -> Values:
    """(3, 3) matrix from unit vectors of a system to those of ICRS.

    Parameters
    ----------
    system
        ``FK5`` of the Julian ``equinox``, or ``GALACTIC``.
    """
    frame = Galactic() if system == "GALACTIC" else FK5(equinox=Time(equinox, format="jyear"))
    axes = SkyCoord([0, 90, 0] * units.deg, [0, 0, 90] * units.deg, frame=frame).icrs
    matrix: Values = np.asarray(axes.cartesian.xyz.value, dtype=float)
    return matrix


def turned_cards(cards: Cards, wcs: WCS, system: str, equinox: float) -> Cards:
    """Cards of a WCS that gives ICRS where the given one gives positions of another system.

    The reference point is turned, and with it, about it, the native pole: exact for projections
    whose pole is the reference point (Calabretta & Greisen 2002, equation 2). That is checked.

    Raises
    ------
    ImageError
        If it is not so.
    """
    turn = rotation(system, equinox)
    lon, lat = (float(value) for value in wcs.wcs.crval)
    pole = _angles(turn.T @ np.array([0.0, 0.0, 1.0]))
    ra, dec = _angles(turn @ _vector(lon, lat))
    angle = _position_angle((lon, lat), pole)
    new = dict(cards) | {
        "CTYPE1": "RA--" + cards["CTYPE1"][4:],
        "CTYPE2": "DEC-" + cards["CTYPE2"][4:],
        "CRVAL1": ra,
        "CRVAL2": dec,
        "LONPOLE": (float(wcs.wcs.lonpole) - angle + 180) % 360 - 180,
        "RADESYS": "ICRS",
    }
    new.pop("LATPOLE", None)
    new.pop("PV1_3", None)
    new.pop("PV1_4", None)
    return new


def check_turned(old: WCS, new: WCS, system: str, equinox: float, xy: Values) -> None:
    """Check a turned WCS at pixels ``xy`` (n, 2), 0-based.

    Raises
    ------
    ImageError
        If it is off by more than 0.04 milliarcsec.
    """
    turn = rotation(system, equinox)
    was, now = (_vector(*wcs.all_pix2world(xy, 0).T) for wcs in (old, new))
    apart = np.degrees(np.linalg.norm(turn @ was - now, axis=0)).max()
    if not apart < _EXACT_DEG:
        code = str(old.wcs.ctype[0])[-3:]
        raise refused("", "RA and DEC in ICRS", f"{system} in projection {code}", _TRANSFORM)


def _vector(lon: Values | float, lat: Values | float) -> Values:
    """(3, ...) unit vectors of angles in degrees."""
    a, d = np.radians(lon), np.radians(lat)
    return np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])


def _angles(vector: Values) -> tuple[float, float]:
    """Longitude and latitude of a (3,) vector, degrees."""
    x, y, z = (float(value) for value in vector)
    return float(np.degrees(np.arctan2(y, x)) % 360), float(
        np.degrees(np.arctan2(z, np.hypot(x, y)))
    )


def _position_angle(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Direction of one place from another, degrees east of north."""
    (a0, d0), (a1, d1) = np.radians(here), np.radians(there)
    east = np.cos(d1) * np.sin(a1 - a0)
    north = np.cos(d0) * np.sin(d1) - np.sin(d0) * np.cos(d1) * np.cos(a1 - a0)
    return float(np.degrees(np.arctan2(east, north)))
