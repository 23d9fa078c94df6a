"""Catalogue and truth of one galaxy brought together."""

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.stages.evaluate.cases import Points, above, blend, cases, rotated
from clumpscope.stages.evaluate.scores import evaluate
from findings import FWHM_PX, found, galaxies, truth


def points(xy, label=1, ratio=0.05):
    xy = np.array(xy, dtype=float).reshape(-1, 2)
    full = np.ones(len(xy))
    return Points(xy, full, (label * full).astype(int), ratio * full)


def test_close_truths_are_blended() -> None:
    two = Points(
        np.array([[10.0, 10.0], [12.0, 10.0], [30.0, 30.0]]),
        np.ones(3),
        np.array([1, 2, 1]),
        np.array([0.03, 0.01, 0.02]),
    )
    one = blend(two, FWHM_PX)
    assert len(one) == 2
    first = int(np.argmin(one.xy[:, 0]))
    assert one.xy[first] == pytest.approx([10.5, 10])
    assert one.ratio[first] == pytest.approx(0.04)
    assert one.label[first] == 1


def test_blends_are_of_chains_and_not_at_one_fwhm():
    """Neighbours of neighbours belong together; those exactly a FWHM apart do not."""
    chain = points([[0, 0], [3.9, 0], [7.8, 0]], ratio=[0.01, 0.01, 0.02])
    one = blend(chain, FWHM_PX)
    assert one.xy.tolist() == [[pytest.approx((0 + 3.9 + 2 * 7.8) / 4), 0]]
    assert one.ratio == pytest.approx([0.04])
    assert len(blend(points([[0, 0], [4, 0]]), FWHM_PX)) == 2
    assert len(blend(points([[0, 0]]), FWHM_PX)) == 1
    assert len(blend(points([]), FWHM_PX)) == 0


def test_a_blend_of_unknown_ratios_is_their_middle():
    one = blend(points([[0, 0], [2, 0]], ratio=np.nan), FWHM_PX)
    assert one.xy == pytest.approx(np.array([[1, 0]]))
    assert one.ratio[0] < 0.01


def test_each_galaxy_has_its_own():
    """In the run's order; also those without a candidate, a truth, or scales."""
    table = galaxies("b", "a", "none", "failed")
    table["psf_fwhm_r"][3] = np.nan
    items = cases(
        found([("a", 1, 2, 1, 0.9, 0.05), ("b", 3, 4, 2, 0.8, 0.04), ("a", 5, 6, 1, 0.7, 0.03)]),
        table,
        truth([("b", 30, 40, 2, 0.1), ("failed", 1, 1, 1, 0.2)]),
    )
    assert [case.galaxy_id for case in items] == ["b", "a", "none", "failed"]
    assert items[0].found.xy.tolist() == [[3, 4]]
    assert items[1].found.xy.tolist() == [[1, 2], [5, 6]]
    assert items[1].found.score.tolist() == [0.9, 0.7]
    assert items[1].found.ratio.tolist() == [0.05, 0.03]
    assert (items[0].found.label.tolist(), items[0].truth.label.tolist()) == ([2], [2])
    assert items[0].truth.xy.tolist() == [[30, 40]]
    assert items[0].truth.ratio.tolist() == [0.1]
    assert [len(case.truth) for case in items] == [1, 0, 0, 1]
    assert [case.fwhm_px for case in items] == pytest.approx([FWHM_PX] * 3 + [1])
    assert items[0].pixscale_arcsec == 0.4
    assert items[0].centre.tolist() == [49.5, 49.5]


def test_truths_are_blended_by_the_width_of_their_galaxy():
    table = galaxies("a", "b")
    table["psf_fwhm_r"][1] = table["psf_fwhm_r"][1] / 2
    near = [(name, 10 + d, 10, 1, 0.05) for name in "ab" for d in (0, 3)]
    items = cases(found([("a", 1, 1, 1, 0.9, 0.05)]), table, truth(near))
    assert [len(case.truth) for case in items] == [1, 2]


def test_candidates_above_a_threshold_and_chance():
    items = cases(
        found([("a", 1, 2, 1, 0.9, 0.05), ("a", 3, 4, 1, 0.5, 0.05)]),
        galaxies("a"),
        truth([("a", 20, 40, 1, 0.05)]),
    )
    assert [len(above(items, t)[0].found) for t in (0.4, 0.5, 0.51, 0.95)] == [2, 2, 1, 0]
    assert rotated(items)[0].truth.xy.tolist() == [[79, 59]]
    assert len(rotated(items)[0].found) == 2
    table = galaxies("a")
    table["host_px_x"] = np.nan * table["host_px_x"]
    nowhere = cases(found([("a", 1, 2, 1, 0.9, 0.05)]), table, truth([("a", 2, 4, 1, 0.05)]))
    assert rotated(nowhere) == []


def test_truth_of_other_galaxies_is_an_error() -> None:
    with pytest.raises(TableError, match="galaxies of the run"):
        evaluate(found([("a", 1, 1, 1, 0.9, 0.1)]), galaxies("a"), truth([("x", 1, 1, 1, 0.1)]))
