"""Evaluate a catalogue against truth: completeness, purity and their chance rates.

The benchmark definition: truths closer than one PSF-FWHM count as one; completeness is the
matched share of normal truths of *true* u flux ratio >= 3 %; purity is the share of detections
called normal with *measured* ratio >= 3 % that match a normal truth of true ratio >= 1 %. A
match is closer than 0.75 PSF-FWHM, best score first, each truth once (Popp et al. 2024).
Where no ratio is asked for, every truth and every claim counts: so it is with volunteers' labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import Label
from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.shares import Score, Share
from clumpscope.ops.shares import ratio as relative_to
from clumpscope.stages.evaluate.about import with_covariates
from clumpscope.stages.evaluate.bins import Bin, binned
from clumpscope.stages.evaluate.cases import Cases, Values, cases, rotated
from clumpscope.stages.evaluate.counts import Counts, Replicates, counts, replicate
from clumpscope.stages.evaluate.matches import Matches, above, matches

ALL = 0.0  # flux ratio of a selection that asks for none
SELECTIONS = {"all": ALL, **RATIOS}
KINDS = {"normal": Label.CLUMP, "odd": Label.ODD, "any_label": None}
_STEP = 0.01  # of thresholds
_ANY = np.array([-np.inf])  # threshold of what is cut already
# Score thresholds of galaxies, from the run's galaxies and the counts of each over thresholds.
Choice = Callable[[QTable, Counts], Values]


def own_threshold(galaxies: QTable, _: Counts) -> Values:
    """(G,) the run's own threshold: all of its catalogue."""
    return np.full(len(galaxies), -np.inf)


