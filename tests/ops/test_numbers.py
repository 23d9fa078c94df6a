"""Numbers of others, checked."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.ops.numbers import real, said, whole

ODD = [None, "1", b"1", [1], {}, True, math.nan, math.inf, -math.inf, 10**400, -(10**400), 1j]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_finite_numbers_stay_as_they_are(value):
    assert real(value) == value
    assert isinstance(real(np.float64(value)), float)


@pytest.mark.parametrize("value", ODD)
def test_all_else_is_refused_in_short(value):
    for check in (real, lambda one: whole(one, -9, 9)):
        with pytest.raises(ValueError, match="expected a number") as caught:
            check(value)
        assert len(str(caught.value)) < 150


@pytest.mark.parametrize(("value", "fits"), [(2, True), (4.0, True), (1.99, False), (5, False)])
def test_ranges_include_their_ends(value, fits):
    if fits:
        assert (real(value, 2, 4), whole(value, 2, 4)) == (value, value)
    else:
        with pytest.raises(ValueError, match="expected a number from 2 to 4, got"):
            real(value, 2, 4)


def test_whole_numbers():
    assert isinstance(whole(np.float32(3), 0, 9), int)
    with pytest.raises(ValueError, match="expected a whole number, got 2.5"):
        whole(2.5, 0, 9)


def test_said_is_short_and_plain():
    deep = value = []
    for _ in range(5000):
        deep.append([])
        deep = deep[0]
    for one in (value, "\x1b[31m" * 99, "\ud800", 10**4000, {"a": {"b": {"c": {"d": 1}}}}):
        assert len(said(one)) < 100
        assert said(one).isascii()
        assert said(one).isprintable()
