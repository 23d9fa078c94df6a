"""How native pixels are shown: north up, east left, cut to a square window."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.frames import native_to_sky, sky_to_native

Values = NDArray[np.float64]
Pixel = TypeVar("Pixel", bound=np.generic)

_STEP_DEG = 1e-4  # of the offsets that tell north and east


def middle(shape: tuple[int, int]) -> Values:
    """(2,) native x, y of the centre of an image of ``shape`` (ny, nx)."""
    return (np.array(shape[::-1], dtype=float) - 1) / 2


def north_up(wcs: WCS | None, shape: tuple[int, int]) -> Values:
    """(2, 2) matrix from native pixel offsets to display offsets: north up, east left.

    It holds at the image's centre and keeps areas, so display lengths are in pixel sides.
    The identity without a WCS.
    """
    if wcs is None:
        return np.eye(2)
    ends = middle(shape) + np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    ra, dec = native_to_sky(ends, wcs).T
    east = ((ra[::2] - ra[1::2] + 180) % 360 - 180) * np.cos(np.radians(dec.mean()))
    matrix = np.array([-east, dec[::2] - dec[1::2]])
    unit: Values = matrix / np.sqrt(abs(np.linalg.det(matrix)))
    return unit


@dataclass(frozen=True, eq=False)
class View:
    """A square window on a turned image.

    Display coordinates are offsets from the image's centre in (mean) pixel sides, x to the
    right and y up.

    Attributes
    ----------
    shape
        (ny, nx) of the image.
    turn
        (2, 2) matrix from native to display offsets.
    centre
        (2,) display coordinates of the window's centre.
    half
        Half the window's side.
    """

    shape: tuple[int, int]
    turn: Values
    centre: Values
    half: float

    @classmethod
    def central(
        cls, shape: tuple[int, int], wcs: WCS | None, zoom: float, *, downward: bool = False
    ) -> "View":
        """The share ``zoom`` of the image's longer side around its centre.

        Without a WCS rows run up, or, if ``downward``, down as in PNG and JPEG files.
        """
        turn = np.diag([1.0, -1.0]) if wcs is None and downward else north_up(wcs, shape)
        return cls(shape, turn, np.zeros(2), zoom * max(shape) / 2)

    def around(self, xy: Values, margin: float) -> "View":
        """The same turned image, its window around native points (N, 2) and a margin."""
        points = self.display(xy)
        low, high = points.min(axis=0), points.max(axis=0)
        half = float((high - low).max()) / 2 + margin
        return View(self.shape, self.turn, (low + high) / 2, half)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top in display coordinates."""
        (x, y), half = (float(value) for value in self.centre), self.half
        return x - half, x + half, y - half, y + half

    def display(self, xy: ArrayLike) -> Values:
        """Native pixels (..., 2) → display coordinates."""
        points: Values = (np.asarray(xy, dtype=float) - middle(self.shape)) @ self.turn.T
        return points

    def corners(self, box: Values) -> Values:
        """(4, 2) corners of a native box x1, y1, x2, y2 in display coordinates."""
        return self.display(box[[[0, 1], [2, 1], [2, 3], [0, 3]]])

    def grid(self) -> tuple[Values, Values]:
        """Display x and y, (ny, nx) each, of the native pixels."""
        x, y = np.meshgrid(np.arange(self.shape[1]), np.arange(self.shape[0]))
        points = self.display(np.stack([x, y], axis=-1))
        return points[..., 0], points[..., 1]

    def cut(self, plane: NDArray[Pixel], cells: int, blank: float = 0) -> NDArray[Pixel]:
        """The window of a (ny, nx) or (ny, nx, k) plane on ``cells`` × ``cells`` cells.

        Each cell shows the native pixel under its centre; the first row is the lowest. Cells
        off the image are ``blank``.
        """
        left, right, bottom, top = self.extent
        steps = (np.arange(cells) + 0.5) / cells
        x, y = left + steps * (right - left), (bottom + steps * (top - bottom))[:, None]
        back = np.linalg.inv(self.turn)
        (ny, nx), (x0, y0) = self.shape, middle(self.shape)
        column = np.floor(back[0, 0] * x + back[0, 1] * y + x0 + 0.5).astype(np.intp)
        row = np.floor(back[1, 0] * x + back[1, 1] * y + y0 + 0.5).astype(np.intp)
        off = (column < 0) | (column >= nx) | (row < 0) | (row >= ny)
        shown = plane[np.where(off, 0, row), np.where(off, 0, column)]
        shown[off] = blank
        return shown

    def compass(self, wcs: WCS) -> Values:
        """(2, 2) unit vectors on the display that point north and east at the image's centre."""
        here = native_to_sky(middle(self.shape), wcs)[0]
        aside = _STEP_DEG / np.cos(np.radians(here[1]))
        there = sky_to_native(here + np.array([[0, _STEP_DEG], [aside, 0]]), wcs)
        arrows = self.display(there)
        unit: Values = arrows / np.linalg.norm(arrows, axis=1, keepdims=True)
        return unit
