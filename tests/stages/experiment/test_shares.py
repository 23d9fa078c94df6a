"""Rows of scores, each beside what it is of."""

import numpy as np
import pytest

from clumpscope.ops.shares import Interval, Score, Share
from clumpscope.stages.experiment.shares import (
    against_ratio,
    against_score,
    against_size,
    thresholds_from,
)

GOOD = Score(Share(0.5, 0.3, 0.7, 2, 4), Share(0.75, 0.5, 0.9, 3, 4), Interval(0.6))
EMPTY = Score(Share.of_counts(0, 3), Share.of_counts(0, 0), Interval(np.nan))


def test_thresholds_begin_with_the_lowest_of_the_runs():
    assert thresholds_from(0.3)[:2] == pytest.approx([0.3, 0.35])
    assert thresholds_from(0.31)[0] == pytest.approx(0.35)
    assert thresholds_from(0.0)[[0, -1]] == pytest.approx([0.1, 0.9])


def test_a_row_has_both_shares_with_interval_and_number():
    table = against_score({"m": [(0.3, GOOD), (0.4, EMPTY)]})
    assert table["model"].tolist() == ["m", "m"]
    assert table["score_threshold"].tolist() == [0.3, 0.4]
    first, second = table
    assert [first[f"completeness{end}"] for end in ("", "_low", "_high", "_n")] == [
        0.5,
        0.3,
        0.7,
        4,
    ]
    assert [first[f"purity{end}"] for end in ("", "_low", "_high", "_n")] == [0.75, 0.5, 0.9, 4]
    assert (second["completeness"], second["purity_n"]) == (0, 0)
    assert np.isnan(second["purity"])


def test_bins_stand_at_their_edges():
    table = against_ratio({"m": [(-2.0, -1.75, GOOD)], "n": [(-1.0, -0.75, EMPTY)]})
    assert table["log10_ratio_low"].tolist() == [-2.0, -1.0]
    assert table["log10_ratio_high"].tolist() == [-1.75, -0.75]
    assert table["model"].tolist() == ["m", "n"]


def test_sizes_go_with_groups():
    table = against_size({"m": {2: GOOD, 5: EMPTY}}, {2: 70, 5: 700})
    assert table["training_galaxies"].tolist() == [70, 700]
    assert table["group"].tolist() == [2, 5]
