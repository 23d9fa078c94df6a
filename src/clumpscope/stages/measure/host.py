"""A smooth model of the host's light: a linear basis, fitted with the clumps.

Radial cubic B-splines in elliptical radius carry the profile, their first and second angular
harmonics what an ellipse does not: lopsidedness, twists, arms, and the rounding of inclined
disks by the PSF. Harmonics are shrunk towards zero where the host is too faint for them to be
worth their noise. Lengths are in units of the PSF-FWHM.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import BSpline
from scipy.linalg import lapack

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.float64] | NDArray[np.intp]

_FIRST_STEP = 0.8  # of the knots; finer adds noise, coarser misses the core of inclined disks
_GROWTH = 1.2  # from a step to the next one outwards
_DEGREE = 3
_HARMONICS = 2
_ROUND_ONLY = 2  # innermost splines, too few pixels for harmonics
_AMPLITUDE = 0.3  # prior rms of a harmonic over the profile
_LEAST_RATIO = 0.15  # axis ratio
_NEGLIGIBLE = 1e-3  # pixels' worth of prior on the profile, for splines without any pixel


@dataclass(frozen=True)
class Ellipse:
    """Shape of the host on the pixel grid: centre, axis ratio, major axis from +x (radians)."""

    x: float
    y: float
    axis_ratio: float
    angle: float

    @classmethod
    def of(cls, light: Values, used: Flags, centre: Values) -> "Ellipse":
        """From second moments of the light (ny, nx) about ``centre`` (x, y), where ``used``."""
        rows, cols = np.nonzero(used)
        weights = np.maximum(light[rows, cols], 0)
        if weights.sum() <= 0:
            return cls(float(centre[0]), float(centre[1]), 1.0, 0.0)
        offsets = np.vstack([cols - centre[0], rows - centre[1]])
        values, vectors = np.linalg.eigh((weights * offsets) @ offsets.T / weights.sum())
        ratio = np.sqrt(max(values[0], 0) / values[1]) if values[1] > 0 else 1.0
        angle = np.arctan2(vectors[1, 1], vectors[0, 1])
        return cls(float(centre[0]), float(centre[1]), max(float(ratio), _LEAST_RATIO), angle)

    def polar(self, xy: Values, unit: float) -> tuple[Values, Values]:
        """Elliptical radius (of equal area, over ``unit`` pixels) and azimuth of points (n, 2)."""
        along, across = self._axes(*xy.T)
        return self._radius(along, across, unit), np.arctan2(across, along)

    def radius(self, x: Places, y: Places, unit: float) -> Values:
        """The radius of `polar` alone, of x and y that broadcast together."""
        return self._radius(*self._axes(x, y), unit)

    def extent(self, radius: float, unit: float) -> Values:
        """(2,) half the sides of the box around the isophote of a radius, columns first, pixels."""
        along = radius * unit / np.sqrt(self.axis_ratio)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        half: Values = along * np.hypot([cos, sin], self.axis_ratio * np.array([sin, cos]))
        return half

    def _axes(self, x: Places, y: Places) -> tuple[Values, Values]:
        """Along the major axis, and along the minor one stretched to it."""
        dx: Values = np.asarray(x - self.x, dtype=float)
        dy: Values = np.asarray(y - self.y, dtype=float)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return dx * cos + dy * sin, (dy * cos - dx * sin) / self.axis_ratio

    def _radius(self, along: Values, across: Values, unit: float) -> Values:
        radius: Values = np.sqrt(along**2 + across**2) * (np.sqrt(self.axis_ratio) / unit)
        return radius

    def at(self, radius: Values, azimuth: Values, unit: float) -> Values:
        """(n, 2) points at elliptical radius and azimuth (n,); the inverse of `polar`."""
        along = radius * unit / np.sqrt(self.axis_ratio) * np.cos(azimuth)
        across = radius * unit * np.sqrt(self.axis_ratio) * np.sin(azimuth)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.column_stack(
            [self.x + along * cos - across * sin, self.y + along * sin + across * cos]
        )


@dataclass(frozen=True, eq=False)
class System:
    """Normal equations of fits (...), factored once for all that is asked of them.

    Attributes
    ----------
    root
        (..., k, k) inverse of the lower Cholesky factor.
    """

    root: Values

    @classmethod
    def of(cls, normal: Values) -> "System":
        """Of positive definite matrices (..., k, k)."""
        factor = np.linalg.cholesky(normal)
        root = np.empty_like(factor)
        for index in np.ndindex(factor.shape[:-2]):
            root[index] = lapack.dtrtri(factor[index], lower=True)[0]
        return cls(root)

    def solve(self, right: Values) -> Values:
        """(..., m, k) coefficients for right-hand sides (..., m, k), which are rows."""
        solution: Values = (right @ self.root.swapaxes(-2, -1)) @ self.root
        return solution

    def norms(self, right: Values) -> Values:
        """(..., m) products of right-hand sides (..., m, k) with their own solutions."""
        half = right @ self.root.swapaxes(-2, -1)
        squares: Values = np.einsum("...k,...k->...", half, half)
        return squares


@dataclass(frozen=True, eq=False)
class HostBasis:
    """Basis functions of the host's light on q pixels, to be fitted in any number of bands (...).

    Attributes
    ----------
    design
        (q, k): k functions; the first ``n_round`` have no angle in them.
    n_round
        Number of radial splines.
    fitted
        (..., q) True on the pixels that the model is fitted to.
    """

    design: Values
    n_round: int
    fitted: Flags

    @classmethod
    def of(cls, radius: Values, azimuth: Values, fitted: Flags, reach: float) -> "HostBasis":
        """Basis on pixels at elliptical polar coordinates; zero beyond ``reach``."""
        splines = _splines(radius, reach)
        q, n = splines.shape
        design = np.empty((q, n + 2 * _HARMONICS * (n - _ROUND_ONLY)))
        design[:, :n] = splines
        parts = iter(np.split(design[:, n:], 2 * _HARMONICS, axis=1))
        turn = np.cos(azimuth) + 1j * np.sin(azimuth)
        wave = np.ones_like(turn)
        for _ in range(_HARMONICS):
            wave = wave * turn
            for one in (wave.real, wave.imag):
                np.multiply(splines[:, _ROUND_ONLY:], one[:, None], out=next(parts))
        return cls(design, n, fitted)

    def on(self, good: Flags) -> "HostBasis":
        """The same, fitted to good pixels (..., q) only."""
        return replace(self, fitted=self.fitted & good)

    def part(self, some: slice) -> "HostBasis":
        """The same on some of the pixels."""
        return replace(self, design=self.design[some], fitted=self.fitted[..., some])

    @property
    def determined(self) -> Flags:
        """(...) whether there are as many pixels as functions."""
        enough: Flags = np.count_nonzero(self.fitted, axis=-1) >= self.design.shape[1]
        return enough

    @cached_property
    def _normal(self) -> Values:
        """(..., k, k): bands differ in few of their pixels, and few of all are not fitted."""
        bands = self.fitted.reshape(-1, self.fitted.shape[-1])
        common = bands.all(axis=0)
        lost = self.design[~common]
        normal = np.tile(self.design.T @ self.design - lost.T @ lost, (len(bands), 1, 1))
        for k in np.flatnonzero(np.count_nonzero(bands, axis=1) > np.count_nonzero(common)):
            own = self.design[bands[k] & ~common]
            normal[k] += own.T @ own
        return normal.reshape(*self.fitted.shape[:-1], *normal.shape[1:])

    def _seen(self, data: Values) -> Values:
        """(..., k) products of the functions with data (..., q) on the fitted pixels."""
        seen: Values = (data * self.fitted) @ self.design
        return seen

    def light(self, coefficients: Values) -> Values:
        """(..., q) light of coefficients (..., k)."""
        flat = coefficients.reshape(-1, coefficients.shape[-1])  # one product is faster than many
        light: Values = flat @ self.design.T
        return light.reshape(*coefficients.shape[:-1], -1)

    def system(self, data: Values, sigma: ArrayLike) -> System:
        """Normal equations of least squares with the prior on harmonics.

        A harmonic's amplitude is expected to be 0.3 of the profile at its radius; ``sigma`` (...)
        is the pixel noise of ``data`` (..., q).
        """
        n = self.n_round
        profile = self._normal[..., :n, :n] + _NEGLIGIBLE * np.eye(n)
        radial = np.linalg.solve(profile, self._seen(data)[..., :n, None])[..., 0]
        expected = _AMPLITUDE * np.maximum(radial[..., _ROUND_ONLY:], 0)
        noise = np.asarray(sigma)[..., None]
        prior = np.clip(noise**2 / np.maximum(expected, 1e-3 * noise) ** 2, 0.01, 1e4)
        normal = self._normal.copy()
        diagonal = np.einsum("...ii->...i", normal)
        diagonal[..., :n] += _NEGLIGIBLE
        diagonal[..., n:] += np.tile(prior, 2 * _HARMONICS)
        return System.of(normal)

    def coefficients(self, data: Values, system: System) -> Values:
        """(..., k) of the model of ``data`` (..., q), from its fitted pixels."""
        return system.solve(self._seen(data)[..., None, :])[..., 0, :]

    def fit(self, data: Values, system: System) -> Values:
        """(..., q) the model of ``data``, from its fitted pixels."""
        return self.light(self.coefficients(data, system))

    def residual_weights(self, weights: Values, system: System) -> Values:
        """(..., n, q) weights on data that equal weights on data less the fitted model.

        ``weights`` are (..., n, p), on the first p of the q pixels.
        """
        p = weights.shape[-1]
        through = self.light(system.solve(weights @ self.design[:p]))
        through *= -self.fitted[..., None, :].astype(float)
        through[..., :p] += weights
        return through


def _splines(radius: Values, reach: float) -> Values:
    """(q, m) cubic B-splines in radius, zero beyond ``reach``."""
    steps = [0.0]
    step = _FIRST_STEP
    while steps[-1] < reach:
        steps.append(steps[-1] + step)
        step *= _GROWTH
    knots = np.array(steps) * reach / steps[-1]
    padded = np.concatenate([[0.0] * _DEGREE, knots, [knots[-1]] * _DEGREE])
    inside = np.minimum(radius, knots[-1] * (1 - 1e-12))
    each = np.eye(len(padded) - _DEGREE - 1)
    matrix: Values = BSpline(padded, each, _DEGREE)(inside)
    matrix[radius > reach] = 0
    return matrix
