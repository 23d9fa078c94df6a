"""Evaluations as tables, and as the figures of metrics.json."""

import json

import numpy as np
import pytest

from clumpscope.ops.shares import Interval
from clumpscope.stages.evaluate.metrics import metrics
from clumpscope.stages.evaluate.scores import evaluate
from clumpscope.stages.evaluate.tables import (
    curves,
    found_table,
    in_words,
    summary,
    truth_table,
)
from clumpscope.store.json_text import json_of
from findings import found, galaxies, truth

SEEN = [
    ("a", 20, 20, 1, 0.9, 0.05),
    ("a", 80, 20, 2, 0.8, 0.05),  # odd
    ("a", 20, 80, 1, 0.7, 0.029),  # fainter than 3 %
    ("b", 60, 60, 1, 0.6, 0.03),
    ("b", 10, 10, 1, 0.5, 0.2),
    ("b", 30, 10, 1, 0.4, float("nan")),
]


@pytest.fixture
def results():
    there = truth([("a", 20, 20, 1, 0.05), ("b", 60, 61, 1, 0.04), ("b", 90, 90, 1, 0.09)])
    table = galaxies("a", "b")
    return {
        "run": evaluate(found(SEEN), table, there, bootstraps=10),
        "peaks": evaluate(found(SEEN[:1]), table, there, bootstraps=10),
    }


def test_metrics_are_the_figures_of_each(results):
    figures = json.loads(json_of(metrics(results, {"run": {"ap": 0.5}}, 10)))
    assert (figures["galaxies"], figures["truths"]) == (2, 3)
    run, peaks = (figures["finders"][name] for name in ("run", "peaks"))
    one = run["normal"]["3pct"]
    assert (one["completeness"]["k"], one["completeness"]["n"]) == (2, 3)
    assert (one["purity"]["k"], one["purity"]["n"]) == (2, 3)
    assert one["f1"]["value"] == pytest.approx(2 / 3)
    assert run["any_label"]["3pct"]["purity"]["n"] == 4
    # The truth at 90, 90 turned about the host at 49.5, 49.5.
    assert run["chance"]["3pct"]["purity"]["k"] == 1
    assert run["normal"]["8pct"]["completeness"]["n"] == 1
    assert peaks["normal"]["3pct"]["completeness"]["value"] == pytest.approx(1 / 3)
    # No claim of 8 %, no purity of it.
    assert peaks["normal"]["8pct"]["purity"]["value"] is None
    assert run["scatter"]["median_distance_arcsec"] == pytest.approx(0.2)
    assert (run["coco"], peaks["coco"]) == ({"ap": 0.5}, None)
    assert run["best"]["score_threshold"] == 0.3  # completeness is the lower one until 0.61
    assert run["best"]["purity"]["value"] == pytest.approx(2 / 3)
    assert {row["flux_ratio"] for row in figures["differences"]} == {"all", "3pct", "8pct"}


def test_curves_hold_every_point(results):
    table = curves(results)
    assert set(table["kind"]) == {"normal", "odd", "any_label", "chance"}
    for name, result in results.items():
        mine = table[(table["finder"] == name) & (table["kind"] == "normal")]
        for ratio, selected in (("3pct", 0.03), ("all", 0)):
            by_score = mine[(mine["against"] == "score_threshold") & (mine["flux_ratio"] == ratio)]
            assert by_score["low"].tolist() == by_score["high"].tolist()
            assert by_score["low"].tolist() == pytest.approx(np.arange(0.3, 0.995, 0.01))
            points = result.selected["normal", selected].curve
            for row, (threshold, score) in zip(by_score, points, strict=True):
                assert row["low"] == threshold
                for kind in ("completeness", "purity"):
                    share = getattr(score, kind)
                    got = [row[kind], *(row[f"{kind}_{end}"] for end in ("low", "high", "k", "n"))]
                    expected = [share.value, share.low, share.high, share.k, share.n]
                    assert got == pytest.approx(expected, nan_ok=True)
                assert row["f1"] == pytest.approx(score.f1.value, nan_ok=True)
        by_ratio = mine[mine["against"] == "log10_flux_ratio"]
        assert by_ratio["low"].tolist() == pytest.approx(np.arange(-2.5, -0.49, 0.25))
        assert by_ratio["high"].tolist() == pytest.approx(np.arange(-2.25, -0.24, 0.25))


def test_a_row_for_every_candidate_and_truth(results):
    catalogues = {"run": found(SEEN), "peaks": found(SEEN[:1])}
    found_rows, true = found_table(results, catalogues), truth_table(results)
    assert found_rows["finder"].tolist() == ["run"] * 6 + ["peaks"]
    assert true["finder"].tolist() == ["run"] * 3 + ["peaks"] * 3
    found_rows, true = (table[table["finder"] == "run"] for table in (found_rows, true))
    assert found_rows["x"].unit == "pix"
    assert found_rows["galaxy_id"].tolist() == list("aaabbb")
    assert found_rows["true_label"].tolist() == [1, 0, 0, 1, 0, 0]
    assert found_rows["real"].tolist() == [True, False, False, True, False, False]
    assert found_rows["true_ratio"][3] == 0.04
    assert found_rows["distance_fwhm"][3] == pytest.approx(0.25)
    assert np.isnan(found_rows["distance_fwhm"][1])
    assert true["score"].tolist()[:2] == [0.9, 0.6]
    assert np.isnan(true["score"][2])
    assert true["found_label"].tolist() == [1, 1, 0]
    assert true["found_ratio"].tolist()[:2] == [0.05, 0.03]


def test_a_summary_says_it_in_words(results):
    words = summary(results)
    assert words["finder"].tolist() == ["run", "run", "peaks", "peaks"]
    assert words["flux ratio"].tolist() == ["≥ 3 %", "≥ 8 %"] * 2
    assert words["of"].tolist() == [3, 1, 3, 1]
    assert words["completeness"][0].startswith("0.667 (")
    assert in_words(Interval(0.5)) == "0.500"
    assert in_words(Interval(float("nan"))) == "–"
