"""Completeness and purity by the benchmark definition, on cases counted by hand."""

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.stages.evaluate.cases import cases, rotated
from clumpscope.stages.evaluate.scores import Share, best_threshold, evaluate, kinds, score
from findings import found, galaxies, truth


def test_counts_by_hand() -> None:
    there = truth(
        [
            ("a", 20, 20, 1, 0.05),  # found
            ("a", 80, 20, 1, 0.04),  # missed: detection 3.1 px away, radius is 3
            ("a", 20, 80, 2, 0.10),  # a star, called normal
            ("a", 60, 60, 1, 0.02),  # found, true ratio below 3 % but above 1 %
            ("b", 50, 20, 1, 0.06),  # missed: called odd
        ]
    )
    seen = found(
        [
            ("a", 21, 20, 1, 0.9, 0.05),
            ("a", 83.1, 20, 1, 0.8, 0.05),
            ("a", 20, 80, 1, 0.7, 0.12),
            ("a", 60, 61, 1, 0.6, 0.035),
            ("b", 50, 20, 2, 0.9, 0.06),
            ("b", 10, 10, 1, 0.5, 0.02),  # makes no claim to 3 %
        ]
    )
    items = cases(seen, galaxies("a", "b"), there)
    result = score(items, 0.03)
    assert (result.completeness.k, result.completeness.n) == (1, 3)
    assert (result.purity.k, result.purity.n) == (2, 4)
    agnostic = score(items, 0.03, normal_only=False)
    assert (agnostic.completeness.k, agnostic.completeness.n) == (3, 4)
    assert (agnostic.purity.k, agnostic.purity.n) == (4, 5)
    called = kinds(items)  # one of three matched normal ones is called odd
    assert (called["normal"].k, called["normal"].n) == (2, 3)
    assert (called["odd"].k, called["odd"].n) == (0, 1)


def test_each_truth_is_matched_once_best_score_first() -> None:
    there = truth([("a", 50, 50, 1, 0.05)])
    seen = found([("a", 50.5, 50, 1, 0.5, 0.05), ("a", 52, 50, 1, 0.9, 0.05)])
    items = cases(seen, galaxies("a"), there)
    assert score(items, 0.03).purity.k == 1


def test_chance_turns_truth_about_the_host() -> None:
    items = cases(
        found([("a", 79, 49.5, 1, 0.9, 0.05)]), galaxies("a"), truth([("a", 20, 49.5, 1, 0.05)])
    )
    assert score(items, 0.03).completeness.k == 0
    assert score(rotated(items), 0.03).completeness.k == 1


def test_galaxies_without_detections_count_as_missed() -> None:
    there = truth([("a", 20, 20, 1, 0.05), ("b", 20, 20, 1, 0.05)])
    seen = found([("a", 20, 20, 1, 0.9, 0.05)])
    result = evaluate(seen, galaxies("a", "b", "c"), there)
    assert result.at[0.03].completeness.value == 0.5
    assert result.scatter["median_distance_arcsec"] == pytest.approx(0, abs=1e-9)


def test_without_flux_ratios_there_is_none_to_compare() -> None:
    seen = found([("a", 20, 20, 1, 0.9, np.nan)])
    result = evaluate(seen, galaxies("a"), truth([("a", 20, 21, 1, 0.05)]))
    assert result.at[0.03].purity.n == 0
    assert result.scatter["median_offset_y_arcsec"] == pytest.approx(-0.4)
    assert np.isnan(result.scatter["median_measured_over_true_ratio"])


def test_wilson_interval_against_the_formula() -> None:
    share, z = Share.of(8, 10), 1.0
    middle = (0.8 + z**2 / 20) / (1 + z**2 / 10)
    half = z / (1 + z**2 / 10) * np.sqrt(0.8 * 0.2 / 10 + z**2 / 400)
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half), abs=1e-3)
    assert np.isnan(Share.of(0, 0).value)


def test_best_threshold_balances_completeness_and_purity() -> None:
    there = truth([("a", 20, 20, 1, 0.05), ("a", 80, 80, 1, 0.05)])
    seen = found(
        [
            ("a", 20, 20, 1, 0.9, 0.05),
            ("a", 80, 80, 1, 0.6, 0.05),
            *[("a", 5 + 8 * k, 50, 1, 0.4, 0.05) for k in range(6)],
        ]
    )
    table = galaxies("a")
    result = evaluate(seen, table, there)
    assert 0.4 < best_threshold(result.curve) <= 0.6
    with pytest.raises(TableError):
        best_threshold([])
