"""How sharp light may be that came through a frame's PSF: what pixels beside a pixel must have."""

from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.field import Psf

_TILES = (3, 4)  # of a frame, each with the PSF of its middle
_SUBPIXELS = np.arange(-0.5, 0.5, 0.25)
_REACH = 8  # px around the PSF's middle that are looked at
_FAINTEST = 0.1  # of its peak: fainter pixels do not count ...
_ABOVE = 0.2  # ... nor, over the background, those below this share
_RING = ((4, 0), (-4, 0), (0, 4), (0, -4), (3, 3), (3, -3), (-3, 3), (-3, -3))
_ACROSS = ((1, 0), (0, 1), (1, 1), (1, -1))

Indices = NDArray[np.intp]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Sharpness:
    """PSFs and their `least_ratios` over a frame, in tiles.

    Attributes
    ----------
    images
        (rows of tiles, columns of tiles, k, k).
    ratios
        (8, rows of tiles, columns of tiles).
    over_background
        The same of light over its background.
    shape
        (ny, nx) of the frame.
    """

    images: NDArray[np.float32]
    ratios: NDArray[np.floating]
    over_background: NDArray[np.floating]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, psf: Psf, shape: tuple[int, ...]) -> Self:
        """That of a frame's PSF.

        Raises
        ------
        FrameError
            If it has no width somewhere.
        """
        rows, cols = (
            (np.arange(n) + 0.5) * side / n for n, side in zip(_TILES, shape, strict=True)
        )
        images = np.array([[psf.at(row, col).image for col in cols] for row in rows])
        tables = np.array([[least_ratios(image) for image in line] for line in images])
        plain, over = np.moveaxis(tables, (2, 3), (0, 1))
        return cls(images, plain, over, shape)

    def at(self, rows: Indices, cols: Indices) -> NDArray[np.floating]:
        """Least ratios (8, N) at N pixels."""
        least: NDArray[np.floating] = self.ratios[:, *self._tile(rows, cols)]
        return least

    def over_background_at(self, rows: Indices, cols: Indices) -> NDArray[np.floating]:
        """Least ratios over the background (8, N) at N pixels."""
        least: NDArray[np.floating] = self.over_background[:, *self._tile(rows, cols)]
        return least

    def image(self, row: int, col: int) -> NDArray[np.float32]:
        """PSF (k, k) at a pixel."""
        image: NDArray[np.float32] = self.images[self._tile(np.intp(row), np.intp(col))]
        return image

    def _tile(self, rows: Indices | np.intp, cols: Indices | np.intp) -> tuple[Indices, Indices]:
        ny, nx = self.shape
        return np.asarray(rows * _TILES[0] // ny), np.asarray(cols * _TILES[1] // nx)


def least_ratios(image: NDArray[np.floating]) -> NDArray[np.floating]:
    """Least of neighbours over pixel that a point source's image has: (2, 8).

    The mean of two opposite neighbours in four directions (along the column, along the row, both
    diagonals), and that of the six others of each. The least is taken over the pixels above a
    tenth of the peak and over the source's places in steps of 0.25 px, the PSF interpolated by
    cubic splines. The second row is of pixels and means above `background`, over the pixels
    that exceed it by a fifth of the peak.

    Parameters
    ----------
    image
        (k, k) PSF, k odd.
    """
    half = image.shape[0] // 2
    reach = min(_REACH, half)
    core = image[half - reach : half + reach + 1, half - reach : half + reach + 1].astype(float)
    core = ndimage.spline_filter(core, order=3)
    least = np.full((2, 2 * len(_ACROSS)), np.inf)
    for dy in _SUBPIXELS:
        for dx in _SUBPIXELS:
            moved = ndimage.shift(core, (dy, dx), order=3, prefilter=False)
            peak = moved.max()
            rows, cols = inner(moved > _FAINTEST * peak, 4)
            pixels, means = moved[rows, cols], neighbour_means(moved, rows, cols)
            level = background(moved, rows, cols)
            above = pixels - level > _ABOVE * peak
            over = (means - level)[:, above] / (pixels - level)[above]
            least[0] = np.minimum(least[0], (means / pixels).min(axis=1))
            least[1] = np.minimum(least[1], over.min(axis=1))
    return least


def neighbour_means(
    image: NDArray[np.floating], rows: Indices, cols: Indices
) -> NDArray[np.floating]:
    """Means of two opposite neighbours of N pixels, and of the six others: (8, N)."""
    pairs = np.array(
        [(image[rows + dy, cols + dx] + image[rows - dy, cols - dx]) / 2 for dy, dx in _ACROSS]
    )
    return np.concatenate([pairs, (pairs.sum(axis=0) - pairs) / 3])


def background(image: NDArray[np.floating], rows: Indices, cols: Indices) -> NDArray[np.floating]:
    """Faintest of eight pixels 4 px from each of N, at least 0: (N,)."""
    ring = np.array([image[rows + dy, cols + dx] for dy, dx in _RING])
    level: NDArray[np.floating] = np.maximum(ring.min(axis=0), 0)
    return level


def around(image: NDArray[Scalar], rows: Indices, cols: Indices, reach: int) -> NDArray[Scalar]:
    """Pixels of a square around each of N, (N, P); at the rim the last ones repeated."""
    steps = np.arange(-reach, reach + 1)
    r = np.clip(rows[:, None] + steps, 0, image.shape[0] - 1)
    c = np.clip(cols[:, None] + steps, 0, image.shape[1] - 1)
    pixels: NDArray[Scalar] = image[r[:, :, None], c[:, None, :]]
    return pixels.reshape(len(rows), len(steps) ** 2)


def inner(chosen: NDArray[np.bool_], rim: int) -> tuple[Indices, Indices]:
    """Rows and columns of the chosen pixels that are not on the rim, ``rim`` px wide."""
    rows, cols = np.nonzero(chosen[rim:-rim, rim:-rim])
    return rows + rim, cols + rim
