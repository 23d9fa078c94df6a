"""A smooth model of the host's light: a linear basis, fitted with the clumps.

Radial cubic B-splines in elliptical radius carry the profile, their first and second angular
harmonics what an ellipse does not: lopsidedness, twists, arms, and the rounding of inclined
disks by the PSF. Harmonics are shrunk towards zero where the host is too faint for them to be
worth their noise. Lengths are in units of the PSF-FWHM.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import cho_factor, cho_solve, solve_triangular

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FIRST_STEP = 0.8  # of the knots; finer adds noise, coarser misses the core of inclined disks
_GROWTH = 1.2  # from a step to the next one outwards
_DEGREE = 3
_HARMONICS = (1, 2)
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

    def radius(self, x: Values, y: Values, unit: float) -> Values:
        """The radius of `polar` alone, of x and y that broadcast together."""
        return self._radius(*self._axes(x, y), unit)

    def _axes(self, x: Values, y: Values) -> tuple[Values, Values]:
        """Along the major axis, and along the minor one stretched to it."""
        x, y = x - self.x, y - self.y
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return x * cos + y * sin, (y * cos - x * sin) / self.axis_ratio

    def _radius(self, along: Values, across: Values, unit: float) -> Values:
        radius: Values = np.hypot(along, across) * np.sqrt(self.axis_ratio) / unit
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
    """Normal equations of a fit, factored once for all that is asked of them: lower triangle."""

    factor: Values

    @classmethod
    def of(cls, normal: Values) -> "System":
        """Of a positive definite matrix (k, k)."""
        return cls(np.tril(cho_factor(normal, lower=True, check_finite=False)[0]))

    def solve(self, right: Values) -> Values:
        """Coefficients for right-hand sides (k,) or (k, m)."""
        solution: Values = cho_solve((self.factor, True), right, check_finite=False)
        return solution

    def norms(self, right: Values) -> Values:
        """(m,) products of (k, m) right-hand sides with their own solutions."""
        half = solve_triangular(self.factor, right, lower=True, check_finite=False)
        squares: Values = np.einsum("km,km->m", half, half)
        return squares


@dataclass(frozen=True, eq=False)
class HostBasis:
    """Basis functions of the host's light on q pixels.

    Attributes
    ----------
    design
        (q, k): k functions; the first ``n_round`` have no angle in them.
    n_round
        Number of radial splines.
    fitted
        (q,) True on the pixels that the model is fitted to.
    """

    design: Values
    n_round: int
    fitted: Flags

    @classmethod
    def of(cls, radius: Values, azimuth: Values, fitted: Flags, reach: float) -> "HostBasis":
        """Basis on pixels at elliptical polar coordinates; zero beyond ``reach``."""
        splines = _splines(radius, reach)
        columns = [splines]
        for order in _HARMONICS:
            outer = splines[:, _ROUND_ONLY:]
            columns += [outer * wave(order * azimuth)[:, None] for wave in (np.cos, np.sin)]
        return cls(np.concatenate(columns, axis=1), splines.shape[1], fitted)

    def on(self, good: Flags) -> "HostBasis":
        """The same, fitted to good pixels (q,) only."""
        lost = self.fitted & ~good
        return replace(self, fitted=self.fitted & good) if lost.any() else self

    @property
    def determined(self) -> bool:
        """Whether there are as many pixels as functions."""
        return bool(np.count_nonzero(self.fitted) >= self.design.shape[1])

    @cached_property
    def _rows(self) -> Values:
        """Rows of the design that are fitted."""
        return self.design[self.fitted]

    @cached_property
    def _normal(self) -> Values:
        normal: Values = self._rows.T @ self._rows
        return normal

    @cached_property
    def _profile(self) -> System:
        """Normal equations of the profile alone."""
        n = self.n_round
        return System.of(self._normal[:n, :n] + _NEGLIGIBLE * np.eye(n))

    def system(self, data: Values, sigma: float) -> System:
        """Normal equations of least squares with the prior on harmonics.

        A harmonic's amplitude is expected to be 0.3 of the profile at its radius; ``sigma`` is
        the pixel noise of ``data`` (q,).
        """
        n = self.n_round
        profile = self._profile.solve(self._rows[:, :n].T @ data[self.fitted])
        expected = _AMPLITUDE * np.maximum(profile[_ROUND_ONLY:], 0)
        prior = np.clip(sigma**2 / np.maximum(expected, 1e-3 * sigma) ** 2, 0.01, 1e4)
        normal = self._normal.copy()
        diagonal = np.einsum("ii->i", normal)
        diagonal[:n] += _NEGLIGIBLE
        diagonal[n:].reshape(-1, len(prior))[:] += prior
        return System.of(normal)

    def fit(self, data: Values, system: System) -> Values:
        """(q,) the model of ``data``, from its fitted pixels."""
        solution = system.solve(self._rows.T @ data[self.fitted])
        model: Values = self.design @ solution
        return model

    def residual_weights(self, weights: Values, system: System) -> Values:
        """(n, q) weights on data that equal weights on data less the fitted model.

        ``weights`` are (n, p), on the first p of the q pixels.
        """
        p = weights.shape[1]
        solution = system.solve((weights @ self.design[:p]).T)
        through: Values = solution.T @ self.design.T
        through *= -self.fitted.astype(float)
        through[:, :p] += weights
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
    matrix: Values = BSpline.design_matrix(inside, padded, _DEGREE).toarray()
    matrix[radius > reach] = 0
    return matrix
