import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.ops.groups import groups_within


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
