"""What is drawn for each clump on a square of pixels around it, and taken to a scene's pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from photutils.geometry import circular_overlap_grid

from clumpscope.ops.profiles import drawn

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stamps:
    """Stamps of side 2 half + 1 around the pixels nearest to n clumps, seen on p pixels.

    Attributes
    ----------
    half
        Pixels.
    off
        (n, 2) x and y of the clumps from the middles of their stamps, at most half a pixel.
    at
        (n, p) where each pixel lies in a flattened stamp; the stamp's size where it does not.
    """

    half: int
    off: Values
    at: NDArray[np.intp]

    @classmethod
    def of(
        cls, xy: Values, cols: NDArray[np.intp], rows: NDArray[np.intp], reach: float
    ) -> "Stamps":
        """Of clumps (n, 2) on pixels (p,); all within ``reach`` pixels of a clump is drawn."""
        half = int(np.ceil(reach + 0.5))
        middle = np.rint(xy).astype(np.intp)
        dx, dy = cols - middle[:, :1], rows - middle[:, 1:]
        on = (np.abs(dx) <= half) & (np.abs(dy) <= half)
        side = 2 * half + 1
        return cls(half, xy - middle, np.where(on, (dy + half) * side + dx + half, side * side))

    def seen(self, stamps: Values) -> Values:
        """(..., n, p) values on the pixels of stamps (..., n, side, side); 0 off them."""
        flat = np.zeros((*stamps.shape[:-2], stamps.shape[-1] ** 2 + 1))
        flat[..., :-1] = stamps.reshape(*stamps.shape[:-2], -1)
        clump = np.arange(len(self.at))[:, None]
        seen: Values = flat[..., clump, self.at]
        return seen

    def drawn(self, splines: Sequence[Values]) -> Values:
        """(b, n, p) splines, as a `Profile` has them, around each clump."""
        return self.seen(drawn(splines, self.off, self.half))

    def circles(self, radii: Sequence[float]) -> Values:
        """(b, n, p) share of each pixel in circles of b radii around each clump, exact."""
        side = 2 * self.half + 1
        edge = self.half + 0.5
        shares = np.empty((len(radii), len(self.off), side, side))
        for b, radius in enumerate(radii):
            for k, (x, y) in enumerate(self.off.tolist()):
                edges = (-edge - x, edge - x, -edge - y, edge - y)
                shares[b, k] = circular_overlap_grid(*edges, side, side, radius, 1, 1)
        return self.seen(shares)
