"""Numbers of clumps corrected for what was missed and for the scatter of their fluxes.

Sums of 1 / completeness (Horvitz & Thompson 1952) give numbers by measured flux ratio. Where
faint clumps are many, more of them scatter up over a limit than bright ones down (Eddington
1913). The distribution of true ratios is found from the measured ones as the exponential of a
spline, by penalised likelihood (Efron 2016, Biometrika 103, 1), and each clump counts as far as
it then lies in a bin. Errors come from resampled hosts, the errors of completeness included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.interpolate import BSpline
from scipy.special import logsumexp

from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.models.selection import Scatter

Values = NDArray[np.float64]

_GRID = 120  # true ratios
_SPLINES = 7
_PENALTY = 1.0  # on the spline's second differences
_BINS = 10  # of ratio, in which clumps of unknown completeness are as the others


@dataclass(frozen=True)
class Estimate:
    """A value with its 1-sigma error."""

    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Sample:
    """The N normal clumps of a catalogue that have a positive flux ratio.

    Attributes
    ----------
    host
        (N,) index of the galaxy among the G that were searched.
    ratio, ratio_err
        (N,) measured.
    weight, weight_err
        (N,) 1 / completeness times the chance to be real, and its error.
    """

    host: NDArray[np.intp]
    ratio: Values
    ratio_err: Values
    weight: Values
    weight_err: Values
    galaxies: int

    @classmethod
    def of(cls, catalogue: QTable, galaxies: Sequence[str]) -> "Sample":
        """From a catalogue and the ids of all galaxies that were searched.

        A clump counts by ``p_real``, fully where that is unknown. One of unknown completeness
        counts as those of about its flux ratio do.

        Raises
        ------
        TableError
            If a galaxy of the catalogue is none of ``galaxies``, one of these is there twice, or
            no clump has a completeness.
        """
        ids = np.array(list(galaxies), dtype=str)
        names, first = np.unique(ids, return_index=True)
        if len(names) < len(ids):
            raise TableError(expected_got("galaxies", "each once", "one of them twice"))
        ratio = plain(catalogue, "clump_flux_ratio").astype(float)
        error = plain(catalogue, "clump_flux_ratio_err").astype(float)
        normal = plain(catalogue, "clump_label_id") == Label.CLUMP
        rows = np.flatnonzero(normal & (ratio > 0) & np.isfinite(error) & (error > 0))
        own = plain(catalogue, "galaxy_id").astype(str)[rows]
        place = np.minimum(np.searchsorted(names, own), max(len(names) - 1, 0))
        strange = own[names[place] != own] if len(names) else own
        if len(strange):
            raise TableError(expected_got("galaxies", "all of the catalogue", f"no {strange[0]}"))
        chance = plain(catalogue, "completeness").astype(float)[rows]
        spread = plain(catalogue, "completeness_err").astype(float)[rows]
        real = plain(catalogue, "p_real").astype(float)[rows]
        if not (chance > 0).any():
            raise TableError(
                expected_got(
                    "catalogue", "clumps of known completeness", "none",
                    "set completeness under [catalogue] in the recipe and make it anew",
                )
            )  # fmt: skip
        weight, weight_err = 1 / chance, spread / chance**2
        for filled in (weight, weight_err):
            _fill(filled, ratio[rows])
        real = np.where(np.isfinite(real), real, 1.0)
        return cls(
            first[place], ratio[rows], error[rows], real * weight, real * weight_err, len(ids)
        )


def corrected_counts(
    clumps: Sample, edges: ArrayLike, scatter: Scatter, *, members: int = 100, seed: int = 0
) -> Table:
    """Numbers of clumps in bins of flux ratio.

    Parameters
    ----------
    edges
        (B + 1,) of the bins, rising; the last may be ``inf``.
    scatter
        Of measured about true ratios, the selection function's.
    members
        Resampled sets of hosts, for the errors.

    Returns
    -------
    A row a bin: ``low``, ``high``, ``found`` (rows of the catalogue), ``measured`` (corrected for
    completeness) and ``true`` (for scatter, too), with ``_err`` of both.

    Raises
    ------
    TableError
        If the edges do not rise.
    """
    limits = np.asarray(edges, dtype=float)
    if limits.ndim != 1 or len(limits) < 2 or not (np.diff(limits) > 0).all() or limits[0] <= 0:
        raise TableError(expected_got("edges", "two or more positive ones that rise", limits))
    inside = _inside(clumps.ratio, limits)
    measured, true = _replicas(clumps, limits, scatter, members, seed)
    return Table(
        {
            "low": limits[:-1],
            "high": limits[1:],
            "found": inside.sum(axis=0),
            "measured": measured[0],
            "measured_err": measured[1:].std(axis=0),
            "true": true[0],
            "true_err": true[1:].std(axis=0),
        }
    )


def luminosity_function(
    clumps: Sample, edges: ArrayLike, scatter: Scatter, *, members: int = 100, seed: int = 0
) -> Table:
    """Clumps a galaxy and decade of true flux ratio; ``edges`` must be finite.

    Returns
    -------
    `corrected_counts` with ``density`` and ``density_err``.

    Raises
    ------
    TableError
        If the edges do not rise or are not finite.
    """
    counts = corrected_counts(clumps, edges, scatter, members=members, seed=seed)
    decades = np.log10(np.asarray(counts["high"]) / np.asarray(counts["low"]))
    if not np.isfinite(decades).all():
        raise TableError(expected_got("edges", "finite ones", "an infinite one"))
    for name in ("", "_err"):
        counts[f"density{name}"] = counts[f"true{name}"] / (decades * clumps.galaxies)
    return counts


def clumpy_fraction(
    clumps: Sample, least: float, scatter: Scatter, *, members: int = 100, seed: int = 0
) -> Estimate:
    """Share of galaxies with a clump of true flux ratio ``least`` or more (Adams et al. 2022).

    The mean over galaxies of 1 - prod(1 - q / c) over their clumps, c the completeness, q the
    chance to be real and that bright. Where clumps are found independently of each other its
    expectation is exact: each factor's is 0 for a true clump, 1 without one.
    """
    draws = _draws(clumps, members, seed)
    values = []
    for count, noise in draws:
        weight = np.maximum(clumps.weight + noise * clumps.weight_err, 0)
        posterior = _posterior(clumps, scatter, weight * count[clumps.host])
        chance = (posterior.p * (posterior.grid >= least)).sum(axis=1)
        clumpless = np.ones(clumps.galaxies)
        np.multiply.at(clumpless, clumps.host, 1 - weight * chance)
        values.append(float(np.sum(count * (1 - clumpless)) / count.sum()))
    return Estimate(values[0], float(np.std(values[1:])))


@dataclass(frozen=True, eq=False)
class _Posterior:
    grid: Values  # (G,) true ratios
    p: Values  # (N, G) where each clump's lies


def _posterior(clumps: Sample, scatter: Scatter, weight: Values) -> _Posterior:
    """Where the true ratios lie, by a distribution found from all of them."""
    grid, likelihood = _kernel(clumps, scatter)
    prior = deconvolved(likelihood, weight)
    p = likelihood * prior
    return _Posterior(grid, p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300))


def _kernel(clumps: Sample, scatter: Scatter) -> tuple[Values, Values]:
    """(G,) true ratios, even in their logarithm, and (N, G) likelihood of the measured ones."""
    low, high = np.log10(clumps.ratio.min()), np.log10(clumps.ratio.max())
    grid = np.logspace(low - 0.3, high + 0.1, _GRID)
    width = np.hypot(scatter.stretch * clumps.ratio_err[:, None], scatter.share * grid)
    pull = (clumps.ratio[:, None] - scatter.bias * grid) / width
    likelihood: Values = stats.t.pdf(pull, scatter.freedom) / width
    return grid, np.maximum(likelihood, 1e-300)


def deconvolved(likelihood: Values, weight: Values) -> Values:
    """(G,) distribution over a grid, from (N, G) likelihoods and (N,) weights; its sum is 1."""
    places = np.linspace(0, 1, likelihood.shape[1])
    knots = np.concatenate([[0] * 3, np.linspace(0, 1, _SPLINES - 2), [1] * 3])
    basis = BSpline.design_matrix(places, knots, 3).toarray()
    steps = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    rough = _PENALTY * steps.T @ steps + 1e-3 * np.eye(basis.shape[1])
    total = weight.sum()

    def loss(b: Values) -> tuple[float, Values]:
        eta = basis @ b
        prior = np.exp(eta - logsumexp(eta))
        chance = likelihood @ prior
        slope = prior * (likelihood.T @ (weight / chance) - total)
        bent = rough @ b
        return float(-weight @ np.log(chance) + b @ bent / 2), bent - basis.T @ slope

    best = optimize.minimize(loss, np.zeros(basis.shape[1]), jac=True, method="L-BFGS-B")
    eta = basis @ best.x
    found: Values = np.exp(eta - logsumexp(eta))
    return found


def _replicas(
    clumps: Sample, limits: Values, scatter: Scatter, members: int, seed: int
) -> tuple[Values, Values]:
    """(1 + M, B) numbers by measured and by true ratio, the estimates first."""
    grid, likelihood = _kernel(clumps, scatter)
    bins = _inside(grid, limits).astype(float)
    inside = _inside(clumps.ratio, limits).astype(float)
    measured, true = [], []
    for count, noise in _draws(clumps, members, seed):
        weight = np.maximum(clumps.weight + noise * clumps.weight_err, 0) * count[clumps.host]
        measured.append(weight @ inside)
        joint = likelihood * deconvolved(likelihood, weight)
        true.append((weight / joint.sum(axis=1)) @ joint @ bins)
    return np.array(measured), np.array(true)


def _draws(clumps: Sample, members: int, seed: int) -> list[tuple[Values, float]]:
    """How often each galaxy counts, and what completeness is off by: once and 0, then drawn."""
    rng = np.random.default_rng(seed)
    n = clumps.galaxies
    drawn = [
        (rng.multinomial(n, np.full(n, 1 / n)).astype(float), float(rng.normal()))
        for _ in range(members)
    ]
    return [(np.ones(n), 0.0), *drawn]


def _inside(values: Values, limits: Values) -> NDArray[np.bool_]:
    """(N, B) which bin each lies in."""
    within: NDArray[np.bool_] = (values[:, None] >= limits[:-1]) & (values[:, None] < limits[1:])
    return within


def _fill(values: Values, ratio: Values) -> None:
    """Give unknown ``values`` the mean of those of about their ratio."""
    known = np.isfinite(values)
    marks = np.quantile(ratio[known], np.linspace(0, 1, _BINS + 1)[1:-1])
    place = np.searchsorted(marks, ratio)
    for k in np.unique(place[~known]):
        same = known & (place == k)
        values[~known & (place == k)] = values[same].mean() if same.any() else values[known].mean()
