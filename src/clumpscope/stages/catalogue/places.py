"""Where a clump lies: in its host, and on other galaxies' cutouts, too."""

from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from clumpscope.core.cosmology import COSMOLOGY

Values = NDArray[np.float64]

_LEAST_RATIO = 0.2  # an edge-on disk's own thickness
_HAIR = 1 + 1e-9  # by which no pair is missed for a rounded chord


@dataclass(frozen=True, eq=False)
class HostDistance:
    """(n,) distances from the host's centre, arcsec: on the sky and in the plane of its disk."""

    projected: Values
    deprojected: Values


def sky(ra: Values, dec: Values) -> SkyCoord:
    """Positions of finite coordinates in degrees."""
    return SkyCoord(ra * u.deg, dec * u.deg)


def host_distance(
    clump: tuple[Values, Values],
    host: tuple[Values, Values],
    axis_ratio: Values,
    position_angle_deg: Values,
) -> HostDistance:
    """Distances of clumps from their hosts' centres.

    The disk is taken as thin: the offset along the minor axis is divided by the axis ratio (at
    least 0.2). NaN where a number is unknown.

    Parameters
    ----------
    clump, host
        Right ascension and declination, (n,) degrees each.
    axis_ratio, position_angle_deg
        (n,) of the hosts; degrees east of north.
    """
    known = np.asarray(np.isfinite(np.column_stack([*clump, *host])).all(axis=1))
    projected, angle = np.full((2, len(clump[0])), np.nan)
    if known.any():
        centre, place = (sky(ra[known], dec[known]) for ra, dec in (host, clump))
        projected[known] = centre.separation(place).arcsec
        angle[known] = centre.position_angle(place).rad
    turn = angle - np.radians(position_angle_deg)
    across = projected * np.sin(turn) / np.maximum(axis_ratio, _LEAST_RATIO)
    return HostDistance(projected, np.hypot(projected * np.cos(turn), across))


def positive(values: Values) -> Values:
    """The values, NaN where they are not positive."""
    return np.where(values > 0, values, np.nan)


def kpc_per_arcsec(redshift: Values) -> Values:
    """(n,) proper kpc an arcsec; NaN where the redshift is not positive."""
    scale = np.full(len(redshift), np.nan)
    known = np.isfinite(redshift) & (redshift > 0)
    if known.any():
        scale[known] = 1 / COSMOLOGY.arcsec_per_kpc_proper(redshift[known]).value
    return scale


def duplicates(
    ra: Values,
    dec: Values,
    galaxy: NDArray[np.generic],
    radius_arcsec: Values,
    rank: Values,
) -> NDArray[np.intp]:
    """For each clump the better row of the same one on another galaxy's cutout; -1 for none.

    Parameters
    ----------
    ra, dec
        (n,) degrees; NaN is never a duplicate.
    galaxy
        (n,) host: its id, or its number.
    radius_arcsec
        (n,) distance up to which two are the same.
    rank
        (n,) lower is better: the distance from the host's centre; equal ranks go by row.
    """
    better = np.full(len(ra), -1, dtype=np.intp)
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec) & np.isfinite(radius_arcsec))
    if len(known) < 2:
        return better
    places = sky(ra[known], dec[known])
    farthest = np.radians(min(float(radius_arcsec[known].max()) / 3600, 180.0))
    chord = 2 * np.sin(farthest / 2) * _HAIR
    pairs = cKDTree(places.cartesian.xyz.value.T).query_pairs(chord, output_type="ndarray")
    pairs = pairs[galaxy[known[pairs[:, 0]]] != galaxy[known[pairs[:, 1]]]]
    distance = places[pairs[:, 0]].separation(places[pairs[:, 1]]).arcsec
    pairs = known[pairs]
    pairs = pairs[distance <= radius_arcsec[pairs].min(axis=1)]
    row, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.where(np.isfinite(rank), rank, np.inf)
    best = np.lexsort((other, order[other], row))
    row, other = row[best], other[best]
    nearer = (order[other] < order[row]) | ((order[other] == order[row]) & (other < row))
    row, first = np.unique(row[nearer], return_index=True)
    better[row] = other[nearer][first]
    return better
