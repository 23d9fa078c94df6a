"""Intrinsic sizes of clumps: how much wider than the PSF they are.

A source of small Gaussian width s looks like P + (s^2 / 2) lap P, P being the PSF. Both terms
are fitted to each band; s^2 is their ratio, averaged over the bands by its error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.measure.fluxes import Solution

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_SNR = 5.0  # of a band's flux, for the ratio to be near normal


@dataclass(frozen=True, eq=False)
class Width:
    """s^2 of n clumps in one band, px^2, and its variance; NaN where a band cannot tell."""

    square: Values
    variance: Values


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
    n = len(near)
    square, error = np.full(n, np.nan), np.full(n, np.nan)
    for k in np.flatnonzero(found.flux > _LEAST_SNR * found.flux_err):
        used = np.flatnonzero(near[k])
        terms = np.vstack([images[k, used], curls[k, used], np.ones(used.size)])
        try:
            inverse = np.linalg.inv(terms @ terms.T)
        except np.linalg.LinAlgError:
            continue
        rows = inverse @ terms
        change, slope = (rows @ found.residual[used])[:2]
        covariance = (rows * variance[used]) @ rows.T
        total = found.flux[k] + change
        if not total > 0:
            continue
        square[k] = 2 * slope / total
        spread = (
            covariance[1, 1] - square[k] * covariance[0, 1] + square[k] ** 2 / 4 * covariance[0, 0]
        )
        error[k] = 4 * max(float(spread), 0.0) / total**2
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
