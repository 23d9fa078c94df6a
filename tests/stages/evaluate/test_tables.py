"""Evaluations as tables and JSON, and the cut of a catalogue at a number of claims."""

import json

import numpy as np
import pytest

from clumpscope.stages.evaluate.scores import Evaluation, Score, Share, evaluate
from clumpscope.stages.evaluate.tables import claims, curves, cut, finite, metrics
from findings import found, galaxies, truth

SEEN = [
    ("a", 20, 20, 1, 0.9, 0.05),
    ("a", 80, 20, 2, 0.8, 0.05),  # odd
    ("a", 20, 80, 1, 0.7, 0.029),  # fainter than 3 %
    ("b", 60, 60, 1, 0.6, 0.03),
    ("b", 10, 10, 1, 0.5, 0.2),
    ("b", 30, 10, 1, 0.4, float("nan")),
]


def test_claims_are_normal_and_of_three_percent():
    assert claims(found(SEEN)).tolist() == [True, False, False, True, True, False]


@pytest.mark.parametrize(
    ("wanted", "scores"),
    [
        (1, [0.9]),
        (2, [0.9, 0.8, 0.7, 0.6]),
        (3, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        (9, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        (0, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
    ],
)
def test_a_cut_leaves_so_many_claims_and_all_that_scores_as_well(wanted, scores):
    """A table stays whole if it has no more claims than wanted, or none is wanted."""
    left = cut(found(SEEN), wanted)
    assert left["clump_score"].tolist() == scores
    assert claims(left).sum() == (min(wanted, 3) or 3)


def test_order_does_not_matter_to_a_cut():
    assert sorted(cut(found(SEEN[::-1]), 2)["clump_score"]) == [0.6, 0.7, 0.8, 0.9]


@pytest.fixture
def results():
    there = truth([("a", 20, 20, 1, 0.05), ("b", 60, 60, 1, 0.04), ("b", 90, 90, 1, 0.09)])
    table = galaxies("a", "b")
    return {
        "detector": evaluate(found(SEEN), table, there),
        "baseline": evaluate(found(SEEN[:1]), table, there),
    }


def test_metrics_are_the_figures_of_each(results):
    figures = json.loads(json.dumps(finite(metrics(results)), allow_nan=False))
    assert list(figures) == ["detector", "baseline"]
    kinds = [f"{kind}_{n}pct" for n in (3, 8) for kind in ("benchmark", "any_label", "chance")]
    assert set(figures["detector"]) == {*kinds, "scatter", "kinds"}
    one = figures["detector"]["benchmark_3pct"]
    assert (one["completeness"]["k"], one["completeness"]["n"]) == (2, 3)
    assert (one["purity"]["k"], one["purity"]["n"]) == (2, 3)
    assert figures["detector"]["any_label_3pct"]["purity"]["n"] == 4
    # The truth at 90, 90 turned about the host at 49.5, 49.5.
    assert figures["detector"]["chance_3pct"]["purity"]["k"] == 1
    assert figures["detector"]["benchmark_8pct"]["completeness"]["n"] == 1
    assert figures["baseline"]["benchmark_3pct"]["completeness"]["value"] == pytest.approx(1 / 3)
    # No claim of 8 %, no purity of it.
    assert figures["baseline"]["benchmark_8pct"]["purity"]["value"] is None
    assert figures["detector"]["scatter"]["median_distance_arcsec"] == pytest.approx(0, abs=1e-9)


def test_what_is_no_number_becomes_null_at_any_depth():
    value = {"a": float("nan"), "b": {"c": float("inf"), "d": 1.5}, "e": 3, "f": "text"}
    assert finite(value) == {"a": None, "b": {"c": None, "d": 1.5}, "e": 3, "f": "text"}


def test_curves_hold_every_point(results):
    table = curves(results)
    for name, result in results.items():
        mine = table[table["finder"] == name]
        by_score = mine[mine["against"] == "score_threshold"]
        assert by_score["low"].tolist() == by_score["high"].tolist()
        assert by_score["low"].tolist() == [threshold for threshold, _ in result.curve]
        assert by_score["low"].tolist() == pytest.approx(np.arange(0.3, 0.96, 0.05))
        by_ratio = mine[mine["against"] == "log10_flux_ratio"]
        assert by_ratio["low"].tolist() == pytest.approx(np.arange(-2.5, -0.49, 0.25))
        assert by_ratio["high"].tolist() == pytest.approx(np.arange(-2.25, -0.24, 0.25))
    items = [one for result in results.values() for one in (*result.curve, *result.bins)]
    for row, item in zip(table, items, strict=True):
        for kind in ("completeness", "purity"):
            share = getattr(item[-1], kind)
            got = [row[kind], row[f"{kind}_low"], row[f"{kind}_high"], row[f"{kind}_n"]]
            assert got == pytest.approx([share.value, share.low, share.high, share.n], nan_ok=True)
        assert row["n_any"] == row["completeness_n"] + row["purity_n"]


def test_a_share_has_its_counts_in_the_table():
    one = Score(Share(0.5, 0.4, 0.6, 2, 4), Share(0.2, 0.1, 0.3, 1, 5))
    result = Evaluation({}, {}, {}, [(0.3, one)], [(-1.5, -1.25, one)], {}, {})
    table = curves({"x": result})
    assert table["completeness_n"].tolist() == [4, 4]
    assert table["purity_n"].tolist() == [5, 5]
    assert table["n_any"].tolist() == [9, 9]
    assert table["low"].tolist() == [0.3, -1.5]
    assert table["high"].tolist() == [0.3, -1.25]
