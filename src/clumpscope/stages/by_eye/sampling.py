"""Which places are judged: a random sample, stratified by who found them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got
from clumpscope.stages.by_eye.pool import Pool, Role

Values = NDArray[np.float64]

# Of the sample, for places that a run claims, only the classical finder claims, nobody claims, and
# that are random.
_SHARES = {"run": 0.5, "classical": 0.2, "unclaimed": 0.2, "random": 0.1}
_LEAST = 2  # of each stratum, if there are


@dataclass(frozen=True, eq=False)
class Sampled:
    """Places drawn, in the order of their numbers from 1.

    Attributes
    ----------
    rows
        (n,) rows of the pool.
    stratum
        (n,) name of each.
    probability
        (n,) with which each was drawn.
    """

    rows: NDArray[np.intp]
    stratum: NDArray[np.str_]
    probability: Values


def strata(pool: Pool) -> NDArray[np.str_]:
    """(N,) stratum of each place: its group and the finders' roles, such as "run:202".

    The last finder is the classical one. In a stratum each finder claims all places or none, so
    that a finder's claims are whole strata. Where a run claims a place, who only sees it does not
    matter; where none does, a place that several see is more likely something.
    """
    claimed = pool.role == Role.CLAIMED
    seen = (pool.role == Role.SEEN).any(axis=1)
    groups = [claimed[:, :-1].any(axis=1), claimed[:, -1], seen]
    group = np.select(groups, ["run", "classical", "unclaimed"], "random")
    told = np.where((group == "run")[:, None] & ~claimed, Role.NONE, pool.role)
    who = ["".join(map(str, row)) for row in told.tolist()]
    return np.array([f"{name}:{code}" for name, code in zip(group, who, strict=True)], dtype=str)


def allocated(sizes: dict[str, int], n: int) -> dict[str, int]:
    """How many of ``n`` each stratum gives: in a group by the root of its size (Bankier 1988).

    Every stratum gives at least two, or what it has; what a small one cannot give, others do.

    Raises
    ------
    TableError
        If there are more strata than ``n``.
    """
    if len(sizes) > n:
        expected = f"at least {len(sizes)}, one for each way in which finders agree and differ"
        raise TableError(expected_got("candidates to judge", expected, n))
    least = _LEAST if _LEAST * len(sizes) <= n else 1
    given = {name: min(least, size) for name, size in sizes.items()}
    roots: dict[str, float] = dict.fromkeys(_SHARES, 0.0)
    for name, size in sizes.items():
        roots[name.split(":")[0]] += np.sqrt(size)
    wanted = {
        name: _SHARES[name.split(":")[0]] * np.sqrt(size) / roots[name.split(":")[0]]
        for name, size in sizes.items()
    }
    for _ in range(min(n, sum(sizes.values())) - sum(given.values())):
        hungry = (name for name in sizes if given[name] < sizes[name])
        given[max(hungry, key=lambda name: wanted[name] / (given[name] + 0.5))] += 1
    return given


def sampled(pool: Pool, n: int, rng: np.random.Generator) -> Sampled:
    """Draw ``n`` places, or all if there are fewer, and shuffle them.

    Raises
    ------
    TableError
        If there is none, or more strata than ``n``.
    """
    if not len(pool):
        raise TableError(expected_got("places to judge", "at least one", "none"))
    names = strata(pool)
    sizes = {str(name): int((names == name).sum()) for name in np.unique(names)}
    given = allocated(sizes, n)
    rows = []
    for name in sizes:
        members = np.flatnonzero(names == name)
        rows.append(members[np.argsort(pool.key[members], kind="stable")[: given[name]]])
    drawn = rng.permutation(np.concatenate(rows))
    chance = np.array([given[str(name)] / sizes[str(name)] for name in names[drawn]])
    return Sampled(drawn, names[drawn], chance)
