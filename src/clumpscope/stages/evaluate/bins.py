"""Completeness and purity in bins of what they may depend on."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clumpscope.core.boxes import Label
from clumpscope.ops.shares import Interval, Score, Share, f1
from clumpscope.stages.evaluate.about import COVARIATES
from clumpscope.stages.evaluate.cases import Cases, Chosen, Values
from clumpscope.stages.evaluate.counts import claimed, right, wanted
from clumpscope.stages.evaluate.matches import Matches

RATIO = "log10_flux_ratio"
EDGES = {
    RATIO: np.arange(-2.5, -0.24, 0.25),
    "snr": np.array([0.0, 3.0, 5.0, 10.0, 20.0, 50.0, np.inf]),
    "contrast": np.array([0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, np.inf]),
    "radius_r90": np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, np.inf]),
    "crowding_fwhm": np.array([0.0, 1.5, 2.0, 3.0, 5.0, 10.0, np.inf]),
}
_PARTS = 5  # equal ones, of what has no edges of its own


@dataclass(frozen=True)
class Bin:
    """``low`` <= ``against`` < ``high``: true for completeness, measured for purity.

    An infinite ``high`` is within.
    """

    against: str
    low: float
    high: float
    score: Score


def binned(items: Cases, pairs: Matches, least: float) -> list[Bin]:
    """Normal clumps in bins: by log10 flux ratio all within `EDGES`, by others those >= ``least``.

    Parameters
    ----------
    pairs
        Matches of label clump.
    least
        Flux ratio; 0 for all.
    """
    result = by_ratio(items, pairs, Label.CLUMP, EDGES[RATIO])
    for name in COVARIATES:
        result += _bins(items, pairs, Label.CLUMP, name, least)
    return result


def by_ratio(items: Cases, pairs: Matches, label: Label | None, edges: Values) -> list[Bin]:
    """Clumps of a label, or of any, in bins of log10 flux ratio.

    Any match with a truth of the label is right, however faint that is.

    Parameters
    ----------
    pairs
        Matches of the same label.
    """
    return _bins(items, pairs, label, RATIO, 0.0, edges)


def _bins(
    items: Cases,
    pairs: Matches,
    label: Label | None,
    name: str,
    least: float,
    edges: Values | None = None,
) -> list[Bin]:
    there, called = wanted(items, least, label), claimed(items, least, label)
    good = right(items, pairs, least)
    true, measured = _values(items, name)
    limits = _edges(name, true[there]) if edges is None else edges
    result = []
    for low, high in pairwise(limits.tolist()):
        truths = there & _inside(true, low, high)
        candidates = called & _inside(measured, low, high)
        result.append(Bin(name, low, high, _score(truths, candidates, pairs, good)))
    return result


def _inside(values: Values, low: float, high: float) -> Chosen:
    inside: Chosen = (values >= low) & ((values < high) | np.isposinf(high))
    return inside


def _score(truths: Chosen, candidates: Chosen, pairs: Matches, good: Chosen) -> Score:
    found = Share.of_counts(int((pairs.of_truth[truths] >= 0).sum()), int(truths.sum()))
    pure = Share.of_counts(int(good[candidates].sum()), int(candidates.sum()))
    return Score(found, pure, Interval(float(f1(found.value, pure.value))))


def _values(items: Cases, name: str) -> tuple[Values, Values]:
    """Of truths and of candidates."""
    if name == RATIO:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(items.truth.ratio), np.log10(items.found.ratio)
    unknown = [np.full(len(points), np.nan) for points in (items.truth, items.found)]
    return (
        items.truth.about.get(name, unknown[0]),
        items.found.about.get(name, unknown[1]),
    )


def _edges(name: str, true: Values) -> Values:
    """Fixed ones, so that surveys compare; else parts of equal numbers of truths."""
    if name in EDGES:
        return EDGES[name]
    known = true[np.isfinite(true)]
    if not len(known):
        return np.zeros(0)
    edges = np.quantile(known, np.linspace(0, 1, _PARTS + 1))
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return np.unique(edges)
