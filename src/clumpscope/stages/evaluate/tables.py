"""Evaluations as tables and as JSON."""

from dataclasses import asdict

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.clumps import RATIOS
from clumpscope.core.schema import plain
from clumpscope.stages.evaluate.scores import Evaluation, Share


def claims(table: QTable) -> NDArray[np.bool_]:
    """Clumps called normal with a measured ratio of at least 3 %."""
    normal = plain(table, "clump_label_id") == Label.CLUMP
    claimed: NDArray[np.bool_] = normal & (plain(table, "clump_flux_ratio") >= RATIOS["3pct"])
    return claimed


def cut(table: QTable, wanted: int) -> QTable:
    """The best-scored part of a table that makes ``wanted`` claims; all of it if none is wanted."""
    scores = np.sort(plain(table, "clump_score")[claims(table)])[::-1]
    if len(scores) <= wanted or wanted == 0:
        return table
    return table[plain(table, "clump_score") >= scores[wanted - 1]]


def metrics(results: dict[str, Evaluation]) -> dict[str, object]:
    """The figures of each evaluation, ready for JSON."""
    return {
        name: {
            **{
                f"{kind}_{percent}": asdict(getattr(result, attribute)[ratio])
                for percent, ratio in RATIOS.items()
                for kind, attribute in (
                    ("benchmark", "at"),
                    ("any_label", "any_label"),
                    ("chance", "chance"),
                )
            },
            "scatter": result.scatter,
            "kinds": {kind: asdict(share) for kind, share in result.kinds.items()},
        }
        for name, result in results.items()
    }


def finite(value: object) -> object:
    """The same with null for what is not a number, as JSON has none."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def curves(results: dict[str, Evaluation]) -> Table:
    """Completeness and purity with intervals against score threshold and flux ratio."""
    rows = []
    for name, result in results.items():
        for threshold, item in result.curve:
            rows.append((name, "score_threshold", threshold, threshold, item))
        for low, high, item in result.bins:
            rows.append((name, "log10_flux_ratio", low, high, item))

    def share(values: list[Share], stem: str) -> dict[str, object]:
        return {
            stem: [value.value for value in values],
            f"{stem}_low": [value.low for value in values],
            f"{stem}_high": [value.high for value in values],
            f"{stem}_n": [value.n for value in values],
        }

    items = [row[4] for row in rows]
    return Table(
        {
            "finder": [row[0] for row in rows],
            "against": [row[1] for row in rows],
            "low": [row[2] for row in rows],
            "high": [row[3] for row in rows],
            **share([item.completeness for item in items], "completeness"),
            **share([item.purity for item in items], "purity"),
            "n_any": [item.completeness.n + item.purity.n for item in items],
        }
    )
