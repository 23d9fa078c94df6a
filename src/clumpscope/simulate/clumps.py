"""Clumps in a host: point-like or slightly resolved blue knots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config import SimulateConfig
from clumpscope.simulate.hosts import Host, arm_weight, plane


@dataclass(frozen=True, eq=False)
class Sources:
    """N compact sources on top of a host.

    Attributes
    ----------
    x, y
        (N,) offsets from the host's centre along the pixel axes, arcsec.
    sigma
        (N,) intrinsic Gaussian width, arcsec; 0 is a point.
    flux
        (N, 5) nanomaggy in u, g, r, i, z.
    label
        (N,) 1 clump, 2 odd clump.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    sigma: NDArray[np.float64]
    flux: NDArray[np.float64]
    label: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def __add__(self, other: "Sources") -> "Sources":
        """Both lists, one after the other."""
        return Sources(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("x", "y", "sigma", "flux", "label")
            )
        )


def band_fluxes(
    flux: NDArray[np.float64], anchor: int, colours: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, 5) fluxes from the flux in band ``anchor`` (0 is u) and (N, 4) colours u-g … i-z."""
    magnitudes = np.concatenate([np.zeros((len(flux), 1)), -np.cumsum(colours, axis=1)], axis=1)
    magnitudes -= magnitudes[:, anchor : anchor + 1]
    fluxes: NDArray[np.float64] = flux[:, None] * 10 ** (-0.4 * magnitudes)
    return fluxes


def draw_clumps(rng: np.random.Generator, host: Host, config: SimulateConfig) -> Sources:
    """Draw the clumps of a host, fainter ones being more common.

    Colours are those of the Stripe 82 clumps of Mehta et al. 2021 (u-g 0.4, g-r 0.0, r-i 0.0,
    i-z 0.0 in the median); they lie on arms and rings where there are any.
    """
    has_any = rng.random() >= config.clumpless_fraction
    if host.kind == "smooth":
        has_any &= rng.random() < 0.5
    n = 1 + rng.poisson(config.mean_clumps - 1) if has_any else 0
    low, high = np.log(config.flux_ratio_u)
    # dN / d ln f falls as f^-0.4: flatter than nature, so that bright clumps are seen in training.
    slope = 0.4
    share = rng.random(n)
    edge = np.exp(-slope * low), np.exp(-slope * high)
    ratio = np.exp(-np.log(edge[0] + share * (edge[1] - edge[0])) / slope)
    scatter = rng.normal(0, [0.26, 0.17, 0.14, 0.12], (n, 4))
    colours = np.array([0.40, 0.02, 0.03, -0.02]) + scatter
    x, y = _places(rng, host, n)
    resolved = rng.random(n) < 0.3
    # Ratios are over the host's flux with its clumps: solve total = smooth + sum(ratio) total.
    total_u = host.total[0] / max(1 - ratio.sum(), 0.3)
    return Sources(
        x=x,
        y=y,
        sigma=np.where(resolved, rng.uniform(0.1, 0.6, n), 0.0),
        flux=band_fluxes(ratio * total_u, 0, colours),
        label=np.ones(n, dtype=np.int64),
    )


def _places(
    rng: np.random.Generator, host: Host, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets of ``n`` clumps from the centre, arcsec: by rejection on arms and rings."""
    tries = 64 * max(n, 1)
    h = host.scale_arcsec
    radius = h * rng.gamma(3.2, 0.68, tries)
    azimuth = rng.uniform(0, 2 * np.pi, tries)
    along, depth = radius * np.cos(azimuth), radius * np.sin(azimuth)
    across = depth * host.axis_ratio
    cos_pa, sin_pa = np.cos(host.position_angle), np.sin(host.position_angle)
    x, y = along * cos_pa - across * sin_pa, along * sin_pa + across * cos_pa
    weight = 0.15 + 0.85 * arm_weight(host, plane(host, x, y))
    if host.ring:
        weight = np.maximum(weight, np.exp(-0.5 * ((radius / h - host.ring) / 0.15) ** 2))
    weight *= (radius > 0.6 * h) & (radius < 4.2 * h)
    chosen = np.flatnonzero(rng.random(tries) < weight)[:n]
    if len(chosen) < n:
        chosen = np.argsort(-weight, kind="stable")[:n]
    # One in four sits beside another: clumps cluster.
    for k in range(1, len(chosen)):
        if rng.random() < 0.25:
            step = rng.uniform(1.0, 3.5)
            turn = rng.uniform(0, 2 * np.pi)
            x[chosen[k]] = x[chosen[k - 1]] + step * np.cos(turn)
            y[chosen[k]] = y[chosen[k - 1]] + step * np.sin(turn)
    return x[chosen], y[chosen]
