"""The one grid onto which bands on different grids are brought."""

from collections.abc import Mapping

import numpy as np

from clumpscope.core.bands import reference_of
from clumpscope.core.field import Frame
from clumpscope.core.frames import middle_of, native_to_sky, sky_to_native
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import FrameError, expected_got

_COARSER = 1.5  # than the finest: with such pixels a band is not kept, unless it is named
_NODES = 65  # a side, at which a frame is tried


def grid_band(frames: Mapping[str, Frame], named: str | None = None) -> str:
    """The band whose pixels are kept: the one named, else the one that shows the host best.

    If that one's pixels are more than 1.5 times those of the finest band, the finest is taken
    (of those within 1 % of it, the one that shows the host best): resampling to coarser pixels
    loses what cannot be had back.

    Parameters
    ----------
    frames
        Of one field, by band.
    named
        Of the recipe or user.

    Raises
    ------
    FrameError
        If there is no such band.
    """
    if named is not None:
        if named not in frames:
            raise FrameError(expected_got("grid band", " ".join(frames), named))
        return named
    sides = {
        band: pixel_side_arcsec(frame.wcs, middle_of(frame.data.shape))
        for band, frame in frames.items()
    }
    finest = min(sides.values())
    reference = reference_of(frames)
    if sides[reference] <= _COARSER * finest:
        return reference
    return reference_of(band for band, side in sides.items() if side <= 1.01 * finest)


def share_sky(one: Frame, other: Frame) -> bool:
    """Whether two frames show any of the same sky."""
    return _reaches(one, other) or _reaches(other, one)


def _reaches(one: Frame, other: Frame) -> bool:
    """Whether any of some pixels all over a frame, edges included, lies on another one."""
    rows, cols = (np.linspace(0, n - 1, min(n, _NODES)) for n in one.data.shape)
    x, y = np.meshgrid(cols, rows)
    there = sky_to_native(
        native_to_sky(np.column_stack([x.ravel(), y.ravel()]), one.wcs), other.wcs
    )
    size = np.array(other.data.shape[::-1])
    return bool(((there >= -0.5) & (there <= size - 0.5)).all(axis=1).any())
