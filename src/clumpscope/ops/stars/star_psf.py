"""A PSF measured on a frame's stars, its second moments changing over the frame."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from clumpscope.core.field import LocalPsf
from clumpscope.ops.psf import adaptive_covariance, adaptive_fwhm_px, normalised

_LINEAR = 15  # stars from which moments may change linearly over the frame ...
_QUADRATIC = 40  # ... and with the squares of row and column
_CLIP = 3.5
_ROUNDS = 4

Moments = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MomentsOfFrame:
    """Second moments (xx, yy, xy) of the PSF as polynomials of row and column.

    Attributes
    ----------
    coefficients
        (T, 3), T = 1, 3 or 6 terms.
    shape
        (ny, nx) of the frame.
    bounds
        (2, 3): least and largest of the fit at the stars; beyond their places it is held there.
    """

    coefficients: Moments
    shape: tuple[int, int]
    bounds: Moments

    @classmethod
    def fit(
        cls, rows: ArrayLike, cols: ArrayLike, moments: ArrayLike, shape: tuple[int, int]
    ) -> Self:
        """Fit (N, 3) moments of stars, outliers beyond 3.5 sigma left out."""
        measured = np.asarray(moments, dtype=float)
        known = np.isfinite(measured).all(axis=1)
        places = _terms(rows, cols, shape)[known]
        measured = measured[known]
        places = places[:, : 6 if len(places) >= _QUADRATIC else 3 if len(places) >= _LINEAR else 1]
        used = np.ones(len(places), dtype=bool)
        for _ in range(_ROUNDS):
            coefficients = np.linalg.lstsq(places[used], measured[used])[0]
            off = np.abs(measured - places @ coefficients)
            used = (off <= _CLIP * 1.4826 * np.median(off, axis=0)).all(axis=1)
            if used.sum() < 2 * places.shape[1]:
                break
        at_stars = places @ coefficients
        return cls(coefficients, shape, np.array([at_stars.min(axis=0), at_stars.max(axis=0)]))

    def at(self, row: float, col: float) -> Moments:
        """Moments (3,) at a pixel."""
        terms = _terms(row, col, self.shape)[: len(self.coefficients)]
        return np.asarray(np.clip(terms @ self.coefficients, *self.bounds))


def _terms(rows: ArrayLike, cols: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Powers of row and column up to the second, each from -1 to 1 over the frame: (..., 6)."""
    v, u = (2 * np.asarray(at, float) / n - 1 for at, n in zip((rows, cols), shape, strict=True))
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)


@dataclass(frozen=True, eq=False)
class StarPsf:
    """PSF measured on stars.

    Attributes
    ----------
    image
        (k, k) float32, k odd, sum 1: their effective PSF.
    moments
        Its second moments over the frame.
    n_stars
        How many stars.
    """

    image: NDArray[np.float32]
    moments: MomentsOfFrame
    n_stars: int

    @cached_property
    def fwhm_px(self) -> float:
        """Adaptive-moment FWHM of the image, pixels."""
        return adaptive_fwhm_px(self.image)

    @cached_property
    def _own(self) -> NDArray[np.float64]:
        return _root(np.array(adaptive_covariance(self.image)))

    def at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based, marked assumed: the image drawn out to the moments there."""
        draw = self._own @ np.linalg.inv(_root(self.moments.at(row, col)))
        half = self.image.shape[0] // 2
        middle = np.array([half, half])
        # Rows come first for ndimage, x for moments.
        matrix = draw[::-1, ::-1]
        image = normalised(
            ndimage.affine_transform(
                self.image.astype(float), matrix, middle - matrix @ middle, order=3
            )
        )
        return LocalPsf(image, adaptive_fwhm_px(image), assumed=True)


def _root(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square root of the matrix of second moments, (2, 2)."""
    xx, yy, xy = moments
    values, vectors = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    root: NDArray[np.float64] = vectors * np.sqrt(values) @ vectors.T
    return root
