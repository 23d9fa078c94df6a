"""Evaluations as tables."""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.records import FOUND, TRUTHS, Columns, table_of_parts
from clumpscope.core.schema import plain
from clumpscope.ops.shares import Interval, Share
from clumpscope.stages.evaluate.about import COVARIATES
from clumpscope.stages.evaluate.bins import Bin
from clumpscope.stages.evaluate.cases import Points
from clumpscope.stages.evaluate.scores import SELECTIONS, Evaluation

NAMES = {least: name for name, least in SELECTIONS.items()}
THRESHOLD = "score_threshold"


def found_table(results: Mapping[str, Evaluation], catalogues: Mapping[str, QTable]) -> QTable:
    """A row for each candidate: what it is called, what is known of it, and what it is.

    Parameters
    ----------
    catalogues
        The release tables that were evaluated, by the same names.
    """
    parts = [_found(name, one, catalogues[name]) for name, one in results.items()]
    return table_of_parts(FOUND, parts)


def _found(finder: str, result: Evaluation, catalogue: QTable) -> Columns:
    points, pairs = result.cases.found, result.pairs
    partner = pairs.of_found
    truth = result.cases.truth
    off = points.xy - np.vstack([truth.xy, [[np.nan, np.nan]]])[partner]
    return {
        **_points(finder, result, points),
        **{
            "clump_id": plain(catalogue, "clump_id")[points.row],
            "score": points.score,
            "p_clump": plain(catalogue, "p_clump")[points.row],
            "true_label": np.append(truth.label, 0)[partner],
            "true_ratio": np.append(truth.ratio, np.nan)[partner],
            "distance_fwhm": np.hypot(*off.T) / result.cases.fwhm_px[points.galaxy],
            "real": pairs.real(result.cases),
        },
    }


def truth_table(results: Mapping[str, Evaluation]) -> QTable:
    """A row for each truth, blended ones as one: what is known of it, and what found it."""
    return table_of_parts(TRUTHS, [_truth(name, one) for name, one in results.items()])


def _truth(finder: str, result: Evaluation) -> Columns:
    points, pairs = result.cases.truth, result.pairs
    found = result.cases.found
    return {
        **_points(finder, result, points),
        "score": pairs.score(result.cases),
        "found_label": np.append(found.label, 0)[pairs.of_truth],
        "found_ratio": np.append(found.ratio, np.nan)[pairs.of_truth],
    }


def _points(finder: str, result: Evaluation, points: Points) -> Columns:
    unknown = np.full(len(points), np.nan)
    return {
        "finder": np.full(len(points), finder),
        "galaxy_id": result.cases.ids[points.galaxy],
        "x": points.xy[:, 0],
        "y": points.xy[:, 1],
        "label": points.label,
        "flux_ratio": points.ratio,
        **{name: points.about.get(name, unknown) for name in COVARIATES},
    }


def curves(results: Mapping[str, Evaluation]) -> Table:
    """Completeness, purity and F1 with intervals against score threshold and in bins."""
    rows = [
        (finder, kind, NAMES[least], THRESHOLD, threshold, threshold, score)
        for finder, result in results.items()
        for (kind, least), one in result.selected.items()
        for threshold, score in one.curve
    ]
    rows += [
        (finder, "normal", _least(result, one), one.against, one.low, one.high, one.score)
        for finder, result in results.items()
        for one in result.bins
    ]
    scores = [row[6] for row in rows]
    names = ("finder", "kind", "flux_ratio", "against", "low", "high")
    columns = zip(*(row[:6] for row in rows), strict=True) if rows else [[] for _ in names]
    return Table(
        {
            **{name: list(values) for name, values in zip(names, columns, strict=True)},
            **_shares([score.completeness for score in scores], "completeness"),
            **_shares([score.purity for score in scores], "purity"),
            **_intervals([score.f1 for score in scores], "f1"),
        }
    )


def _least(result: Evaluation, one: Bin) -> str:
    return NAMES[result.least] if one.against in COVARIATES else NAMES[0.0]


def _intervals(values: Sequence[Interval], stem: str) -> dict[str, list[float]]:
    return {
        stem: [one.value for one in values],
        f"{stem}_low": [one.low for one in values],
        f"{stem}_high": [one.high for one in values],
    }


def _shares(values: Sequence[Share], stem: str) -> dict[str, object]:
    counts = {f"{stem}_k": [one.k for one in values], f"{stem}_n": [one.n for one in values]}
    return {**_intervals(values, stem), **counts}


def summary(results: Mapping[str, Evaluation]) -> Table:
    """What a paper prints: a row for each finder and selection, as words."""
    rows = []
    for finder, result in results.items():
        ratios = [least for least in SELECTIONS.values() if least or not result.least]
        if result.least:
            ratios = list(RATIOS.values())
        for least in ratios:
            score = result.at(least)
            chance = result.at(least, "chance").completeness
            rows.append(
                {
                    "finder": finder,
                    "flux ratio": f"≥ {100 * least:.0f} %" if least else "all",
                    "completeness": in_words(score.completeness),
                    "of": score.completeness.n,
                    "purity": in_words(score.purity),
                    "of claims": score.purity.n,
                    "F1": in_words(score.f1),
                    "by chance": f"{chance.value:.2f}",
                }
            )
    return Table(rows=rows) if rows else Table()


def in_words(value: Interval) -> str:
    """A value and its interval, as "0.905 (0.887–0.920)"."""
    if np.isnan(value.value):
        return "–"
    if np.isnan(value.low):
        return f"{value.value:.3f}"
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"