@dataclass(frozen=True)
class Selected:
    """One selection: at the catalogue's own threshold, and over higher ones."""

    own: Score
    curve: list[tuple[float, Score]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that was found out about one catalogue.

    Attributes
    ----------
    cases, pairs
        What was compared, and which is which whatever the label.
    least
        Flux ratio of the headline.
    threshold
        (G,) score from which candidates of each galaxy count.
    selected
        A `Selected` for each kind ("normal", "odd", "any_label", and "chance": normal ones with
        rotated truths) and flux ratio (0 for all, 0.03, 0.08).
    bins
        Completeness and purity of normal clumps in bins.
    scatter
        Offsets of matched normal clumps, and measured over true flux ratio.
    kinds
        How many of the matched normal and odd truths are called so.
    confusion
        How many truths of each kind are called "normal", "odd" or are "missed".
    replicates
        Of each kind and flux ratio, if there were bootstraps.
    """

    cases: Cases
    pairs: Matches
    least: float
    threshold: Values
    selected: Mapping[tuple[str, float], Selected]
    bins: list[Bin]
    scatter: dict[str, float]
    kinds: dict[str, Share]
    confusion: dict[str, dict[str, int]]
    replicates: Mapping[tuple[str, float], Replicates] = field(default_factory=dict)

    def at(self, ratio: float, kind: str = "normal") -> Score:
        """Completeness and purity of a kind from a flux ratio on, at the catalogue's threshold."""
        return self.selected[kind, ratio].own

    @property
    def curve(self) -> list[tuple[float, Score]]:
        """(threshold, score) of the headline."""
        return self.selected["normal", self.least].curve


def evaluate(
    catalogue: QTable,
    galaxies: QTable,
    truth: QTable,
    hosts: QTable | None = None,
    *,
    threshold: Choice = own_threshold,
    bootstraps: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a release table over all galaxies of its run.

    Parameters
    ----------
    catalogue, galaxies
        Tables of a run.
    truth
        Native pixels, labels and true flux ratios, NaN where unknown.
    hosts
        For redshifts and radii.
    threshold
        Makes each galaxy's score threshold (G,) of the galaxies and the counts of the headline.
    bootstraps
        Resamplings of the galaxies, for intervals of all but bins; without, they are Wilson's.
    seed
        Of the resamplings: the same for the same numbers of galaxies.

    Raises
    ------
    TableError
        If truth and run have no galaxy in common.
    """
    items = cases(catalogue, galaxies, truth)
    items = with_covariates(items, catalogue, galaxies, hosts)
    least = headline(items)
    turned = rotated(items)
    pairs = {kind: (items, matches(items, label)) for kind, label in KINDS.items()}
    pairs["chance"] = turned, matches(turned, Label.CLUMP)
    steps = _steps(galaxies)
    tally = counts(*pairs["normal"], least, Label.CLUMP, steps)
    lowest = threshold(galaxies, tally)
    selected, replicates = {}, {}
    for kind, (these, matched) in pairs.items():
        label = KINDS.get(kind, Label.CLUMP)
        kept = above(these, matched, lowest)
        for ratio in SELECTIONS.values():
            at = counts(*kept, ratio, label, _ANY)
            both = at.beside(counts(these, matched, ratio, label, steps))
            drawn = replicate(both, bootstraps, seed) if bootstraps else None
            own, *curve = both.scores(drawn)
            selected[kind, ratio] = Selected(own, list(zip(steps.tolist(), curve, strict=True)))
            if drawn is not None:
                replicates[kind, ratio] = drawn
    kept_items, any_label = above(*pairs["any_label"], lowest)
    normal = above(*pairs["normal"], lowest)
    confusion = _confusion(kept_items, any_label)
    return Evaluation(
        kept_items,
        any_label,
        least,
        lowest,
        selected,
        binned(*normal, least),
        scatter(*normal),
        _kinds(confusion),
        confusion,
        replicates,
    )


def headline(items: Cases) -> float:
    """Flux ratio of the headline: 3 %, or none where no truth has a ratio."""
    known = np.isfinite(items.truth.ratio).any() or not len(items.truth)
    return RATIOS["3pct"] if known else ALL


def _steps(galaxies: QTable) -> Values:
    """Round thresholds from the lowest of the run on."""
    lowest = float(np.min(plain(galaxies, "score_threshold"), initial=1.0))
    grid: Values = np.round(np.arange(_STEP, 1.0, _STEP), 2)
    return grid[grid >= lowest - 1e-9]


def scatter(items: Cases, pairs: Matches) -> dict[str, float]:
    """Offsets of matched clumps from truth (arcsec) and measured over true flux ratio."""
    matched = np.flatnonzero(pairs.of_found >= 0)
    partner = pairs.of_found[matched]
    if not len(matched):
        return {}
    scale = items.pixscale_arcsec[items.found.galaxy[matched], None]
    delta = (items.found.xy[matched] - items.truth.xy[partner]) * scale
    factor = relative_to(items.found.ratio[matched], items.truth.ratio[partner])
    factor = factor[np.isfinite(factor)]  # none is, where u was not measured
    return {
        "median_offset_x_arcsec": float(np.median(delta[:, 0])),
        "median_offset_y_arcsec": float(np.median(delta[:, 1])),
        "median_distance_arcsec": float(np.median(np.hypot(*delta.T))),
        "median_measured_over_true_ratio": float(np.median(factor))
        if len(factor)
        else float("nan"),
    }


def _confusion(items: Cases, pairs: Matches) -> dict[str, dict[str, int]]:
    names = {"normal": Label.CLUMP, "odd": Label.ODD}
    called = np.append(items.found.label, -1)[pairs.of_truth]
    return {
        true: {
            **{
                name: int(((items.truth.label == label) & (called == other)).sum())
                for name, other in names.items()
            },
            "missed": int(((items.truth.label == label) & (called == -1)).sum()),
        }
        for true, label in names.items()
    }


def _kinds(confusion: Mapping[str, Mapping[str, int]]) -> dict[str, Share]:
    return {
        name: Share.of_counts(row[name], row["normal"] + row["odd"])
        for name, row in confusion.items()
    }


def best(curve: Sequence[tuple[float, Score]]) -> tuple[float, Score]:
    """The lowest threshold at which the lower of completeness and purity is highest, and the score.

    Raises
    ------
    TableError
        If the curve has no point with both.
    """
    lower = [min(item.completeness.value, item.purity.value) for _, item in curve]
    both = [min(item.completeness.n, item.purity.n) > 0 for _, item in curve]
    if not any(both):
        raise TableError(expected_got("threshold", "detections that match a truth", "none"))
    return curve[int(np.argmax(np.where(both, lower, -1.0)))]
