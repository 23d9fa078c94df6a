"""Weighted shares of a sample with 95 % intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from clumpscope.ops.resampling import all_resampled

Values = NDArray[np.float64]

LEVEL = 0.95
_REPLICATES = 2000
_Z = float(ndtri(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Estimate:
    """A share or a difference of two, NaN where there is nothing to tell it from.

    Attributes
    ----------
    value
        Weighted by the inverse chance to be drawn.
    low, high
        95 %: of the bootstrap by galaxy and Wilson's interval at the effective number, the wider
        on each side, as the one is too narrow near 0 and 1, the other where a galaxy's clumps are
        alike. Of a difference: the bootstrap's.
    n
        Judged places that it is told from.
    n_effective
        (sum of weights)^2 / sum of weights^2 (Kish 1965).
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of ``n``, which need not be whole (Wilson 1927)."""
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def bounds(values: Values) -> tuple[float, float]:
    """Between which 95 % of the replicates are; those that are NaN are left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Resampling:
    """Galaxies drawn again and again, the same for all that is compared.

    Attributes
    ----------
    galaxy
        (n,) galaxy of each judged place, counted from 0.
    weight
        (n,) inverse chance of each to be drawn.
    times
        (B, G) how often each galaxy is in each replicate.
    """

    galaxy: NDArray[np.intp]
    weight: Values
    times: Values

    @classmethod
    def of(
        cls,
        galaxies: NDArray[np.str_] | NDArray[np.intp],
        weight: Values,
        seed: int = 0,
        replicates: int = _REPLICATES,
    ) -> "Resampling":
        """Draw as many galaxies as there are, ``replicates`` times."""
        galaxy = np.unique(galaxies, return_inverse=True)[1].astype(np.intp)
        count = int(galaxy.max(initial=-1)) + 1
        times = all_resampled(count, replicates, np.random.default_rng([seed, 79]))
        return cls(galaxy, weight, times.astype(float))

    def share(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Estimate:
        """Weighted share of the places ``whole`` (n,) that are ``part`` (n,), too."""
        value = self._ratio(part, whole)
        n, n_effective = int(whole.sum()), self._effective(whole)
        if not n:
            return Estimate(value, np.nan, np.nan, n, n_effective)
        ends = bounds(self._ratios(part, whole))
        low, high = wilson(value, n_effective)
        return Estimate(value, min(low, ends[0]), max(high, ends[1]), n, n_effective)

    def difference(
        self,
        first: tuple[NDArray[np.bool_], NDArray[np.bool_]],
        second: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    ) -> Estimate:
        """First share less second one, each (part, whole); galaxies are drawn for both at once."""
        value = self._ratio(*first) - self._ratio(*second)
        either = first[1] | second[1]
        ends = bounds(self._ratios(*first) - self._ratios(*second))
        return Estimate(value, *ends, int(either.sum()), self._effective(either))

    def _effective(self, whole: NDArray[np.bool_]) -> float:
        weight = self.weight[whole]
        return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0

    def _ratio(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
        total = float(self.weight[whole].sum())
        return float(self.weight[part & whole].sum()) / total if total else float("nan")

    def _ratios(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Values:
        """(B,) the share in each replicate, NaN where none of ``whole`` is in it."""
        above, below = (
            self.times @ np.bincount(self.galaxy, self.weight * which, self.times.shape[1])
            for which in (part & whole, whole)
        )
        ratios: Values = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
        return ratios
