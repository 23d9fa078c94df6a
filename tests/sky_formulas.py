"""Pixel → sky by the formulas of the papers, written out: what readers of headers are held to.

Calabretta & Greisen 2002 (projections), Shupe et al. 2005 (SIP), the registered TPV convention.
Pixels are those of FITS: the first is (1, 1). Angles are degrees.
"""

from math import acos, asin, atan2, cos, degrees, hypot, radians, sin

from astropy import units
from astropy.coordinates import SkyCoord


def polynomial(terms, u, v):
    return sum(value * u**p * v**q for (p, q), value in terms.items())


def tpv(terms, xi, eta):
    """Terms 0 to 11 of one axis; for the second, xi and eta change places."""
    r = hypot(xi, eta)
    powers = [1, xi, eta, r, xi**2, xi * eta, eta**2, xi**3, xi**2 * eta, xi * eta**2, eta**3, r**3]
    return sum(value * powers[m] for m, value in terms.items())


def theta_of(projection, r, zpn):
    """Native latitude at a distance r from the reference point."""
    if projection == "TAN":
        return atan2(degrees(1), r)
    if projection == "SIN":
        return acos(radians(r))
    if projection == "ZPN":  # r = sum P_m (90° - theta)^m in radians, by bisection
        low, high = 0.0, 0.2
        for _ in range(200):
            middle = (low + high) / 2
            value = sum(p * middle**m for m, p in zpn.items())
            low, high = (middle, high) if value < radians(r) else (low, middle)
        return radians(90) - low
    raise ValueError(projection)


def sky(
    xy,
    crval,
    crpix,
    cd,
    a=None,
    b=None,
    pv1=None,
    pv2=None,
    projection="TAN",
    lonpole=180.0,
    zpn=None,
):
    """Longitude and latitude of a pixel."""
    u, v = xy[0] - crpix[0], xy[1] - crpix[1]
    u, v = u + polynomial(a or {}, u, v), v + polynomial(b or {}, u, v)
    x, y = cd[0][0] * u + cd[0][1] * v, cd[1][0] * u + cd[1][1] * v
    if pv1:
        x, y = tpv(pv1, x, y), tpv(pv2, y, x)
    if projection == "CAR":  # with the reference point on the equator
        assert crval[1] == 0
        return (crval[0] + x) % 360, y
    phi, theta = atan2(x, -y), theta_of(projection, hypot(x, y), zpn)
    turn, pole = phi - radians(lonpole), radians(crval[1])
    dec = asin(sin(theta) * sin(pole) + cos(theta) * cos(pole) * cos(turn))
    ra = radians(crval[0]) + atan2(
        -cos(theta) * sin(turn), sin(theta) * cos(pole) - cos(theta) * sin(pole) * cos(turn)
    )
    return degrees(ra) % 360, degrees(dec)


def to_icrs(place, frame):
    found = SkyCoord(*place * units.deg, frame=frame).icrs
    return found.ra.deg, found.dec.deg
