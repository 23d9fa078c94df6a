"""Fit a selection function to true clumps that were looked for.

Completeness by true covariates is a logistic regression on cubic splines of each (a generalised
additive model), its smoothness chosen by the log loss on hosts that were left out. By measured
ones it is the harmonic mean of the former over clumps that are measured so, 1 / E[1 / c | m]:
then the sum of 1 over it counts, by measured quantities, whatever is there. Each found clump
stands for 1 / c of which one was found; a regression on these shares has just that as its limit.
So does completeness by true flux ratio and measured surroundings, of which numbers are made.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit

from clumpscope.errors import TableError, expected_got
from clumpscope.models.selection import DEGREE, Row, Scatter, Smooth, design
from clumpscope.ops.resampling import all_resampled
from clumpscope.stages.completeness.covariates import COVARIATES, SURROUNDINGS

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

KNOTS = 5  # of a spline, at quantiles
EDGE = 0.002  # share of the clumps beyond either end of the domain, in each covariate
STRENGTHS = (1.0, 10.0)  # inverse penalties to choose from
FOLDS = 5
FAINTEST = 0.02  # a completeness below this counts as this: it stands for too many
_FEWEST, _FEWEST_HOSTS = 30, 10  # found, missed; hosts
_NARROW = 1e-3  # half the width given to a covariate that does not vary


@dataclass(frozen=True, eq=False)
class Trials:
    """N true clumps that were looked for.

    Attributes
    ----------
    host
        (N,) whose they are; clumps of one host are never on both sides of a validation.
    found
        (N,).
    true, measured
        (N, K) covariates; the measured ones NaN where missed.
    around
        (N, K - 1) measured surroundings; NaN where missed.
    ratio
        (N,) true ratio of u fluxes.
    measured_ratio, measured_ratio_err
        (N,) NaN where missed.
    """

    host: NDArray[np.str_]
    found: Flags
    true: Values
    measured: Values
    around: Values
    ratio: Values
    measured_ratio: Values
    measured_ratio_err: Values

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> "Trials":
        """Those that ``keep``, or in that order."""
        return Trials(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def usable(self) -> "Trials":
        """Those of known covariates, in an order of their own.

        Raises
        ------
        TableError
            If there are too few to fit anything.
        """
        known = self.where(np.asarray(np.isfinite(self.true).all(axis=1)))
        found, hosts = int(known.found.sum()), len(np.unique(known.host))
        if min(found, len(known.found) - found) < _FEWEST or hosts < _FEWEST_HOSTS:
            wanted = f"{_FEWEST} found and {_FEWEST} missed clumps of {_FEWEST_HOSTS} hosts or more"
            got = f"{found} and {len(known.found) - found} of {hosts}"
            raise TableError(
                expected_got("true clumps", wanted, got, "simulate more, or inject fainter ones")
            )
        return known.where(np.lexsort((*known.true.T, known.host)))


@dataclass(frozen=True, eq=False)
class Fitted:
    """The fits, and how they did on hosts left out.

    Attributes
    ----------
    trials
        Those used, (N,).
    held_out
        (N,) completeness by true covariates, each clump's from a fit without its host.
    loss, loss_boosted
        Log loss of it, and of gradient boosting on the same folds.
    """

    true: Smooth
    measured: Smooth
    place: Smooth
    scatter: Scatter
    trials: Trials
    held_out: Values
    loss: float
    loss_boosted: float

    @property
    def wanted(self) -> int:
        """Found and missed clumps each, with fewer of which it is little sure: ten a coefficient.

        Peduzzi et al. (1996).
        """
        return 10 * len(self.true.coefficients)

    @property
    def rarer(self) -> int:
        """Found or missed clumps, whichever are fewer."""
        found = int(self.trials.found.sum())
        return min(found, len(self.trials.found) - found)


def fit(trials: Trials, *, members: int = 30, seed: int = 0) -> Fitted:
    """Fit both completenesses and the scatter of fluxes.

    Parameters
    ----------
    members
        Fits to resampled hosts, for the errors.

    Raises
    ------
    TableError
        If there are too few clumps.
    """
    used = trials.usable()
    group = np.unique(used.host, return_inverse=True)[1]
    draws = by_host(group, members, seed)
    hit = used.found.astype(float)
    held_out, strength, loss = _validated(used.true, hit, 1 - hit, group)
    shares = np.column_stack([hit] * (1 + members))
    true = _smooth(COVARIATES, used.true, (shares, 1 - shares), draws, strength)
    # Outside the domain the splines go on as constants, which is good enough for a weight.
    chance = expit(true.logit(used.true))
    seen = used.found & np.isfinite(np.hstack([used.measured, used.around])).all(axis=1)
    others = 1 / np.maximum(chance[seen], FAINTEST) - 1
    measured, place = (
        _of_found(names, x[seen], others, draws[seen], group[seen])
        for names, x in (
            (COVARIATES, used.measured),
            ((COVARIATES[0], *SURROUNDINGS), np.column_stack([used.true[:, 0], used.around])),
        )
    )
    return Fitted(
        true,
        measured,
        place,
        scatter(used.ratio[seen], used.measured_ratio[seen], used.measured_ratio_err[seen]),
        used,
        held_out,
        loss,
        _boosted(used.true, used.found, group),
    )


def _of_found(
    names: tuple[str, ...], x: Values, others: Values, draws: Values, group: NDArray[np.intp]
) -> Smooth:
    """Completeness from found clumps alone, each with (N, 1 + M) ``others`` that were missed."""
    ones = np.ones_like(others)
    _, strength, _ = _validated(x, ones[:, 0], others[:, 0], group)
    return _smooth(names, x, (ones, others), draws, strength)


def by_host(group: NDArray[np.intp], members: int, seed: int) -> Values:
    """(N, 1 + M) how often each row's host was drawn: once, then at random with replacement."""
    count = int(group.max(initial=-1)) + 1
    draws = all_resampled(count, members, np.random.default_rng(seed))
    every: Values = np.concatenate([np.ones((1, count)), draws]).T[group]
    return every


