"""Completeness and purity by the benchmark definition, on cases counted by hand."""

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.ops.resampling import all_resampled
from clumpscope.ops.shares import Share
from clumpscope.stages.evaluate.counts import Counts, replicate
from clumpscope.stages.evaluate.scores import best, evaluate
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
    result = evaluate(seen, galaxies("a", "b"), there)
    of_three = result.at(0.03)
    assert (of_three.completeness.k, of_three.completeness.n) == (1, 3)
    assert (of_three.purity.k, of_three.purity.n) == (2, 4)
    assert of_three.f1.value == pytest.approx(2 / (3 + 2))  # 2 / (1/c + 1/p)
    agnostic = result.at(0.03, "any_label")
    assert (agnostic.completeness.k, agnostic.completeness.n) == (3, 4)
    assert (agnostic.purity.k, agnostic.purity.n) == (4, 5)
    every = result.at(0)  # whatever the ratios
    assert (every.completeness.k, every.completeness.n) == (2, 4)
    assert (every.purity.k, every.purity.n) == (2, 5)
    odd = result.at(0, "odd")  # the odd truth is called normal, the odd candidate is normal
    assert (odd.completeness.k, odd.completeness.n) == (0, 1)
    assert (odd.purity.k, odd.purity.n) == (0, 1)
    # One of three matched normal ones is called odd.
    assert (result.kinds["normal"].k, result.kinds["normal"].n) == (2, 3)
    assert (result.kinds["odd"].k, result.kinds["odd"].n) == (0, 1)
    assert result.confusion == {
        "normal": {"normal": 2, "odd": 1, "missed": 1},
        "odd": {"normal": 1, "odd": 0, "missed": 0},
    }


def test_each_truth_is_matched_once_best_score_first() -> None:
    there = truth([("a", 50, 50, 1, 0.05)])
    seen = found([("a", 50.5, 50, 1, 0.5, 0.05), ("a", 52, 50, 1, 0.9, 0.05)])
    assert evaluate(seen, galaxies("a"), there).at(0.03).purity.k == 1


def test_chance_turns_truth_about_the_host() -> None:
    result = evaluate(
        found([("a", 79, 49.5, 1, 0.9, 0.05)]), galaxies("a"), truth([("a", 20, 49.5, 1, 0.05)])
    )
    assert result.at(0.03).completeness.k == 0
    assert result.at(0.03, "chance").completeness.k == 1


def test_galaxies_without_detections_count_as_missed() -> None:
    there = truth([("a", 20, 20, 1, 0.05), ("b", 20, 20, 1, 0.05)])
    seen = found([("a", 20, 20, 1, 0.9, 0.05)])
    result = evaluate(seen, galaxies("a", "b", "c"), there)
    assert result.at(0.03).completeness.value == 0.5
    assert result.scatter["median_distance_arcsec"] == pytest.approx(0, abs=1e-9)


def test_without_flux_ratios_there_is_none_to_compare() -> None:
    seen = found([("a", 20, 20, 1, 0.9, np.nan)])
    result = evaluate(seen, galaxies("a"), truth([("a", 20, 21, 1, 0.05)]))
    assert result.at(0.03).purity.n == 0
    assert result.scatter["median_offset_y_arcsec"] == pytest.approx(-0.4)
    assert np.isnan(result.scatter["median_measured_over_true_ratio"])


def test_wilson_interval_against_the_formula() -> None:
    share, z = Share.of_counts(8, 10), 1.0
    middle = (0.8 + z**2 / 20) / (1 + z**2 / 10)
    half = z / (1 + z**2 / 10) * np.sqrt(0.8 * 0.2 / 10 + z**2 / 400)
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half), abs=1e-3)
    assert np.isnan(Share.of_counts(0, 0).value)


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
    threshold, score = best(result.curve)
    assert threshold == 0.41
    assert (score.completeness.value, score.purity.value, score.f1.value) == (1, 1, 1)
    with pytest.raises(TableError, match="detections that match a truth"):
        best([])


def test_labels_without_fluxes_are_truths_all_the_same() -> None:
    """Every truth and every claim counts then."""
    there = truth([("a", 20, 20, 1, np.nan), ("a", 80, 80, 1, np.nan)])
    seen = found([("a", 20, 20, 1, 0.9, 0.05), ("a", 50, 50, 1, 0.6, 0.02)])
    result = evaluate(seen, galaxies("a"), there)
    assert result.least == 0
    assert (result.at(0).completeness.k, result.at(0).completeness.n) == (1, 2)
    assert (result.at(0).purity.k, result.at(0).purity.n) == (1, 2)
    assert result.at(0.03).completeness.n == 0
    assert dict(result.curve)[0.61].purity.n == 1


def test_bootstraps_draw_galaxies() -> None:
    """All clumps of a galaxy come and go together: ten in each of four, found in two of them."""
    places = [(8 + 9 * k, 50) for k in range(10)]
    there = truth([(name, *xy, 1, 0.05) for name in "abcd" for xy in places])
    seen = found([(name, *xy, 1, 0.9, 0.05) for name in "ab" for xy in places])
    table = galaxies(*"abcd")
    result = evaluate(seen, table, there, bootstraps=4000, seed=3)
    drawn = result.replicates["normal", 0.03].completeness[:, 0]
    # Binomial with four draws of one half, not with forty.
    shares = np.bincount(np.rint(4 * drawn).astype(int)) / len(drawn)
    assert shares == pytest.approx(np.array([1, 4, 6, 4, 1]) / 16, abs=0.03)
    share = result.at(0.03).completeness
    assert (share.value, share.low, share.high) == (0.5, 0.25, 0.75)
    again = evaluate(seen, table, there, bootstraps=4000, seed=3)
    assert (again.replicates["normal", 0.03].completeness[:, 0] == drawn).all()
    wilson = evaluate(seen, table, there).at(0.03).completeness
    assert wilson.high - wilson.low < share.high - share.low


def test_scores_of_resampled_surveys_are_those_of_the_galaxies_drawn() -> None:
    """Counted again by repeating rows."""
    rng = np.random.default_rng(8)
    there = rng.integers(1, 4, 6)
    hit, called = (np.sort(rng.integers(0, 2, (6, 3)))[:, ::-1] for _ in range(2))
    one = Counts(np.array([0.1, 0.5, 0.9]), hit, there, hit * called, called)
    drawn = replicate(one, 70, 5)
    weights = all_resampled(6, 70, np.random.default_rng(5))
    assert (weights.sum(axis=1) == 6).all()
    for b in (0, 63, 64, 69):
        rows = np.repeat(np.arange(6), weights[b].astype(int))
        expected = hit[rows].sum(axis=0) / there[rows].sum()
        assert drawn.completeness[b] == pytest.approx(expected)
        total = called[rows].sum(axis=0)
        right = (hit * called)[rows].sum(axis=0)
        pure = [r / n if n else np.nan for r, n in zip(right, total, strict=True)]
        assert drawn.purity[b] == pytest.approx(pure, nan_ok=True)


def test_resampling_does_not_make_few_clumps_sure() -> None:
    """One clump that is found: every resampling finds it, Wilson's interval is wide."""
    row = ("a", 20, 20, 1, 0.05)
    result = evaluate(found([(*row[:4], 0.9, 0.05)]), galaxies("a"), truth([row]), bootstraps=50)
    share, alone = result.at(0.03).completeness, Share.of_counts(1, 1)
    assert (share.value, share.low, share.high) == (1, alone.low, 1)
    assert share.low < 0.6
