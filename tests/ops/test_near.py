"""Pairs of places that are near each other, against all pairs one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.ops.near import near


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.integers(0, 15), st.integers(0, 15))
def test_pairs_are_those_of_a_loop(seed, n, m):
    rng = np.random.default_rng(seed)
    first, second = (rng.integers(0, 12, (k, 2)).astype(float) for k in (n, m))
    for places in (first, second):
        places[rng.random(places.shape) < 0.05] = rng.choice([np.nan, np.inf, -np.inf, 1e300])
    of_first, of_second = (rng.integers(0, 3, k) for k in (n, m))
    reach = np.array([1.0, 3.0, 5.0])
    i, j, distance = near(first, of_first, second, of_second, reach)
    expected = {
        (a, b): np.hypot(*(first[a] - second[b]))
        for a in range(n)
        for b in range(m)
        if of_first[a] == of_second[b]
        and np.isfinite(first[a]).all()
        and np.isfinite(second[b]).all()
        and np.hypot(*(first[a] - second[b])) < reach[of_first[a]]
        and np.abs(first[a]).max() < 1e299
    }
    got = dict(zip(zip(i.tolist(), j.tolist(), strict=True), distance.tolist(), strict=True))
    assert got == expected