def scatter(true: Values, measured: Values, error: Values) -> Scatter:
    """How measured flux ratios scatter about the true ones, by maximum likelihood."""
    from scipy.stats import t  # slow to load

    known = np.isfinite(true + measured + error) & (error > 0)
    f, g, e = true[known], measured[known], error[known]

    def loss(logs: Values) -> float:
        bias, stretch, share, freedom = np.exp(np.clip(logs, -7, 5))
        width = np.hypot(stretch * e, share * f)
        return -float(np.sum(t.logpdf((g - bias * f) / width, freedom) - np.log(width)))

    start = np.log([1.0, 1.0, 0.1, 5.0])
    best = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 2000})
    return Scatter(*(float(value) for value in np.exp(np.clip(best.x, -7, 5))))


def _validated(
    x: Values, hit: Values, missed: Values, group: NDArray[np.intp]
) -> tuple[Values, float, float]:
    """Held-out completeness, the best inverse penalty, and the log loss with it."""
    from sklearn.model_selection import GroupKFold  # slow to load

    folds = list(GroupKFold(FOLDS).split(x, groups=group))
    best: tuple[Values, float, float] | None = None
    for strength in STRENGTHS:
        predicted = np.zeros(len(x))
        for train, test in folds:
            knots = _knots(*_box(x[train]), x[train])
            model = _logistic(design(x[train], knots), hit[train], missed[train], strength)
            predicted[test] = model.predict_proba(design(x[test], knots))[:, 1]
        p = np.clip(predicted, 1e-9, 1 - 1e-9)
        loss = -float(np.sum(hit * np.log(p) + missed * np.log1p(-p)) / np.sum(hit + missed))
        if best is None or loss < best[2]:
            best = predicted, strength, loss
    assert best is not None  # noqa: S101  (there are strengths)
    return best


