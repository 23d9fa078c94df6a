"""Apertures around nothing on the isophotes of clumps: how far the host is from its model there.

What is left of the host in them is what is left of it under a clump. The model has been fitted to
their pixels, though, and not to those under the clump. As in leaving one out, a flux found in an
aperture's residual is so divided by the share that a point source there would keep of its own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from clumpscope.stages.measure.host import Ellipse, HostBasis, System

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Radii and distances in PSF-FWHM.
_STEPS = (-0.7, 0.0, 0.7)  # of the isophotes, from the clump's
_INNERMOST = 1.0  # isophote of clumps nearer to the nucleus
_CLEAR = 1.6  # of any clump
_ARCS = _CLEAR + 1.0 * np.arange(7)  # along the isophote, to both sides
_NEAR = 2.5  # structure is patchy: what is so near to the clump counts in full ...
_FAR = 0.1  # ... and what is far so much
_TAILS = 1.1  # structure has longer tails than its rms tells
_OVERLAP = 3.0  # apertures in which the same noise counts
_LEAST_LEFT = 0.25  # of a point source's light


@dataclass(frozen=True, eq=False)
class Controls:
    """m apertures of a clump's size on the isophotes of n clumps.

    Attributes
    ----------
    n
        How many clumps.
    owner, weight
        (m,) whose isophote each is on, and how much it counts there.
    sums
        (m, q) 1 on the pixels of each aperture, of the q that are known.
    size
        Pixels of a whole aperture; where a host's pixels are thinned, few are known.
    design
        (m, k) sums of the host's basis functions over the fitted pixels of each aperture.
    """

    n: int
    owner: NDArray[np.intp]
    weight: Values
    sums: sparse.csr_array
    size: int
    design: Values

    @classmethod
    def of(
        cls,
        ellipse: Ellipse,
        xy: Values,
        pixels: NDArray[np.intp],
        shape: tuple[int, int],
        basis: HostBasis,
        fwhm: float,
        aperture: float,
    ) -> "Controls":
        """Choose the places.

        Parameters
        ----------
        ellipse
            Of the host.
        xy
            (n, 2) clumps.
        pixels
            (q,) indices into the flattened image of ``shape``.
        basis
            On those pixels.
        fwhm, aperture
            Of the PSF, pixels, and the aperture's radius in it.
        """
        half = int(np.ceil(aperture * fwhm))
        dy, dx = np.indices((2 * half + 1, 2 * half + 1)) - half
        disc = np.hypot(dx, dy) <= aperture * fwhm
        dx, dy = dx[disc], dy[disc]
        places, owner = _places(ellipse, xy, fwhm)
        apart = np.hypot(*(places - xy[owner]).T) / fwhm
        weight = _FAR + np.exp(-0.5 * (apart / _NEAR) ** 2)
        number = np.full((shape[0] + 2 * half, shape[1] + 2 * half), -1, dtype=np.int32)
        row, col = np.divmod(pixels, shape[1])
        number[row + half, col + half] = np.arange(len(pixels))
        x, y = np.rint(places).astype(np.intp).T
        on = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
        x, y, owner, weight = x[on], y[on], owner[on], weight[on]
        found = number[y[:, None] + half + dy, x[:, None] + half + dx]
        known = found >= 0
        at = found[known]
        ends = np.append(0, np.cumsum(np.count_nonzero(known, axis=1)))
        shape = (len(x), len(pixels))
        # Given as what it is: to sort out places and numbers would take longer than all the rest.
        sums = sparse.csr_array((np.ones(len(at)), at, ends), shape)
        fitted = sparse.csr_array((basis.fitted[at].astype(float), at, ends), shape)
        return cls(len(xy), owner, weight, sums, len(dx), fitted @ basis.design)

    def structure(
        self, residual: Values, variance: Values, fitted: Flags, system: System
    ) -> Values:
        """(..., n) rms beyond the noise of fluxes in apertures; 0 where no control is left.

        Parameters
        ----------
        residual, variance
            (..., q) data less the model and the clumps, and their variance.
        fitted
            (..., q) pixels to which the model was fitted.
        system
            Its normal equations.
        """
        planes = np.stack([fitted.astype(float), residual * fitted, variance * fitted])
        sums = self.sums @ planes.reshape(-1, planes.shape[-1]).T
        known, flux, noise = sums.T.reshape(*planes.shape[:-1], -1)
        seen = known / self.size
        # Of light spread over the aperture, what the model takes.
        taken = system.norms(self.design)
        left = np.clip(1 - taken / np.maximum(known, 1), _LEAST_LEFT, 1)
        flux, noise = flux / left, noise / left
        # What is known of an aperture stands for all of it.
        whole = np.divide(1, seen**2, out=np.zeros_like(seen), where=seen > 0)
        excess, noise = (flux**2 - noise) * whole, noise * whole
        weights = self.weight * seen**2
        own = (self.owner[:, None] == np.arange(self.n)).astype(float)
        total, doubt, all_of_it = (
            values @ own
            for values in (weights * excess, 2 * _OVERLAP * (weights * noise) ** 2, weights)
        )
        mean = np.divide(
            shrunk(total, doubt), all_of_it, out=np.zeros_like(total), where=all_of_it > 0
        )
        rms: Values = _TAILS * np.sqrt(mean)
        return rms


class HostModel(NamedTuple):
    """What is fitted to a host's light in one band, and where it is tested."""

    basis: HostBasis
    controls: Controls


def shrunk(excess: ArrayLike, doubt: ArrayLike) -> Values:
    """``excess`` beyond the noise, less what noise alone makes of it: its variance is ``doubt``.

    Half of all estimates of nothing are positive.
    """
    positive = np.maximum(excess, 0)
    kept: Values = positive**3 / np.maximum(positive**2 + doubt, 1e-300)
    return kept


def _places(ellipse: Ellipse, xy: Values, fwhm: float) -> tuple[Values, NDArray[np.intp]]:
    """(m, 2) places on the isophotes of clumps (n, 2), clear of all of them; and whose they are."""
    radius, azimuth = ellipse.polar(xy, fwhm)
    inner = np.maximum(radius, _INNERMOST)[:, None, None]
    arcs = np.concatenate([-_ARCS, _ARCS])
    radii = np.abs(inner + np.array(_STEPS)[:, None]) + 0 * arcs
    turns = arcs / inner + np.zeros((len(_STEPS), 1))
    places = ellipse.at(radii.ravel(), (azimuth[:, None, None] + turns).ravel(), fwhm)
    owner = np.repeat(np.arange(len(xy)), len(places) // len(xy))
    clear = cdist(places, xy).min(axis=1) > _CLEAR * fwhm
    clear &= np.abs(turns.ravel()) < np.pi
    return places[clear], owner[clear]
