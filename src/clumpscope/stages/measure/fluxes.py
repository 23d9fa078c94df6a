"""Fluxes of clumps in one band as linear functions of its pixels.

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
from photutils.geometry import circular_overlap_grid

from clumpscope.stages.measure.controls import HostModel, shrunk

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Responses whose condition is worse than this are of positions that are one and the same.
_RCOND = 1e-3
SECTORS = 6  # of a ring: sums in them tell structure of the PSF's size


@dataclass(frozen=True, eq=False)
class Solution:
    """n clumps in one band.

    Attributes
    ----------
    flux, flux_err
        (n,) unit of the data.
    correction
        (n,) total flux over the part of it that a row of W sees.
    background
        (n,) host light a pixel under the clump.
    structure
        (n,) rms of fluxes by which the surroundings differ from the model, beyond the noise.
    residual
        (p,) data less the host model and the clumps.
    """

    flux: Values
    flux_err: Values
    correction: Values
    background: Values
    structure: Values
    residual: Values


def aperture_weights(xy: Values, radius: float, dx: Values, dy: Values) -> Values:
    """(n, p) share of each pixel in a circle around each clump, exact.

    Parameters
    ----------
    xy
        (n, 2) positions, native pixels.
    radius
        Of the circles, pixels.
    dx, dy
        (n, p) offsets of the pixels' centres from the positions.
    """
    weights = np.zeros(dx.shape)
    half = int(np.ceil(radius)) + 1
    side = 2 * half + 1
    for k, (x, y) in enumerate(xy - np.rint(xy)):  # offsets of the circle from a pixel's centre
        edges = [-half - 0.5 - x, half + 0.5 - x, -half - 0.5 - y, half + 0.5 - y]
        shares = circular_overlap_grid(*edges, side, side, radius, 1, 1)
        close = np.flatnonzero(dx[k] ** 2 + dy[k] ** 2 < half**2)
        rows, cols = (np.rint(d[k, close] + c).astype(np.intp) for d, c in ((dy, y), (dx, x)))
        weights[k, close] = shares[rows + half, cols + half]
    return weights


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
        (q,) pixels and their variance, the p pixels around the clumps first.
    images
        (n, p) images of point sources of flux 1.
    templates
        (n, p) weights before the host is taken off; 0 on pixels not to be used. Where no model
        serves, they hold their local background already.
    host
        The host model, fitted together with the clumps, and where it is tested; or none.
    modelled
        (n,) True where it serves.
    around
        (n, p) pixels around each clump that tell how well a local background holds, by the number
        of their sector, from 1; 0 elsewhere.
    """
    known = variance[::4][variance[::4] > 0]  # 0 stands where there are no data
    sigma = float(np.sqrt(np.median(known))) if known.size else 1.0
    p = templates.shape[1]
    weights = np.zeros((len(templates), len(data)))
    weights[:, :p] = templates
    if host is not None:
        system = host.basis.system(data, sigma)
        weights[modelled] = host.basis.residual_weights(templates[modelled], system)
    response = weights[:, :p] @ images.T
    inverse = _inverse(response)
    flux = inverse @ (weights @ data)
    rest = data.copy()
    rest[:p] -= flux @ images
    model = np.zeros_like(data) if host is None else host.basis.fit(rest, system)
    covariance = inverse @ ((weights * variance) @ weights.T) @ inverse.T
    own = np.diag(response).copy()
    own[own == 0] = np.nan  # nothing of it is seen
    light = np.maximum(templates, 0)
    total = np.maximum(light.sum(axis=1), 1e-12)
    # What a template without a host model takes off is its own local background.
    below = (light - templates) @ rest[:p]
    level = np.where(modelled, light @ model[:p], below) / total
    structure = np.zeros(len(level))
    seen = np.maximum((light * images).sum(axis=1), 1e-12)
    for k in np.flatnonzero(~modelled):
        square, pixels = _excess(rest[:p] - level[k], variance[:p], around[k])
        # Structure is correlated over the PSF, so its variance grows faster than the pixels.
        whole = (light[k] ** 2).sum() / seen[k] ** 2 * np.sqrt((light[k] > 0).sum() / pixels)
        structure[k] = np.sqrt(square / pixels * whole) * seen[k] / np.abs(own[k])
    if host is not None:
        left = host.controls.structure(rest - model, variance, host.basis.fitted, system)
        # From an aperture to these weights, and what neighbours make of it.
        whole = np.sqrt((light**2).sum(axis=1) / host.controls.size) / seen
        structure[modelled] = (left * whole * np.abs(np.diag(inverse) * own))[modelled]
    return Solution(
        flux=flux,
        flux_err=np.hypot(np.sqrt(np.diag(covariance)), structure),
        correction=1 / own,
        background=level,
        structure=structure,
        residual=(rest - model)[:p],
    )


def _inverse(response: Values) -> Values:
    """Inverse, or where sources are one and the same, the shortest solution."""
    try:
        inverse: Values = np.linalg.inv(response).astype(float)
        if np.abs(np.diag(inverse) * np.diag(response)).max() < 1 / _RCOND:
            return inverse
    except np.linalg.LinAlgError:
        pass
    # Scaled, so that rows of PSFs and of apertures count alike; what is not seen has no scale.
    size = np.sqrt(np.abs(np.diag(response)))
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    scaled = np.linalg.pinv(scale[:, None] * response * scale, rcond=_RCOND)
    shortest: Values = scale[:, None] * scaled * scale
    return shortest


def _excess(residual: Values, variance: Values, sector: NDArray[np.integer]) -> tuple[float, float]:
    """Variance of sums over a ring's sectors beyond the noise, and how many pixels one has.

    The ring's mean is off already, which takes one degree of freedom.
    """
    count, sums, noise = (
        np.bincount(sector, values, SECTORS + 1)[1:] for values in (None, residual, variance)
    )
    some = count > 0
    if np.count_nonzero(some) < 2:
        return 0.0, 1.0
    share = 1 - 1 / np.count_nonzero(some)
    mean_noise = float(noise[some].mean())
    square = float(np.mean(sums[some] ** 2)) / share - mean_noise
    kept = shrunk(square, 2 * mean_noise**2 / np.count_nonzero(some))
    return float(kept), float(count[some].mean())
