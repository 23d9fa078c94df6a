"""The figures of evaluations: the schema of ``metrics.json``."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations

import numpy as np

from clumpscope.errors import TableError
from clumpscope.ops.matching import MATCH_RADIUS_FWHM
from clumpscope.ops.shares import CREDIBLE
from clumpscope.stages.evaluate.cases import TRUE_FLOOR
from clumpscope.stages.evaluate.counts import differences
from clumpscope.stages.evaluate.scores import KINDS, SELECTIONS, Evaluation, best

SCHEMA_VERSION = 2
MEASURES = ("completeness", "purity", "f1")


def metrics(
    results: Mapping[str, Evaluation],
    coco: Mapping[str, Mapping[str, object]],
    bootstraps: int,
) -> dict[str, object]:
    """Everything that is one number: see the data model in the documentation.

    Parameters
    ----------
    coco
        COCO's figures of those finders that have them.
    bootstraps
        How many resamplings the intervals come from; 0: Wilson's.
    """
    one = next(iter(results.values()))
    return {
        "schema_version": SCHEMA_VERSION,
        "match_radius_fwhm": MATCH_RADIUS_FWHM,
        "true_ratio_floor": TRUE_FLOOR,
        "interval": CREDIBLE,
        "bootstraps": bootstraps,
        "galaxies": len(one.cases),
        "truths": len(one.cases.truth),
        "headline": next(n for n, least in SELECTIONS.items() if least == one.least),
        "finders": {
            name: {**_finder(result), "coco": coco.get(name)} for name, result in results.items()
        },
        "differences": _pairs(results),
    }


def _finder(result: Evaluation) -> dict[str, object]:
    own = result.threshold[np.isfinite(result.threshold)]
    try:
        threshold, score = best(result.curve)
        optimum: object = {"score_threshold": threshold, **asdict(score)}
    except TableError:
        optimum = None
    return {
        "candidates": len(result.cases.found),
        "score_thresholds": sorted(set(own.tolist())),
        **{
            kind: {name: asdict(result.at(least, kind)) for name, least in SELECTIONS.items()}
            for kind in (*KINDS, "chance")
        },
        "best": optimum,
        "kinds": {kind: asdict(share) for kind, share in result.kinds.items()},
        "confusion": result.confusion,
        "scatter": result.scatter,
    }


def _pairs(results: Mapping[str, Evaluation]) -> list[dict[str, object]]:
    """Differences of every two finders over the same resampled galaxies."""
    rows: list[dict[str, object]] = []
    for (name, first), (other, second) in combinations(results.items(), 2):
        if not (first.replicates and second.replicates):
            continue
        for selection, least in SELECTIONS.items():
            values = [one.at(least) for one in (first, second)]
            drawn = [one.replicates["normal", least] for one in (first, second)]
            apart = differences(drawn[0], drawn[1], values)
            found = dict(zip(MEASURES, map(asdict, apart), strict=True))
            rows.append({"first": name, "second": other, "flux_ratio": selection, **found})
    return rows
