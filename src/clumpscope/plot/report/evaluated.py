"""What a report tells of an evaluation: tables and figures of whatever of it is there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.table import QTable

from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.schema import plain
from clumpscope.plot.report.evaluation import curve_charts, reliability
from clumpscope.plot.report.page import Evaluated
from clumpscope.plot.report.tables import Grid
from clumpscope.store.evaluation import EvaluationFiles

_KINDS = ("normal", "odd")


def evaluated(files: EvaluationFiles, clumps: QTable) -> Evaluated:
    """What is there of an evaluation of a run with these clumps."""
    grids = [grid for grid in (_shares(files), _confusion(files)) if grid.rows]
    charts = curve_charts(files.curves, files.headline)
    if len(files.found) and "p_real" in clumps.colnames:
        charts += [one for one in [reliability(*_chances(files, clumps))] if one is not None]
    return Evaluated(grids, charts, files.problems)


def _shares(files: EvaluationFiles) -> Grid:
    rows = [
        (finder, words, *(_in_words(files.of(finder, *place)) for place in places))
        for finder in files.finders
        for words, key in _ratios(files)
        for places in [
            [("normal", key, what) for what in ("completeness", "purity", "f1")]
            + [("chance", key, "completeness")]
        ]
        if files.of(finder, "normal", key)
    ]
    head = ("finder", "flux ratio", "completeness", "purity", "F1", "completeness by chance")
    return Grid("Completeness and purity of clumps", head, rows, frozenset(head[2:]))


def _ratios(files: EvaluationFiles) -> list[tuple[str, str]]:
    """Flux ratios in words and as in the metrics; all, where truth has no fluxes."""
    if files.headline == "all":
        return [("all", "all")]
    return [(f"≥ {100 * least:g} %", name) for name, least in RATIOS.items()]


def _in_words(share: Mapping[str, Any]) -> str:
    """A share with its interval and number, as "0.91 (0.89–0.92) of 120"."""
    value, low, high, count = (share.get(key) for key in ("value", "low", "high", "n"))
    if not isinstance(value, int | float):
        return "–"
    text = f"{value:.2f}"
    if isinstance(low, int | float) and isinstance(high, int | float):
        text += f" ({low:.2f}–{high:.2f})"
    return text + (f" of {count:,}" if isinstance(count, int) else "")


def _confusion(files: EvaluationFiles) -> Grid:
    """What the run makes of true clumps of each kind."""
    rows = []
    for kind in _KINDS:
        found = files.of(files.finders[0], "confusion", kind) if files.finders else {}
        counts = [found.get(called) for called in (*_KINDS, "missed")]
        if all(isinstance(count, int) for count in counts):
            rows.append((kind, *counts))
    head = ("in truth", "called clump", "called odd clump", "missed")
    return Grid(
        "True clumps of any flux, and what the run calls them", head, rows, frozenset(head[1:])
    )


def _chances(files: EvaluationFiles, clumps: QTable) -> tuple[np.ndarray, np.ndarray]:
    """p_real and whether there is a clump, of each candidate of the run."""
    found = files.found
    found = found[found["finder"] == (files.finders or [found["finder"][0]])[0]]
    names = ("galaxy_id", "clump_id")
    keys = zip(*(plain(clumps, name).tolist() for name in names), strict=True)
    known = dict(zip(keys, plain(clumps, "p_real").tolist(), strict=True))
    wanted = zip(*(plain(found, name).tolist() for name in names), strict=True)
    return np.array([known.get(key, np.nan) for key in wanted]), plain(found, "real")
