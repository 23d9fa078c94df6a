"""Fluxes of clumps as linear functions of a band's pixels, in all bands at once.

Every flux is F = (W P^T)^-1 W d: d the pixels, W one row of weights a clump, P the images of
point sources of flux 1 at the clumps' positions. A row of W is a circular aperture, or, for
clumps blended with a neighbour, the PSF itself (which makes F a simultaneous PSF fit), less
what the background model takes of it. So the response W P^T holds the aperture correction, the
clump's own light in the background and that of the neighbours at once, and errors follow from
the pixels' variance through the same weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.medians import row_medians
from clumpscope.stages.measure.controls import HostModel, shrunk

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Responses whose condition is worse than this are of positions that are one and the same.
_RCOND = 1e-3
SECTORS = 6  # of a ring: sums in them tell structure of the PSF's size


@dataclass(frozen=True, eq=False)
class Solution:
    """n clumps in any number of bands (...).

    Attributes
    ----------
    flux, flux_err
        (..., n) unit of the data.
    correction
        (..., n) total flux over the part of it that a row of W sees.
    background
        (..., n) host light a pixel under the clump.
    structure
        (..., n) rms of fluxes by which the surroundings differ from the model, beyond the noise.
    residual
        (..., p) data less the host model and the clumps.
    """

    flux: Values
    flux_err: Values
    correction: Values
    background: Values
    structure: Values
    residual: Values


def solve(
    data: Values,
    variance: Values,
    images: Values,
    templates: Values,
    host: HostModel | None,
    modelled: Flags,
    around: NDArray[np.integer],
) -> Solution:
    """Fluxes of the clumps.

    Parameters
    ----------
    data, variance
        (..., q) pixels and their variance, the p pixels around the clumps first.
    images
        (..., n, p) images of point sources of flux 1.
    templates
        (..., n, p) weights before the host is taken off; 0 on pixels not to be used. Where no
        model serves, they hold their local background already.
    host
        The host model, fitted together with the clumps, and where it is tested; or none.
    modelled
        (n,) True where it serves.
    around
        (..., n, p) pixels around each clump that tell how well a local background holds, by the
        number of their sector, from 1; 0 elsewhere.
    """
    p = templates.shape[-1]
    weights = np.zeros((*templates.shape[:-1], data.shape[-1]))
    weights[..., :p] = templates
    if host is not None:
        system = host.basis.system(data, _noise(variance))
        some = templates[..., modelled, :]
        weights[..., modelled, :] = host.basis.residual_weights(some, system)
    response = weights[..., :p] @ images.swapaxes(-2, -1)
    inverse = _inverse(response)
    flux = _product(inverse, _product(weights, data))
    rest = data.copy()
    rest[..., :p] -= (flux[..., None, :] @ images)[..., 0, :]
    model = np.zeros_like(data) if host is None else host.basis.fit(rest, system)
    spread = (weights * variance[..., None, :]) @ weights.swapaxes(-2, -1)
    flux_variance = ((inverse @ spread) * inverse).sum(axis=-1)
    own = _diagonal(response).copy()
    own[own == 0] = np.nan  # nothing of it is seen
    light = np.maximum(templates, 0)
    total = np.maximum(light.sum(axis=-1), 1e-12)
    # What a template without a host model takes off is its own local background.
    below = _product(light - templates, rest[..., :p])
    level = np.where(modelled, _product(light, model[..., :p]), below) / total
    seen = np.maximum((light * images).sum(axis=-1), 1e-12)
    square = (light**2).sum(axis=-1)
    structure = np.zeros(level.shape)
    local = ~modelled
    if local.any():
        off = rest[..., None, :p] - level[..., local, None]
        excess, pixels = _excess(off, variance[..., None, :p], around[..., local, :])
        # Structure is correlated over the PSF, so its variance grows faster than the pixels.
        lit, part = (light[..., local, :] > 0).sum(axis=-1), seen[..., local]
        whole = square[..., local] / part**2 * np.sqrt(lit / pixels)
        structure[..., local] = np.sqrt(excess / pixels * whole) * part / np.abs(own[..., local])
    if host is not None:
        left = host.controls.structure(rest - model, variance, host.basis.fitted, system)
        # From an aperture to these weights, and what neighbours make of it.
        whole = np.sqrt(square / host.controls.size) / seen
        tested = left * whole * np.abs(_diagonal(inverse) * own)
        structure[..., modelled] = tested[..., modelled]
    return Solution(
        flux=flux,
        flux_err=np.hypot(np.sqrt(flux_variance), structure),
        correction=1 / own,
        background=level,
        structure=structure,
        residual=(rest - model)[..., :p],
    )


def _noise(variance: Values) -> Values:
    """(...) noise a pixel, of a sample of them; 0 stands where there are no data."""
    some = variance[..., ::4]
    known = row_medians(some, some > 0)
    noise: Values = np.sqrt(np.where(np.isnan(known), 1.0, known))
    return noise


def _product(matrix: Values, vector: Values) -> Values:
    """(..., n) products of matrices (..., n, p) and vectors (..., p)."""
    product: Values = (matrix @ vector[..., None])[..., 0]
    return product


def _diagonal(matrix: Values) -> Values:
    """(..., n) diagonals of matrices (..., n, n)."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _inverse(response: Values) -> Values:
    """Inverses of (..., n, n); where sources are one and the same, the shortest solution."""
    try:
        inverse: Values = np.linalg.inv(response).astype(float)
        worst = np.abs(_diagonal(inverse) * _diagonal(response)).max(axis=-1)
        if (worst < 1 / _RCOND).all():
            return inverse
    except np.linalg.LinAlgError:
        pass
    if response.ndim > 2:
        return np.array([_inverse(one) for one in response])
    # Scaled, so that rows of PSFs and of apertures count alike; what is not seen has no scale.
    size = np.sqrt(np.abs(np.diag(response)))
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    scaled = np.linalg.pinv(scale[:, None] * response * scale, rcond=_RCOND)
    shortest: Values = scale[:, None] * scaled * scale
    return shortest


def _excess(
    residual: Values, variance: Values, sector: NDArray[np.integer]
) -> tuple[Values, Values]:
    """Variance of sums over rings' sectors beyond the noise, and how many pixels one has.

    The rings' means are off already, which takes one degree of freedom.

    Parameters
    ----------
    residual, variance
        (..., p), or what broadcasts to that.
    sector
        (..., p) number of each pixel's sector, from 1; 0 off the ring.
    """
    rows = sector.reshape(-1, sector.shape[-1])
    number = (np.arange(len(rows))[:, None] * (SECTORS + 1) + rows).ravel()
    count, sums, noise = (
        np.bincount(
            number,
            None if values is None else np.broadcast_to(values, sector.shape).ravel(),
            len(rows) * (SECTORS + 1),
        ).reshape(*sector.shape[:-1], SECTORS + 1)[..., 1:]
        for values in (None, residual, variance)
    )
    some = count > 0
    known = np.count_nonzero(some, axis=-1)
    enough, number_of = known >= 2, np.maximum(known, 2)
    mean_noise = noise.sum(axis=-1) / number_of
    square = (sums**2).sum(axis=-1) / number_of / (1 - 1 / number_of) - mean_noise
    kept = shrunk(square, 2 * mean_noise**2 / number_of)
    pixels = count.sum(axis=-1) / number_of
    return np.where(enough, kept, 0.0), np.where(enough, pixels, 1.0)
