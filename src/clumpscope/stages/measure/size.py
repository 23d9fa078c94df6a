"""Intrinsic sizes of clumps: how much wider than the PSF they are.

A source of small Gaussian width s looks like P + (s^2 / 2) lap P, P being the PSF. Both terms
are fitted to each band; s^2 is their ratio, averaged over the bands by its error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.stages.measure.fluxes import Solution

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_SNR = 5.0  # of a band's flux, for the ratio to be near normal


@dataclass(frozen=True, eq=False)
class Width:
    """s^2 of n clumps in one band, px^2, and its variance; NaN where a band cannot tell."""

    square: Values
    variance: Values

    def first(self, n: int) -> "Width":
        """The first ``n``."""
        return Width(self.square[:n], self.variance[:n])


def width(found: Solution, variance: Values, images: Values, curls: Values, near: Flags) -> Width:
    """Fit both terms, and a level, to what each clump alone leaves over as a point.

    Parameters
    ----------
    found
        Fluxes of the n clumps, and the residual of the p pixels.
    variance
        (p,) of the data.
    images, curls
        (n, p) PSF and its Laplacian at each clump.
    near
        (n, p) pixels around each clump that count.
    """
    square, error = np.full(len(near), np.nan), np.full(len(near), np.nan)
    bright = np.flatnonzero(found.flux > _LEAST_SNR * found.flux_err)
    if not bright.size:
        return Width(square, error)
    some = np.flatnonzero(near[bright].any(axis=0))
    cells = np.ix_(bright, some)
    flat = near[cells].astype(float)
    terms = np.stack([images[cells] * flat, curls[cells] * flat, flat], axis=1)
    inverse = np.linalg.pinv(terms @ terms.transpose(0, 2, 1))
    rows = inverse @ terms
    change, slope = (rows @ found.residual[some])[:, :2].T
    covariance = (rows * variance[some]) @ rows.transpose(0, 2, 1)
    total = found.flux[bright] + change
    total[~(total > 0)] = np.nan
    ratio = 2 * slope / total
    spread = covariance[:, 1, 1] - ratio * covariance[:, 0, 1] + ratio**2 / 4 * covariance[:, 0, 0]
    square[bright], error[bright] = ratio, 4 * np.maximum(spread, 0) / total**2
    return Width(square, error)


def combined(widths: list[Width]) -> Width:
    """Mean over the bands, weighted by inverse variance."""
    square = np.array([one.square for one in widths])
    weight = 1 / np.array([one.variance for one in widths])
    known = np.isfinite(square) & np.isfinite(weight)
    weight = np.where(known, weight, 0)
    total = weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * np.where(known, square, 0)).sum(axis=0) / total
        return Width(mean, np.where(total > 0, 1 / total, np.nan))
