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
    """s^2 of n clumps, px^2, and its variance; NaN where a band cannot tell."""

    square: Values
    variance: Values


def width(found: Solution, variance: Values, images: Values, curls: Values, near: Flags) -> Width:
    """Fit both terms, and a level, to what each clump alone leaves over as a point.

    Parameters
    ----------
    found
        Fluxes of the n clumps in bands (...), and the residual of the p pixels.
    variance
        (..., p) of the data.
    images, curls
        (..., n, p) PSF and its Laplacian at each clump.
    near
        (..., n, p) pixels around each clump that count.

    Returns
    -------
    Of each band and clump, (..., n).
    """
    square, error = np.full(found.flux.shape, np.nan), np.full(found.flux.shape, np.nan)
    bright = found.flux > _LEAST_SNR * found.flux_err
    if not bright.any():
        return Width(square, error)
    flat = near[bright]  # of the bright ones alone, a row for each band and clump
    some = flat.any(axis=0)
    flat = flat[:, some].astype(float)
    residual, spread = (
        np.broadcast_to(plane[..., None, :], near.shape)[bright][:, some, None]
        for plane in (found.residual, variance)
    )
    terms = np.stack([images[bright][:, some] * flat, curls[bright][:, some] * flat, flat], axis=1)
    inverse = np.linalg.pinv(terms @ terms.transpose(0, 2, 1))
    rows = inverse @ terms
    change, slope = (rows @ residual)[:, :2, 0].T
    covariance = rows @ (spread * rows.transpose(0, 2, 1))
    total = found.flux[bright] + change
    total[~(total > 0)] = np.nan
    ratio = 2 * slope / total
    doubt = covariance[:, 1, 1] - ratio * covariance[:, 0, 1] + ratio**2 / 4 * covariance[:, 0, 0]
    square[bright], error[bright] = ratio, 4 * np.maximum(doubt, 0) / total**2
    return Width(square, error)


def combined(widths: Width) -> Width:
    """Mean over the bands of widths (b, n), weighted by inverse variance."""
    weight = 1 / widths.variance
    known = np.isfinite(widths.square) & np.isfinite(weight)
    weight = np.where(known, weight, 0)
    total = weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * np.where(known, widths.square, 0)).sum(axis=0) / total
        return Width(mean, np.where(total > 0, 1 / total, np.nan))
