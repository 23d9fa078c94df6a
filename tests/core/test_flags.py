"""Flags in words."""

import numpy as np
import pytest
from astropy.table import Column
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.flags import DESCRIPTIONS, ClumpFlag, flag_names
from clumpscope.errors import TableError


@given(st.sets(st.sampled_from(list(ClumpFlag))))
def test_names_are_those_that_were_set(flags):
    names = flag_names(sum(flags))
    assert {ClumpFlag[name] for name in names} == flags
    assert names == sorted(names, key=lambda name: ClumpFlag[name])


def test_a_column_gives_a_list_for_each_clump():
    flags = [0, int(ClumpFlag.MOVED), int(ClumpFlag.NUCLEUS | ClumpFlag.MERGED)]
    for column in (Column(flags), np.array(flags), flags):
        assert flag_names(column) == [[], ["MOVED"], ["NUCLEUS", "MERGED"]]
    assert flag_names([]) == []


@pytest.mark.parametrize("wrong", [1.0, [1.0], ["1"], [[1]], 1 << len(ClumpFlag), -1])
def test_what_is_no_flag_is_refused(wrong):
    with pytest.raises(TableError, match="flags: expected"):
        flag_names(wrong)


def test_every_flag_is_one_bit_and_described():
    assert [flag.value for flag in ClumpFlag] == [1 << bit for bit in range(len(ClumpFlag))]
    assert list(DESCRIPTIONS) == list(ClumpFlag)
