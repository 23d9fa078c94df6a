"""Which galaxies a report shows: some of each sort."""

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.quality import BAD, CARE, quality
from clumpscope.core.schema import plain

MOST, RANDOM, DOUBTFUL, WITHOUT = (
    "Most clumps",
    "Drawn at random from those with clumps",
    "Most in doubt",
    "Drawn at random from those without clumps",
)
_SIZES = {MOST: 6, RANDOM: 12, DOUBTFUL: 6, WITHOUT: 6}


def choose(galaxies: QTable, clumps: QTable, seed: int = 0) -> dict[str, list[str]]:
    """Ids of galaxies that did not fail, by why they are shown; each at most once.

    Most in doubt are those with most clumps of quality 2, and then of quality 1.
    """
    ids = np.asarray(galaxies["galaxy_id"]).astype(str)[np.asarray(galaxies["status"]) == "ok"]
    found, level = plain(clumps, "galaxy_id").astype(str), quality(plain(clumps, "flags"))
    count, bad, care = (
        _counted(ids, found[here])
        for here in (np.ones(len(found), dtype=bool), level == BAD, level == CARE)
    )
    mixed = np.random.default_rng(seed).permutation(len(ids))
    ranked = {
        MOST: np.lexsort((ids, -count)),
        DOUBTFUL: np.lexsort((ids, -care, -bad)),
        RANDOM: mixed,
        WITHOUT: mixed,
    }
    allowed = {MOST: count > 0, DOUBTFUL: bad + care > 0, RANDOM: count > 0, WITHOUT: count == 0}
    taken: set[str] = set()
    chosen = {}
    for why, order in ranked.items():
        names = [str(ids[k]) for k in order if allowed[why][k] and ids[k] not in taken]
        chosen[why] = names[: _SIZES[why]]
        taken |= set(chosen[why])
    return {why: chosen[why] for why in _SIZES if chosen[why]}


def _counted(ids: NDArray[np.str_], found: NDArray[np.str_]) -> NDArray[np.int64]:
    """(n,) how often each id is found."""
    names, counts = np.unique(found, return_counts=True)
    there = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return np.array([there.get(name, 0) for name in ids.tolist()], dtype=np.int64)
