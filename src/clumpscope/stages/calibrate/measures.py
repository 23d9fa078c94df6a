"""How good chances are: calibration error, Brier score, log loss and AUC, with intervals.

Intervals are the central 68 % of a bootstrap by galaxy, moved so that their middle is the value:
resampling adds its own noise to what is never negative, such as a calibration error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.resampling import all_resampled
from clumpscope.stages.calibrate.candidates import Chosen, Values
from clumpscope.stages.calibrate.reliability import BINS, bin_of

_LEAST = 1e-12
_DRAWS = 1000


@dataclass(frozen=True)
class Measured:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measures:
    """Of N chances.

    Attributes
    ----------
    candidates, galaxies, real
        How many.
    ece, ece_floor
        Calibration error in 15 bins of equal count; its mean if the chances were true.
    brier, log_loss, auc
        Mean squared error; mean of -ln of the chance given to what is; chance that a real candidate
        has a higher one than another.
    reliability, resolution, uncertainty, within
        Parts of the Brier score: brier = reliability - resolution + uncertainty + within (Murphy
        1973; the last is what the bins hide, Stephenson et al. 2008).
    predicted, observed
        Mean chance, and share that is real.
    """

    candidates: int
    galaxies: int
    real: int
    ece: Measured
    ece_floor: float
    brier: Measured
    log_loss: Measured
    auc: Measured
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    predicted: float
    observed: float


def log_losses(chance: Values, real: Chosen) -> Values:
    """(N,) -ln of the chance that was given to what is; at most 27.6."""
    chance = np.clip(chance, _LEAST, 1 - _LEAST)
    return -np.log(np.where(real, chance, 1 - chance))


def auc(chance: Values, real: Chosen) -> float:
    """Area under the curve of right against wrong ones; NaN where all are of one kind."""
    from sklearn.metrics import roc_auc_score  # slow to load

    if real.all() or not real.any():
        return float("nan")
    return float(roc_auc_score(real, chance))


def brier_parts(chance: Values, real: Chosen, bins: int = BINS) -> dict[str, float]:
    """Reliability, resolution, uncertainty, and what is within bins: see `Measures`."""
    of = bin_of(chance, bins)
    count = np.maximum(np.bincount(of, minlength=bins), 1)
    predicted, observed = (np.bincount(of, values, bins) / count for values in (chance, real))
    weight, base = np.bincount(of, minlength=bins) / len(real), real.mean()
    spread = chance - predicted[of]
    return {
        "reliability": float(np.sum(weight * (predicted - observed) ** 2)),
        "resolution": float(np.sum(weight * (observed - base) ** 2)),
        "uncertainty": float(base * (1 - base)),
        "within": float(np.mean(spread**2 - 2 * spread * (real - observed[of]))),
    }


def measure(
    chance: Values, real: Chosen, galaxy: NDArray[np.str_], *, seed: int = 0, draws: int = _DRAWS
) -> Measures:
    """Measure N > 0 chances of candidates of known truth.

    Parameters
    ----------
    galaxy
        (N,) id of each one's galaxy: what a bootstrap draws.
    """
    rng = np.random.default_rng(seed)
    # In one order, whatever order they come in: draws are by place.
    order = np.lexsort((real, chance, galaxy))
    chance, real, galaxy = chance[order], real[order], galaxy[order]
    ids, of = np.unique(galaxy, return_inverse=True)
    weights = all_resampled(len(ids), draws, rng)
    drawn = weights @ np.bincount(of)
    bins, miss = bin_of(chance), chance - real

    def mean(values: Values) -> Measured:
        return _measured(float(values.mean()), weights @ np.bincount(of, values) / drawn)

    misses = np.bincount(of * BINS + bins, miss, len(ids) * BINS).reshape(-1, BINS)
    likely = [_gap(bins, chance - (rng.random(len(chance)) < chance)) for _ in range(draws)]
    level = np.unique(chance, return_inverse=True)[1]
    areas = np.array([_area(level, real, weight[of]) for weight in weights])
    return Measures(
        candidates=len(chance),
        galaxies=len(ids),
        real=int(real.sum()),
        ece=_measured(_gap(bins, miss), np.abs(weights @ misses).sum(axis=1) / drawn),
        ece_floor=float(np.mean(likely)),
        brier=mean(miss**2),
        log_loss=mean(log_losses(chance, real)),
        auc=_measured(auc(chance, real), areas),
        **brier_parts(chance, real),
        predicted=float(chance.mean()),
        observed=float(real.mean()),
    )


def _measured(value: float, drawn: Values) -> Measured:
    """A value with the interval that its draws have about their median; NaN without draws."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Measured(value, float("nan"), float("nan"))
    low, middle, high = np.quantile(known, (0.16, 0.5, 0.84))
    return Measured(value, max(float(value + low - middle), 0.0), float(value + high - middle))


def _gap(bins: NDArray[np.intp], miss: Values) -> float:
    """Calibration error: sums of chance less truth in each bin, without their signs."""
    return float(np.abs(np.bincount(bins, miss)).sum() / len(miss))


def _area(level: NDArray[np.intp], real: Chosen, weight: NDArray[np.int64]) -> float:
    """`auc` of candidates on some level that each count ``weight`` times."""
    good, bad = (np.bincount(level, weight * kind) for kind in (real, ~real))
    pairs = good.sum() * bad.sum()
    below = np.cumsum(bad) - bad / 2
    return float((good * below).sum() / pairs) if pairs else float("nan")
