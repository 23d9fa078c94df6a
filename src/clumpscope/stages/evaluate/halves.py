"""Thresholds chosen on other galaxies than those that they are judged on."""

import numpy as np
from astropy.table import QTable

from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.ops.hashed import hashed
from clumpscope.stages.evaluate.cases import Chosen, Values
from clumpscope.stages.evaluate.counts import Counts
from clumpscope.stages.evaluate.scores import best


def half(ids: list[str]) -> Chosen:
    """(G,) whether each galaxy is of the first half, by the hash of its id: whatever the others."""
    first: Chosen = hashed(ids) < 2**63
    return first


def other_half_threshold(galaxies: QTable, tally: Counts) -> Values:
    """(G,) for galaxies of each half the threshold that the other half chooses: see `best`.

    So a finder without a threshold of its own gets one, and every galaxy is judged at one that
    was not chosen on it. Infinite, nothing counts, where the other half has no detection that
    matches.
    """
    first = half(plain(galaxies, "galaxy_id").astype(str).tolist())
    chosen = np.full(len(first), np.inf)
    for part in (first, ~first):
        scores = tally.of(~part).scores()
        try:
            chosen[part] = best(list(zip(tally.thresholds.tolist(), scores, strict=True)))[0]
        except TableError:
            continue
    return chosen
