"""Evaluate a catalogue against truth: completeness, purity and their chance rates.

The benchmark definition: truths closer than one PSF-FWHM count as one; completeness is the
matched share of normal truths of *true* u flux ratio >= 3 %; purity is the share of detections
called normal with *measured* ratio >= 3 % that match a normal truth of true ratio >= 1 %. A
match is closer than 0.75 PSF-FWHM, best score first, each truth once (Popp et al. 2024).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from astropy.stats import binom_conf_interval
from astropy.table import QTable

from clumpscope.core.boxes import Label
from clumpscope.core.clumps import RATIOS
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.matching import match
from clumpscope.stages.evaluate.cases import (
    BINS,
    MATCH_RADIUS_FWHM,
    TRUE_FLOOR,
    Case,
    Points,
    Values,
    above,
    cases,
    rotated,
)


@dataclass(frozen=True)
class Share:
    """k of n with its 68 % Wilson interval."""

    value: float
    low: float
    high: float
    k: int
    n: int

    @classmethod
    def of(cls, k: int, n: int) -> "Share":
        """From counts; NaN for n = 0."""
        if n == 0:
            return cls(float("nan"), float("nan"), float("nan"), 0, 0)
        low, high = binom_conf_interval(k, n, interval="wilson")
        return cls(k / n, float(low), float(high), int(k), int(n))


@dataclass(frozen=True)
class Score:
    """Completeness and purity of one selection."""

    completeness: Share
    purity: Share


def _matches(
    items: Sequence[Case], normal_only: bool
) -> Iterator[tuple[Points, Points, Values, Values]]:
    """Per galaxy: candidates, truths, index of each candidate's truth and the reverse (-1 none)."""
    for case in items:
        found, truth = case.found, case.truth
        if normal_only:
            found = found.where(found.label == Label.CLUMP)
            truth = truth.where(truth.label == Label.CLUMP)
        i, j = match(found.xy, found.score, truth.xy, MATCH_RADIUS_FWHM * case.fwhm_px)
        of_found, of_truth = np.full(len(found), -1), np.full(len(truth), -1)
        of_found[i], of_truth[j] = j, i
        yield found, truth, of_found, of_truth


def score(items: Sequence[Case], ratio: float, *, normal_only: bool = True) -> Score:
    """Completeness and purity at a flux ratio by the benchmark definition.

    With ``normal_only=False`` labels are ignored on both sides.
    """
    hit = there = right = called = 0
    for found, truth, of_found, of_truth in _matches(items, normal_only):
        wanted = truth.ratio >= ratio
        there += int(wanted.sum())
        hit += int((of_truth[wanted] >= 0).sum())
        claimed = found.ratio >= ratio
        called += int(claimed.sum())
        partner = of_found[claimed]
        right += int((truth.ratio[partner[partner >= 0]] >= TRUE_FLOOR).sum())
    return Score(Share.of(hit, there), Share.of(right, called))


def binned(items: Sequence[Case]) -> list[tuple[float, float, Score]]:
    """(low, high, score) per bin of log10 flux ratio: true (completeness), measured (purity).

    Here any match with a normal truth is right, however faint that is.
    """
    results = []
    for low, high in pairwise(BINS):
        hit = there = right = called = 0
        for found, truth, of_found, of_truth in _matches(items, normal_only=True):
            inside = (truth.ratio >= 10**low) & (truth.ratio < 10**high)
            there += int(inside.sum())
            hit += int((of_truth[inside] >= 0).sum())
            claimed = (found.ratio >= 10**low) & (found.ratio < 10**high)
            called += int(claimed.sum())
            right += int((of_found[claimed] >= 0).sum())
        results.append(
            (float(low), float(high), Score(Share.of(hit, there), Share.of(right, called)))
        )
    return results


def scatter(items: Sequence[Case]) -> dict[str, float]:
    """Offsets of matched normal clumps from truth (arcsec) and measured over true flux ratio."""
    offsets, ratios = [], []
    for case, (found, truth, of_found, _) in zip(
        items, _matches(items, normal_only=True), strict=True
    ):
        matched = of_found >= 0
        delta = found.xy[matched] - truth.xy[of_found[matched]]
        offsets.append(delta * case.pixscale_arcsec)
        ratios.append(found.ratio[matched] / truth.ratio[of_found[matched]])
    delta = np.concatenate(offsets) if offsets else np.zeros((0, 2))
    if not len(delta):
        return {}
    ratio = np.concatenate(ratios)
    ratio = ratio[np.isfinite(ratio)]  # none is, where u was not measured
    return {
        "median_offset_x_arcsec": float(np.median(delta[:, 0])),
        "median_offset_y_arcsec": float(np.median(delta[:, 1])),
        "median_distance_arcsec": float(np.median(np.hypot(*delta.T))),
        "median_measured_over_true_ratio": float(np.median(ratio)) if len(ratio) else float("nan"),
    }


def kinds(items: Sequence[Case]) -> dict[str, Share]:
    """Share of matched truths of each kind, ``normal`` and ``odd``, that are called so."""
    pairs = [
        (truth.label[of_found[of_found >= 0]], found.label[of_found >= 0])
        for found, truth, of_found, _ in _matches(items, normal_only=False)
    ]
    true, called = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return {
        name: Share.of(int(((called == kind) & (true == kind)).sum()), int((true == kind).sum()))
        for name, kind in (("normal", Label.CLUMP), ("odd", Label.ODD))
    }


@dataclass(frozen=True)
class Evaluation:
    """Everything that was found out about one catalogue.

    ``at`` maps a flux ratio to its `Score`; ``any_label`` and ``chance`` likewise, without
    labels and with rotated truths. ``curve`` holds (threshold, score at 3 %), ``kinds`` how many
    of the matched normal and odd truths are called so.
    """

    at: dict[float, Score]
    any_label: dict[float, Score]
    chance: dict[float, Score]
    curve: list[tuple[float, Score]]
    bins: list[tuple[float, float, Score]]
    scatter: dict[str, float]
    kinds: dict[str, Share]


def evaluate(catalogue: QTable, galaxies: QTable, truth: QTable) -> Evaluation:
    """Evaluate a release table over all galaxies of its run.

    Parameters
    ----------
    catalogue, galaxies
        Tables of a run. ``truth`` has native pixels, labels and true flux ratios.

    Raises
    ------
    TableError
        If truth and run have no galaxy in common.
    """
    items = cases(catalogue, galaxies, truth)
    turned = rotated(items)
    lowest = float(np.min(plain(galaxies, "score_threshold"), initial=1.0))
    thresholds = [t for t in np.round(np.arange(0.1, 0.951, 0.05), 2) if t >= lowest - 1e-9]
    return Evaluation(
        at={ratio: score(items, ratio) for ratio in RATIOS.values()},
        any_label={ratio: score(items, ratio, normal_only=False) for ratio in RATIOS.values()},
        chance={ratio: score(turned, ratio) for ratio in RATIOS.values()},
        curve=[(float(t), score(above(items, t), RATIOS["3pct"])) for t in thresholds],
        bins=binned(items),
        scatter=scatter(items),
        kinds=kinds(items),
    )


def best_threshold(curve: Sequence[tuple[float, Score]]) -> float:
    """The threshold at which the lower of completeness and purity is highest.

    Raises
    ------
    TableError
        If the curve has no point with both.
    """
    lower = [
        (min(item.completeness.value, item.purity.value), -threshold)
        for threshold, item in curve
        if np.isfinite([item.completeness.value, item.purity.value]).all()
    ]
    if not lower:
        raise TableError(expected_got("threshold", "detections that match a truth", "none"))
    return -max(lower)[1]
