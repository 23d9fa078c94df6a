import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.boxes import Boxes, Label
from clumpscope.ops.merge import groups_within, merge


def boxes_of(xy, labels=1, scores=None):
    xy = np.asarray(xy, dtype=float)
    n = len(xy)
    scores = np.linspace(0.9, 0.3, n) if scores is None else scores
    return Boxes.of(
        np.hstack([xy - 2, xy + 2]), np.broadcast_to(labels, n), scores, np.zeros((n, 3))
    )


def flood(xy, radius):
    """Groups by following every chain, one point at a time."""
    group, number = [-1] * len(xy), 0
    for start in range(len(xy)):
        if group[start] >= 0:
            continue
        queue = [start]
        while queue:
            i = queue.pop()
            group[i] = number
            queue += [
                j
                for j in range(len(xy))
                if group[j] < 0 and np.linalg.norm(xy[i] - xy[j]) <= radius
            ]
        number += 1
    return group


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 25), st.floats(0.5, 12))
def test_groups_are_those_of_a_flood(seed, n, radius):
    xy = np.random.default_rng(seed).uniform(0, 40, (n, 2))
    assert groups_within(xy, radius).tolist() == flood(xy, radius)


def test_a_chain_joins_its_ends():
    merged = merge(boxes_of([[0, 0], [3, 0], [6, 0], [20, 0]]), 3.0)
    assert sorted(map(tuple, merged.xy)) == [(3, 0), (20, 0)]
    chain = int(np.argmin(merged.xy[:, 0]))
    assert merged.members[chain].tolist() == [0, 1, 2]


def test_position_is_the_plain_mean_label_odd_score_the_highest():
    merged = merge(boxes_of([[0, 0], [2, 1]], [Label.CLUMP, Label.ODD], [0.9, 0.4]), 5.0)
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
    plain = merge(boxes_of(xy, labels, scores), 5.0)
    other = merge(boxes_of(xy[order] * signs + [7, -3], labels[order], scores[order]), 5.0)
    first, second = np.argsort(plain.score), np.argsort(other.score)
    assert other.xy[second] == pytest.approx(plain.xy[first] * signs + [7, -3])
    assert other.label[second].tolist() == plain.label[first].tolist()
    assert order[other.best[second]].tolist() == plain.best[first].tolist()


def test_no_boxes_make_no_groups():
    merged = merge(Boxes.empty(), 3.0)
    assert merged.xy.shape == (0, 2)
    assert merged.members == ()
