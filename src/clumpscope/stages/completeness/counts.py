"""Numbers of clumps corrected for what was missed and for the scatter of their fluxes.

Sums of 1 / completeness (Horvitz & Thompson 1952) give numbers by measured flux ratio. Where
faint clumps are many, more of them scatter up over a limit than bright ones down (Eddington
1913). So the distribution phi of true ratios f is found from all that were found, each at its
place x of completeness c(f, x) and with the likelihood K of what was measured:

    maximise sum_j w_j [ln int phi c K_j - ln int phi c],   ln phi a spline (Efron 2016)

(Loredo 2004), and a clump then stands for int_bin phi K / int phi c K of a bin's. Errors come
from resampled hosts, each time with another member of the completeness.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from scipy.interpolate import BSpline
from scipy.special import expit, logsumexp

from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.models.selection import Selection
from clumpscope.ops.resampling import all_resampled
from clumpscope.stages.completeness.covariates import of_catalogue, surroundings

Values = NDArray[np.float64]

_GRID = 100  # true ratios
_SPLINES = 7
_PENALTY = 1.0  # on the spline's second differences
_FAINTER, _BRIGHTER = 0.2, 0.2  # decades of the grid beyond the ratios that were fitted
_TINY = 1e-300


@dataclass(frozen=True)
class Estimate:
    """A value with its 1-sigma error."""

    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Counted:
    """The N normal clumps of a catalogue, ready to be counted.

    Attributes
    ----------
    host
        (N,) index of the galaxy among those that were searched.
    galaxies
        How many these are.
    ratio
        (N,) measured flux ratio.
    real
        (N,) chance to be real.
    completeness
        (N, 1 + M) by measured covariates; NaN outside the domain.
    grid
        (G,) true ratios, even in their logarithm.
    likelihood
        (N, G) of the measured ratio, were this the true one.
    logit_ratio, logit_place
        (G, 1 + M) and (N, 1 + M), whose sum is ln(c / (1 - c)).
    """

    host: NDArray[np.intp]
    galaxies: int
    ratio: Values
    real: Values
    completeness: Values
    grid: Values
    likelihood: Values
    logit_ratio: Values
    logit_place: Values

    @classmethod
    def of(
        cls,
        catalogue: QTable,
        galaxies: Sequence[str],
        selection: Selection,
        real: ArrayLike = 1.0,
    ) -> "Counted":
        """From a catalogue and the ids of all galaxies that were searched.

        A clump whose flux ratio is unknown does not count. Where its surroundings are, they are
        taken as the median ones.

        Parameters
        ----------
        real
            Of each row, or of all, the chance to be a clump at all, however faint: 1 or 0 where
            someone has looked, else a purity. Not ``p_real``, which counts what is fainter than
            1 % among the others: the scatter over that limit is already in what is done here.

        Raises
        ------
        TableError
            If a galaxy of the catalogue is none of ``galaxies``, one of these is there twice, a
            column is missing, no clump can be counted, or ``real`` is no chance.
        """
        ratio = plain(catalogue, "clump_flux_ratio").astype(float)
        error = plain(catalogue, "clump_flux_ratio_err").astype(float)
        normal = plain(catalogue, "clump_label_id") == Label.CLUMP
        kept = np.flatnonzero(normal & np.isfinite(ratio) & (error > 0) & np.isfinite(error))
        around = surroundings(catalogue)[kept]
        if not np.isfinite(around).all(axis=1).any():
            raise TableError(
                expected_got("catalogue", "normal clumps of known flux ratio and place", "none")
            )
        around = np.where(np.isfinite(around), around, np.nanmedian(around, axis=0))
        chance = np.broadcast_to(np.asarray(real, dtype=float), len(catalogue))[kept]
        if not ((chance >= 0) & (chance <= 1)).all():
            raise TableError(expected_got("real", "chances from 0 to 1", "others"))
        ratio, error = ratio[kept], error[kept]
        place, scatter = selection.place, selection.scatter
        grid = np.logspace(place.low[0] - _FAINTER, place.high[0] + _BRIGHTER, _GRID)
        width = np.hypot(scatter.stretch * error[:, None], scatter.share * grid)
        pull = (ratio[:, None] - scatter.bias * grid) / width
        from scipy.stats import t  # slow to load

        likelihood = t.pdf(pull, scatter.freedom) / width
        middle = np.median(around, axis=0)
        of_grid = place.logit(np.column_stack([np.log10(grid), np.tile(middle, (_GRID, 1))]))
        zero = np.log10(grid[0])
        at_place = place.logit(np.column_stack([np.full(len(kept), zero), around]))
        return cls(
            _rows(plain(catalogue, "galaxy_id").astype(str)[kept], galaxies),
            len(galaxies),
            ratio,
            chance,
            selection.measured.members(of_catalogue(catalogue)[kept]),
            grid,
            np.maximum(likelihood, _TINY),
            of_grid - of_grid[0],
            at_place,
        )


def corrected_counts(
    clumps: Counted, edges: ArrayLike, *, members: int = 100, seed: int = 0
) -> Table:
    """Numbers of clumps in bins of flux ratio.

    Parameters
    ----------
    edges
        (B + 1,) of the bins, positive and rising; the last may be ``inf``.
    members
        Resampled sets of hosts, for the errors.

    Returns
    -------
    A row a bin: ``low``, ``high``, ``found`` (clumps of the catalogue), ``measured`` (corrected
    for completeness; those of unknown completeness as the others of their bin, NaN where all
    are) and ``true`` (for the scatter of fluxes, too), with ``_err`` of both.

    Raises
    ------
    TableError
        If the edges do not rise.
    """
    limits = _limits(edges)
    inside = _inside(clumps.ratio, limits)
    bins = _inside(clumps.grid, limits).astype(float)
    measured, true = [], []
    for replica in _replicas(clumps, members, seed):
        weight = clumps.real * replica.count[clumps.host]
        measured.append(_by_measured(clumps.completeness[:, replica.member], weight, inside))
        true.append(weight @ (replica.standing @ bins))
    return Table(
        {
            "low": limits[:-1],
            "high": limits[1:],
            "found": inside.sum(axis=0),
            **_columns("measured", np.array(measured)),
            **_columns("true", np.array(true)),
        }
    )


def luminosity_function(
    clumps: Counted, edges: ArrayLike, *, members: int = 100, seed: int = 0
) -> Table:
    """Clumps a galaxy and decade of true flux ratio; the edges must be finite.

    Returns
    -------
    `corrected_counts` with ``density`` and ``density_err``.

    Raises
    ------
    TableError
        If the edges do not rise or are not finite.
    """
    limits = _limits(edges)
    if not np.isfinite(limits).all():
        raise TableError(expected_got("edges", "finite ones", limits))
    counts = corrected_counts(clumps, limits, members=members, seed=seed)
    for name in ("", "_err"):
        counts[f"density{name}"] = counts[f"true{name}"] / np.diff(np.log10(limits))
        counts[f"density{name}"] /= clumps.galaxies
    return counts


def clumpy_fraction(
    clumps: Counted, least: float, *, members: int = 100, seed: int = 0
) -> Estimate:
    """Share of galaxies with a clump of true flux ratio ``least`` or more (Adams et al. 2022).

    The mean over galaxies of 1 - prod(1 - v) over their clumps, v what each stands for of such
    clumps. Where clumps are found independently of each other its expectation is exact: each
    factor's is 0 with a true clump and 1 without.
    """
    wanted = clumps.grid >= least
    shares = []
    for replica in _replicas(clumps, members, seed):
        standing = clumps.real * (replica.standing @ wanted)
        without = np.ones(clumps.galaxies)
        np.multiply.at(without, clumps.host, 1 - standing)
        shares.append(float(np.average(1 - without, weights=replica.count)))
    return Estimate(shares[0], float(np.std(shares[1:])))


@dataclass(frozen=True, eq=False)
class _Replica:
    """A resampled set of hosts.

    ``count`` (galaxies,) is how often each counts, ``member`` that of completeness, ``standing``
    (N, G) for how many clumps of each true ratio a found one stands.
    """

    count: Values
    member: int
    standing: Values


def _replicas(clumps: Counted, members: int, seed: int) -> Iterator[_Replica]:
    """The sample as it is, then resampled hosts."""
    rng = np.random.default_rng(seed)
    n, fits = clumps.galaxies, clumps.logit_ratio.shape[1]
    hosts = [np.ones(n, dtype=np.int64), *all_resampled(n, members, rng)]
    others = rng.integers(1, fits, members).tolist() if fits > 1 else [0] * members
    for drawn, member in zip(hosts, [0, *others], strict=True):
        chance = expit(clumps.logit_place[:, member, None] + clumps.logit_ratio[:, member])
        weight = clumps.real * drawn[clumps.host]
        prior = distribution(clumps.likelihood, chance, weight)
        seen = (clumps.likelihood * chance) @ prior
        yield _Replica(drawn.astype(float), member, clumps.likelihood * prior / seen[:, None])


def distribution(likelihood: Values, chance: Values, weight: Values) -> Values:
    """(G,) distribution of true ratios over a grid, of sum 1, from clumps that were found.

    Parameters
    ----------
    likelihood, chance
        (N, G) of what was measured, and completeness, were this the true ratio.
    weight
        (N,) how much each clump counts.
    """
    size = likelihood.shape[1]
    knots = np.concatenate([[0] * 3, np.linspace(0, 1, _SPLINES - 2), [1] * 3])
    basis = BSpline.design_matrix(np.linspace(0, 1, size), knots, 3).toarray()
    steps = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    rough = _PENALTY * steps.T @ steps + 1e-3 * np.eye(basis.shape[1])
    both = likelihood * chance

    def loss(b: Values) -> tuple[float, Values]:
        eta = basis @ b
        prior = np.exp(eta - logsumexp(eta))
        seen, found = both @ prior, chance @ prior
        slope = prior * (both.T @ (weight / seen) - chance.T @ (weight / found))
        bent = rough @ b
        value = -weight @ (np.log(seen) - np.log(found)) + b @ bent / 2
        return float(value), bent - basis.T @ slope

    best = optimize.minimize(loss, np.zeros(basis.shape[1]), jac=True, method="L-BFGS-B")
    eta = basis @ best.x
    result: Values = np.exp(eta - logsumexp(eta))
    return result


def _by_measured(completeness: Values, weight: Values, inside: NDArray[np.bool_]) -> Values:
    """(B,) sums of weight / completeness; where that is unknown it is as for the others.

    NaN where it is unknown of all.
    """
    known = np.isfinite(completeness)
    each = np.where(known, weight / np.where(known, completeness, 1.0), 0.0)
    counted = (weight * known) @ inside
    present = weight @ inside
    blank = np.where(present > 0, np.nan, 1.0)
    share = np.divide(present, counted, out=blank, where=counted > 0)
    total: Values = (each @ inside) * share
    return total


def _rows(ids: NDArray[np.str_], galaxies: Sequence[str]) -> NDArray[np.intp]:
    """(N,) place of each id in ``galaxies``."""
    names, first = np.unique(np.array(list(galaxies), dtype=str), return_index=True)
    if len(names) < len(galaxies):
        raise TableError(expected_got("galaxies", "each once", "one of them twice"))
    place = np.searchsorted(names, ids).clip(max=max(len(names) - 1, 0))
    strange = ids[names[place] != ids] if len(names) else ids
    if len(strange):
        raise TableError(expected_got("galaxies", "all of the catalogue", f"no {strange[0]}"))
    rows: NDArray[np.intp] = first[place]
    return rows


def _limits(edges: ArrayLike) -> Values:
    limits = np.asarray(edges, dtype=float)
    if limits.ndim != 1 or len(limits) < 2 or not (np.diff(limits) > 0).all() or limits[0] <= 0:
        raise TableError(expected_got("edges", "two or more positive ones that rise", limits))
    return limits


def _inside(values: Values, limits: Values) -> NDArray[np.bool_]:
    """(N, B) which bin each lies in."""
    within: NDArray[np.bool_] = (values[:, None] >= limits[:-1]) & (values[:, None] < limits[1:])
    return within


def _columns(name: str, replicas: Values) -> dict[str, Values]:
    errors = np.ma.masked_invalid(replicas[1:]).std(axis=0).filled(np.nan)
    return {name: replicas[0], f"{name}_err": errors}
