import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.stages.refine.merge import merge


def boxes_of(xy, labels=1, scores=None):
    xy = np.asarray(xy, dtype=float)
    n = len(xy)
    scores = np.linspace(0.9, 0.3, n) if scores is None else scores
    return Boxes.of(
        np.hstack([xy - 2, xy + 2]), np.broadcast_to(labels, n), scores, np.zeros((n, 3))
    )


def test_a_chain_joins_its_ends():
    merged = merge(boxes_of([[0, 0], [3, 0], [6, 0], [20, 0]]), 3.0, RefineConfig())
    assert sorted(map(tuple, merged.xy)) == [(3, 0), (20, 0)]
    chain = int(np.argmin(merged.xy[:, 0]))
    assert merged.members[chain].tolist() == [0, 1, 2]


def test_position_is_the_plain_mean_label_odd_score_the_highest():
    merged = merge(
        boxes_of([[0, 0], [2, 1]], [Label.CLUMP, Label.ODD], [0.9, 0.4]), 5.0, RefineConfig()
    )
    assert merged.xy.tolist() == [[1.0, 0.5]]
    assert merged.label.tolist() == [Label.ODD]
    assert merged.score.tolist() == [0.9]
    assert merged.best.tolist() == [0]


@settings(deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(1, 1), (-1, 1), (1, -1)]))
def test_merging_follows_flips_shifts_and_order(seed, signs):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 30, (12, 2))
    labels, scores = rng.integers(1, 3, 12), rng.permutation(12) / 12
    order = rng.permutation(12)
    plain = merge(boxes_of(xy, labels, scores), 5.0, RefineConfig())
    other = merge(
        boxes_of(xy[order] * signs + [7, -3], labels[order], scores[order]), 5.0, RefineConfig()
    )
    first, second = np.argsort(plain.score), np.argsort(other.score)
    assert other.xy[second] == pytest.approx(plain.xy[first] * signs + [7, -3])
    assert other.label[second].tolist() == plain.label[first].tolist()
    assert order[other.best[second]].tolist() == plain.best[first].tolist()


def test_no_boxes_make_no_groups():
    merged = merge(Boxes.empty(), 3.0, RefineConfig())
    assert merged.xy.shape == (0, 2)
    assert merged.members == ()


def test_the_radius_is_the_recipe_s():
    wide = RefineConfig(merge_radius_fwhm=2.0)
    assert len(merge(boxes_of([[0, 0], [5, 0]]), 3.0, RefineConfig()).xy) == 2
    assert len(merge(boxes_of([[0, 0], [5, 0]]), 3.0, wide).xy) == 1