def _smooth(
    names: tuple[str, ...],
    x: Values,
    shares: tuple[Values, Values],
    draws: Values,
    strength: float,
) -> Smooth:
    """The fit and its members; shares (found, missed) and ``draws`` have a column for each."""
    hit, missed = shares
    low, high = _box(x)
    knots = _knots(low, high, x)
    basis = design(x, knots)
    models = [
        _logistic(basis, hit[:, m] * draws[:, m], missed[:, m] * draws[:, m], strength)
        for m in range(draws.shape[1])
    ]
    centre, inverse, reach = _ellipsoid(x)
    return Smooth(
        names,
        _row(low),
        _row(high),
        _row(centre),
        tuple(map(_row, inverse)),
        reach,
        knots,
        tuple(map(_row, np.column_stack([model.coef_[0] for model in models]))),
        _row(np.array([model.intercept_[0] for model in models])),
    )


def _logistic(basis: Values, hit: Values, missed: Values, strength: float) -> "LogisticRegression":
    """Logistic regression on shares: each row counts as found and as missed by its weights."""
    from sklearn.linear_model import LogisticRegression  # slow to load

    weight = np.concatenate([hit, missed])
    rows = np.flatnonzero(weight > 0)
    result = np.repeat([1, 0], len(basis))[rows]
    both = np.concatenate([basis, basis])[rows]
    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-6)
    return model.fit(both, result, sample_weight=weight[rows])


def _box(x: Values) -> tuple[Values, Values]:
    low, high = np.quantile(x, (EDGE, 1 - EDGE), axis=0)
    flat = high - low < 2 * _NARROW
    return np.where(flat, low - _NARROW, low), np.where(flat, high + _NARROW, high)


def _knots(low: Values, high: Values, x: Values) -> tuple[Row, ...]:
    """Knots of each covariate: at quantiles within the box, and as far again beyond it."""
    rows = []
    for k in range(x.shape[1]):
        inner = np.quantile(x[:, k], np.linspace(0, 1, KNOTS)[1:-1])
        spread = np.unique(np.clip(np.concatenate([[low[k]], inner, [high[k]]]), low[k], high[k]))
        steps = np.arange(1, DEGREE + 1)
        before = spread[0] - steps[::-1] * (spread[1] - spread[0])
        after = spread[-1] + steps * (spread[-1] - spread[-2])
        rows.append(_row(np.concatenate([before, spread, after])))
    return tuple(rows)


def _ellipsoid(x: Values) -> tuple[Values, Values, float]:
    """Centre, inverse covariance and reach of the ellipsoid that holds all but `EDGE`."""
    centre: Values = np.mean(x, axis=0)
    spread = np.cov(x, rowvar=False) + np.diag(np.full(x.shape[1], _NARROW**2))
    inverse: Values = np.asarray(np.linalg.inv(spread), dtype=np.float64)
    distance = np.sqrt(np.einsum("nk,kl,nl->n", x - centre, inverse, x - centre))
    return centre, inverse, float(np.quantile(distance, 1 - EDGE))


def _boosted(x: Values, found: Flags, group: NDArray[np.intp]) -> float:
    """Held-out log loss of gradient boosting, rising in flux, signal-to-noise and contrast."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # slow to load
    from sklearn.metrics import log_loss
    from sklearn.model_selection import GroupKFold

    rising = [1, 1, 1, 0, 0]
    predicted = np.zeros(len(x))
    for train, test in GroupKFold(FOLDS).split(x, groups=group):
        model = HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=40,
            early_stopping=False, monotonic_cst=rising, random_state=0,
        )  # fmt: skip
        predicted[test] = model.fit(x[train], found[train]).predict_proba(x[test])[:, 1]
    return float(log_loss(found, predicted))


def _row(values: Values) -> Row:
    return tuple(float(value) for value in values)
