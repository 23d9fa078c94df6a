"""What a report tells of an evaluation: tables and figures of whatever of it is there."""

import numpy as np
from astropy.table import QTable

from clumpscope.core.clumps import RATIOS
from clumpscope.core.schema import plain
from clumpscope.plot.report.evaluation import confusion, curve_charts, reliability
from clumpscope.plot.report.page import Evaluated
from clumpscope.plot.report.tables import Grid
from clumpscope.store.evaluation import EvaluationFiles, numbers


def evaluated(files: EvaluationFiles, clumps: QTable) -> Evaluated:
    """What is there of an evaluation."""
    rows = []
    for finder in map(str, files.metrics):
        for percent, ratio in RATIOS.items():
            shares = [
                files.share(finder, f"benchmark_{percent}", what)
                for what in ("completeness", "purity")
            ]
            if any(shares):
                rows.append((finder, f"≥ {100 * ratio:g} %", *map(_share, shares)))
    head = ("finder", "flux ratio", "completeness", "purity")
    caption = "Completeness and purity, with 68 % intervals"
    grids = [Grid(caption, head, rows, frozenset(head[1:]))] if rows else []
    charts = curve_charts(files.curves)
    labels = numbers(files.found, "label", "true_label")
    if labels is not None and len(files.found):
        called, counted = confusion(*labels)
        caption = "Candidates by their label (rows) and that of the matched truth (columns)"
        grids.append(Grid(caption, called, counted, frozenset(called[1:])))
    columns = _calibrated(files, clumps)
    drawn = reliability(*columns) if columns is not None else None
    return Evaluated(grids, [*charts, *([drawn] if drawn else [])], files.problems)


def _share(share: tuple[float, float, float, int] | None) -> str:
    if share is None:
        return "–"
    value, low, high, count = share
    return f"{value:.2f} ({low:.2f}–{high:.2f}) of {count:,}"


def _calibrated(files: EvaluationFiles, clumps: QTable) -> tuple[np.ndarray, np.ndarray] | None:
    """p_real and whether there is a clump, of each candidate; ``None`` if unknown."""
    columns, named = numbers(files.found, "clump_id", "real"), files.found.colnames
    if columns is None or "galaxy_id" not in named or "p_real" not in clumps.colnames:
        return None
    ids, real = columns
    names = ("galaxy_id", "clump_id")
    keys = zip(*(plain(clumps, name).tolist() for name in names), strict=True)
    known = dict(zip(keys, plain(clumps, "p_real").tolist(), strict=True))
    found = zip(plain(files.found, "galaxy_id").astype(str).tolist(), ids.tolist(), strict=True)
    return np.array([known.get((name, int(one)), np.nan) for name, one in found]), real
