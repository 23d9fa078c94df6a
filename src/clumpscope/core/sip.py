"""SIP polynomials: moved with their image, and fitted to look-up tables."""

import numpy as np
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from clumpscope.core.wcs_cards import refused

Values = NDArray[np.float64]

_ORDERS = range(2, 8)
_MOST_OFF_PX = 0.005
_NODES = 48  # a side; checked between them


def shifted(wcs: WCS, x0: float, y0: float) -> WCS:
    """WCS of the part of an image whose pixel (0, 0) is pixel (``x0``, ``y0``) of the whole.

    astropy keeps the reference pixel of a SIP polynomial beside that of the rest.
    """
    moved = wcs.deepcopy()
    moved.wcs.crpix = moved.wcs.crpix - [x0, y0]
    if moved.sip is not None:
        sip = moved.sip
        moved.sip = Sip(sip.a, sip.b, sip.ap, sip.bp, sip.crpix - [x0, y0])
    for name in ("cpdis1", "cpdis2", "det2im1", "det2im2"):
        table = getattr(moved, name)
        if table is not None:
            table.crval = (table.crval[0] - x0, table.crval[1] - y0)
    moved.wcs.set()
    return moved


def has_tables(wcs: WCS) -> bool:
    """Whether a distortion is a look-up table, which no card can hold."""
    tables = (wcs.cpdis1, wcs.cpdis2, wcs.det2im1, wcs.det2im2)
    return any(table is not None for table in tables)


def as_sip(wcs: WCS, shape: tuple[int, int]) -> tuple[WCS, float]:
    """A WCS whose look-up tables, and SIP, have become one SIP polynomial.

    Parameters
    ----------
    wcs
        Of a TAN projection.
    shape
        (ny, nx) of its image, over which the polynomial is right.

    Returns
    -------
    The WCS, and how far it is off at most, px.

    Raises
    ------
    ImageError
        If no polynomial of order 7 is right to 0.005 px.
    """
    linear = WCS(naxis=2)
    for name in ("ctype", "crval", "crpix", "cunit", "cd", "lonpole", "radesys"):
        setattr(linear.wcs, name, getattr(wcs.wcs, name))
    linear.wcs.ctype = [str(kind).removesuffix("-SIP") for kind in wcs.wcs.ctype]
    linear.wcs.set()
    ny, nx = shape
    nodes, between = (_grid(nx, ny, count) for count in (_NODES, 2 * _NODES + 1))
    half = max(nx, ny) / 2
    origin = wcs.wcs.crpix - 1  # 0-based
    off = np.inf
    for order in _ORDERS:
        powers = [(p, q) for p in range(order + 1) for q in range(order + 1 - p)]
        solved = np.linalg.lstsq(
            _terms((nodes - origin) / half, powers), _moves(wcs, linear, nodes), rcond=None
        )[0]
        fitted = _terms((between - origin) / half, powers) @ solved
        off = float(np.abs(fitted - _moves(wcs, linear, between)).max())
        if off <= _MOST_OFF_PX:
            linear.sip = _sip(solved, powers, order, half, linear.wcs.crpix)
            linear.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
            linear.wcs.set()
            return linear, off
    raise refused(
        "look-up table of distortion",
        f"one that a SIP polynomial follows to {_MOST_OFF_PX} px",
        f"one that is {off:.3g} px off",
        "drizzle the image",
    )


def _grid(nx: int, ny: int, count: int) -> Values:
    x, y = np.meshgrid(np.linspace(0, nx - 1, count), np.linspace(0, ny - 1, count))
    return np.column_stack([x.ravel(), y.ravel()])


def _moves(wcs: WCS, linear: WCS, xy: Values) -> Values:
    """(n, 2) by how much a distortion moves each pixel."""
    moves: Values = linear.wcs_world2pix(wcs.all_pix2world(xy, 0), 0) - xy
    return moves


def _terms(uv: Values, powers: list[tuple[int, int]]) -> Values:
    return np.column_stack([uv[:, 0] ** p * uv[:, 1] ** q for p, q in powers])


def _sip(
    solved: NDArray[np.floating],
    powers: list[tuple[int, int]],
    order: int,
    half: float,
    crpix: Values,
) -> Sip:
    a, b = np.zeros((2, order + 1, order + 1))
    for (p, q), (in_x, in_y) in zip(powers, solved, strict=True):
        a[p, q], b[p, q] = in_x / half ** (p + q), in_y / half ** (p + q)
    return Sip(a, b, None, None, crpix)
