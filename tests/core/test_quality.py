"""Quality of a clump's row, from its flags."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core import quality as module
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.quality import BAD, CARE, GOOD, OF_QUALITY, quality


def test_the_documented_table_is_the_one_that_counts():
    level, named = None, {BAD: set(), CARE: set(), GOOD: set()}
    for line in module.__doc__.splitlines():
        level = int(line[0]) if line[:1].isdigit() else level
        if level is not None:
            named[level] |= set(re.findall(r"``(\w+)``", line))
    for level in (BAD, CARE):
        assert named[level] == {flag.name for flag in ClumpFlag if flag & OF_QUALITY[level]}


def test_no_flag_is_of_two_levels_and_the_saturated_and_stars_are_bad():
    assert not OF_QUALITY[BAD] & OF_QUALITY[CARE]
    flags = [0, ClumpFlag.MERGED | ClumpFlag.MOVED, ClumpFlag.NEAR_STAR, ClumpFlag.STAR]
    assert quality([int(flag) for flag in flags]).tolist() == [0, 0, 1, 2]


@given(st.lists(st.integers(0, sum(ClumpFlag)), max_size=8), st.integers(0, sum(ClumpFlag)))
def test_more_flags_never_make_it_better(flags, more):
    bits = np.array(flags, dtype=np.int64)
    assert (quality(bits | more) >= quality(bits)).all()
