"""Catalogue and truth brought together."""

import numpy as np
import pytest

from clumpscope.core.boxes import Label
from clumpscope.errors import TableError
from clumpscope.stages.evaluate.cases import Points, blend, cases, rotated
from clumpscope.stages.evaluate.matches import above, matches
from clumpscope.stages.evaluate.scores import evaluate
from findings import FWHM_PX, found, galaxies, truth

WIDTH = np.array([FWHM_PX])


def points(xy, label=1, ratio=0.05):
    xy = np.array(xy, dtype=float).reshape(-1, 2)
    full = np.ones(len(xy))
    return Points(
        np.arange(len(xy)),
        np.zeros(len(xy), dtype=int),
        xy,
        full,
        (label * full).astype(int),
        ratio * full,
    )


def test_close_truths_are_blended() -> None:
    two = Points(
        np.arange(3),
        np.zeros(3, dtype=int),
        np.array([[10.0, 10.0], [12.0, 10.0], [30.0, 30.0]]),
        np.ones(3),
        np.array([1, 2, 1]),
        np.array([0.03, 0.01, 0.02]),
    )
    one = blend(two, WIDTH)
    assert len(one) == 2
    first = int(np.argmin(one.xy[:, 0]))
    assert one.xy[first] == pytest.approx([10.5, 10])
    assert one.ratio[first] == pytest.approx(0.04)
    assert one.label[first] == 1


def test_blends_are_of_chains_and_not_at_one_fwhm():
    """Neighbours of neighbours belong together; those exactly a FWHM apart do not."""
    chain = points([[0, 0], [3.9, 0], [7.8, 0]], ratio=[0.01, 0.01, 0.02])
    one = blend(chain, WIDTH)
    assert one.xy.tolist() == [[pytest.approx((0 + 3.9 + 2 * 7.8) / 4), 0]]
    assert one.ratio == pytest.approx([0.04])
    assert len(blend(points([[0, 0], [4, 0]]), WIDTH)) == 2
    assert len(blend(points([[0, 0]]), WIDTH)) == 1
    assert len(blend(points([]), WIDTH)) == 0


def test_a_blend_of_unknown_ratios_is_their_middle():
    one = blend(points([[0, 0], [2, 0]], ratio=np.nan), WIDTH)
    assert one.xy == pytest.approx(np.array([[1, 0]]))
    assert np.isnan(one.ratio[0])
    assert blend(points([[0, 0], [2, 0]], ratio=[np.nan, 0.1]), WIDTH).ratio == pytest.approx([0.1])
    assert np.isnan(blend(points([[0, 0]], ratio=np.nan), WIDTH).ratio[0])


def test_each_galaxy_has_its_own():
    """In the run's order; also those without a candidate, a truth, or scales."""
    table = galaxies("b", "a", "none", "failed")
    table["psf_fwhm_r"][3] = np.nan
    items = cases(
        found([("a", 1, 2, 1, 0.9, 0.05), ("b", 3, 4, 2, 0.8, 0.04), ("a", 5, 6, 1, 0.7, 0.03)]),
        table,
        truth([("b", 30, 40, 2, 0.1), ("failed", 1, 1, 1, 0.2)]),
    )
    assert items.ids.tolist() == ["b", "a", "none", "failed"]
    assert items.found.galaxy.tolist() == [1, 0, 1]
    assert items.found.xy.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert items.found.score.tolist() == [0.9, 0.8, 0.7]
    assert items.found.ratio.tolist() == [0.05, 0.04, 0.03]
    assert (items.found.label.tolist(), items.truth.label.tolist()) == ([1, 2, 1], [2, 1])
    assert items.truth.xy.tolist() == [[30, 40], [1, 1]]
    assert items.truth.ratio.tolist() == [0.1, 0.2]
    assert items.truth.galaxy.tolist() == [0, 3]
    assert items.fwhm_px.tolist() == pytest.approx([FWHM_PX] * 3 + [1])
    assert items.pixscale_arcsec[0] == 0.4
    assert items.centre[0].tolist() == [49.5, 49.5]


def test_truths_are_blended_by_the_width_of_their_galaxy():
    table = galaxies("a", "b")
    table["psf_fwhm_r"][1] = table["psf_fwhm_r"][1] / 2
    near = [(name, 10 + d, 10, 1, 0.05) for name in "ab" for d in (0, 3)]
    items = cases(found([("a", 1, 1, 1, 0.9, 0.05)]), table, truth(near))
    assert np.bincount(items.truth.galaxy).tolist() == [1, 2]


def test_candidates_above_a_threshold_keep_their_matches():
    rows = [("a", 20, 40, 1, 0.9, 0.05), ("a", 3, 4, 1, 0.5, 0.05), ("b", 20, 41, 1, 0.5, 0.05)]
    there = truth([("a", 20, 40, 1, 0.05), ("a", 3, 5, 1, 0.05), ("b", 20, 40, 1, 0.05)])
    items = cases(found(rows), galaxies("a", "b"), there)
    pairs = matches(items, Label.CLUMP)
    for least, left in ((0.4, [0, 1, 2]), (0.5, [0, 1, 2]), (0.51, [0]), (0.95, [])):
        kept, again = above(items, pairs, np.full(2, least))
        assert kept.found.xy.tolist() == items.found.xy[left].tolist()
        fresh = matches(kept, Label.CLUMP)
        assert again.of_found.tolist() == fresh.of_found.tolist() == left
        assert again.of_truth.tolist() == fresh.of_truth.tolist()
    one, _ = above(items, pairs, np.array([0.6, 0.4]))
    assert one.found.galaxy.tolist() == [0, 1]


def test_chance_turns_the_truths():
    row = [("a", 1, 2, 1, 0.9, 0.05)]
    items = cases(found(row), galaxies("a"), truth([("a", 20, 40, 1, 0.05)]))
    assert rotated(items).truth.xy.tolist() == [[79, 59]]
    assert len(rotated(items).found) == 1
    table = galaxies("a")
    table["host_px_x"] = np.nan * table["host_px_x"]
    nowhere = rotated(cases(found(row), table, truth([("a", 2, 4, 1, 0.05)])))
    assert len(nowhere.found) == len(nowhere.truth) == 0


def test_truth_of_other_galaxies_is_an_error() -> None:
    with pytest.raises(TableError, match="galaxies of the run"):
        evaluate(found([("a", 1, 1, 1, 0.9, 0.1)]), galaxies("a"), truth([("x", 1, 1, 1, 0.1)]))
