"""Which galaxies a report shows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.clumps import clump_table
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.records import GALAXIES, record_table
from clumpscope.plot.report.choice import DOUBTFUL, MOST, RANDOM, WITHOUT, choose

LEVELS = [0, int(ClumpFlag.LOW_SNR), int(ClumpFlag.STAR)]


def tables(galaxies):
    """A run of galaxies, each a list of its clumps' qualities; ``None`` failed."""
    ids = [f"g{k:03d}" for k in range(len(galaxies))]
    status = ["failed" if clumps is None else "ok" for clumps in galaxies]
    rows = [
        (name, k + 1, LEVELS[level])
        for name, clumps in zip(ids, galaxies, strict=True)
        for k, level in enumerate(clumps or [])
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    names = ("galaxy_id", "clump_id", "flags")
    clumps = clump_table("positions", {n: list(c) for n, c in zip(names, columns, strict=True)})
    return record_table(GALAXIES, {"galaxy_id": ids, "status": status}), clumps


GALAXY = st.none() | st.lists(st.sampled_from([0, 1, 2]), max_size=5)


@settings(max_examples=50, deadline=None)
@given(st.lists(GALAXY, min_size=1, max_size=60), st.integers(0, 3))
def test_each_once_of_its_sort_and_none_that_failed(galaxies, seed):
    chosen = choose(*tables(galaxies), seed)
    ids = [name for names in chosen.values() for name in names]
    assert len(ids) == len(set(ids)) <= 30
    found = {f"g{k:03d}": clumps for k, clumps in enumerate(galaxies)}
    assert all(found[name] is not None for name in ids)
    assert all((found[name] == []) == (why == WITHOUT) for why in chosen for name in chosen[why])
    assert all(any(found[name]) for name in chosen.get(DOUBTFUL, []))
    good = [len(clumps) for clumps in galaxies if clumps]
    most = [len(found[name]) for name in chosen.get(MOST, [])]
    assert most == sorted(good, reverse=True)[:6]
    empty = sum(clumps == [] for clumps in galaxies)
    assert len(chosen.get(WITHOUT, [])) == min(empty, 6)
    left = len(good) - len(most) - len(chosen.get(DOUBTFUL, []))
    assert len(chosen.get(RANDOM, [])) == min(left, 12)


def test_in_doubt_are_those_with_most_to_leave_out_then_with_most_to_take_care_of():
    galaxies = [[0] * 9] * 6 + [[1, 1, 1], [2], [2, 2], [1], [0], [2, 1]]
    chosen = choose(*tables(galaxies))
    assert chosen[DOUBTFUL] == ["g008", "g011", "g007", "g006", "g009"]


def test_what_is_drawn_at_random_follows_the_seed():
    run = tables([[0]] * 60)
    one, same, other = (choose(*run, seed)[RANDOM] for seed in (1, 1, 2))
    assert one == same != other
    assert not np.array_equal(sorted(one), one)
