"""Lines around masks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clumpscope.ops.border import border


def area(line):
    x, y = np.array(line).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def test_one_pixel():
    mask = np.zeros((3, 4), dtype=bool)
    mask[1, 2] = True
    (line,) = border(mask)
    assert set(line) == {(1.5, 0.5), (2.5, 0.5), (2.5, 1.5), (1.5, 1.5)}
    assert area(line) == 1


def test_a_ring_has_a_line_inside_the_other_way_round():
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    assert sorted(map(area, border(mask))) == [-1, 25]


def test_pixels_that_touch_at_a_corner_are_apart():
    assert [area(line) for line in border(np.eye(3, dtype=bool))] == [1, 1, 1]


def test_nothing():
    assert border(np.zeros((3, 3), dtype=bool)) == []


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_the_areas_of_the_lines_are_that_of_the_mask(mask):
    lines = border(mask)
    assert sum(map(area, lines)) == mask.sum()
    for line in lines:
        steps = np.diff(np.vstack([line, line[:1]]), axis=0)
        assert ((steps == 0).sum(axis=1) == 1).all()
        turned = steps[:, 0] * np.roll(steps, -1, axis=0)[:, 1]
        assert ((turned != 0) | (np.roll(steps, -1, axis=0)[:, 0] * steps[:, 1] != 0)).all()
