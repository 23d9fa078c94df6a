"""PSFs of a frame: one everywhere, or some at known places with all between interpolated."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Delaunay, QhullError

from clumpscope.core.field import LocalPsf
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.ops.psf import normalised
from clumpscope.ops.psf_image import prepared_psf, psf_moments

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Sampling:
    """How an image's pixels lie to a frame's; see `prepared_psf`."""

    oversampling: float = 1.0
    effective: bool = False

    def ready(self, image: ArrayLike, where: object) -> Image:
        """The image on the frame's grid.

        Raises
        ------
        ImageError
            If it cannot be used.
        """
        return prepared_psf(image, where, self.oversampling, effective=self.effective)


@dataclass(frozen=True, eq=False)
class OnePsf:
    """The same PSF everywhere."""

    local: LocalPsf

    @classmethod
    def of(cls, image: ArrayLike, where: object, sampling: Sampling = Sampling()) -> "OnePsf":
        """That of an image as archives give it.

        Raises
        ------
        ImageError
            If it cannot be used.
        """
        ready = sampling.ready(image, where)
        return cls(LocalPsf(ready, psf_moments(ready)[0], assumed=False))

    def at(self, row: float, col: float) -> LocalPsf:  # noqa: ARG002
        """PSF at a pixel, 0-based."""
        return self.local


@dataclass(frozen=True, eq=False)
class PlacedPsfs:
    """PSFs at n places: linear between any three of them, beyond them the nearest.

    Attributes
    ----------
    images
        (n, ky, kx) as the archive gives them.
    xy
        (n, 2) places, pixels of the frame, 0-based.
    sampling
        Of the images.
    where
        What they are called.
    """

    images: NDArray[np.floating]
    xy: NDArray[np.float64]
    sampling: Sampling
    where: str
    _ready: dict[int, Image] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.ndim != 3 or n == 0 or self.xy.shape != (n, 2):
            got = f"shapes {self.images.shape} and {self.xy.shape}"
            raise ImageError(expected_got(self.where, "(n, k, k) PSFs at (n, 2) places", got))
        if not np.isfinite(self.xy).all():
            raise ImageError(expected_got(self.where, "places that are numbers", "NaN"))

    @cached_property
    def _triangles(self) -> Delaunay | None:
        """None where the places are on a line, or too few."""
        try:
            return Delaunay(self.xy) if len(self.xy) > 2 else None
        except QhullError:
            return None

    def at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based.

        Raises
        ------
        FrameError
            If an image near there cannot be used.
        """
        try:
            parts = [share * self._image(n) for n, share in self._shares(col, row)]
            image = normalised(np.sum(parts, axis=0))
        except ImageError as error:
            raise FrameError(str(error)) from error
        return LocalPsf(image, psf_moments(image)[0], assumed=False)

    def _image(self, n: int) -> Image:
        if n not in self._ready:
            self._ready[n] = self.sampling.ready(self.images[n], f"{self.where}, PSF {n + 1}")
        return self._ready[n]

    def _shares(self, x: float, y: float) -> list[tuple[int, float]]:
        """Which images count there, and how much."""
        here, mesh = np.array([x, y]), self._triangles
        inside = -1 if mesh is None else int(mesh.find_simplex(here))
        if mesh is None or inside < 0:
            return [(int(np.argmin(np.hypot(*(self.xy - here).T))), 1.0)]
        turn = mesh.transform[inside]
        two = turn[:2] @ (here - turn[2])
        shares = np.append(two, 1 - two.sum())
        corners = mesh.simplices[inside]
        return [(int(n), float(s)) for n, s in zip(corners, shares, strict=True) if s > 0]
