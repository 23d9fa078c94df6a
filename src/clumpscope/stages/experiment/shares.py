"""Completeness and purity against the score, the flux ratio and the size of the training set."""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.ops.shares import Score

Values = NDArray[np.float64]

THRESHOLDS = np.arange(2, 19) / 20  # 0.1, 0.15 ... 0.9
BINS = np.arange(-3.0, 0.01, 0.25)  # of log10 of the u flux ratio


def thresholds_from(lowest: float) -> Values:
    """`THRESHOLDS` from ``lowest`` on."""
    return THRESHOLDS[lowest - 1e-9 <= THRESHOLDS]


def against_score(curves: Mapping[str, Sequence[tuple[float, Score]]]) -> Table:
    """Each model's scores against its score threshold."""
    rows = [(name, *point) for name, curve in curves.items() for point in curve]
    return _table(("model", "score_threshold"), rows)


def against_ratio(bins: Mapping[str, Sequence[tuple[float, float, Score]]]) -> Table:
    """Each model's scores in bins, from low to high, of log10 of the flux ratio."""
    rows = [(name, *one) for name, some in bins.items() for one in some]
    return _table(("model", "log10_ratio_low", "log10_ratio_high"), rows)


def against_size(points: Mapping[str, Mapping[int, Score]], sizes: Mapping[int, int]) -> Table:
    """Each model's score by run-group; ``sizes`` are galaxies to train on by run-group."""
    rows = [
        (name, group, sizes[group], score)
        for name, groups in points.items()
        for group, score in groups.items()
    ]
    return _table(("model", "group", "training_galaxies"), rows)


def _table(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Table:
    """Rows that each end with a `Score`; before it is what ``names`` say."""
    columns: dict[str, object] = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    for which in ("completeness", "purity"):
        found = [getattr(row[-1], which) for row in rows]
        columns |= {
            which: [one.value for one in found],
            f"{which}_low": [one.low for one in found],
            f"{which}_high": [one.high for one in found],
            f"{which}_n": np.array([one.n for one in found], dtype=np.int64),
        }
    return Table(columns)
