import math

import pytest

from clumpscope.store.shapes import drawn, shape

SIDE, SCALE = (10.0, 20.0), (1.0, 1.0)


@pytest.mark.parametrize(
    ("mark", "box"),
    [
        ({"x": 50, "y": 60}, (45, 50, 55, 70)),
        ({"x": 50, "y": 60, "r": 4}, (46, 56, 54, 64)),
        ({"x": 50, "y": 60, "width": 8, "height": 6}, (50, 60, 58, 66)),
        ({"x_center": 50, "y_center": 60, "width": 8, "height": 6}, (46, 57, 54, 63)),
        ({"x": 50, "y": 60, "rx": 8, "ry": 2, "angle": 90}, (48, 52, 52, 68)),
        ({"x1": 9, "y1": 2, "x2": 3, "y2": 7}, (3, 2, 9, 7)),
    ],
)
def test_every_tool_is_a_box(mark, box):
    assert shape(mark, SIDE, SCALE) == pytest.approx(box)


def test_display_pixels_are_scaled_but_points_keep_the_size_of_their_box():
    assert shape({"x": 50, "y": 60}, SIDE, (2.0, 2.0)) == pytest.approx((95, 110, 105, 130))
    assert shape({"x": 5, "y": 6, "r": 2}, SIDE, (2.0, 1.0)) == pytest.approx((6, 4, 14, 8))


@pytest.mark.parametrize(
    ("mark", "problem"),
    [
        ({"x": 1}, "y: missing"),
        ({"x": "1", "y": 2}, "x: expected a number, got '1'"),
        ({"x": math.nan, "y": 2}, "x: expected a number"),
        ({"x": None, "y": 2}, "x: expected a number"),
        ({"x": True, "y": 2}, "x: expected a number"),
        ({"x": 1, "y": 2, "r": 0}, "r: expected a positive size, got 0"),
        ({"x": 1, "y": 2, "width": 3}, "height: missing"),
    ],
)
def test_bad_numbers_are_named(mark, problem):
    with pytest.raises(ValueError, match=problem):
        shape(mark, SIDE, SCALE)


def test_marks_are_found_in_simple_and_combined_tasks():
    point = {"x": 1, "y": 2, "tool": 0}
    annotations = [
        {"task": "T0", "value": [point, {"choice": "no mark"}]},
        {"task": "T1", "value": "Yes"},
        {"task": "T2", "value": None},
        {"task": "T9", "value": [{"task": "T3", "value": [point]}, {"task": "T4", "value": 3}]},
        "nonsense",
    ]
    assert list(drawn(annotations, ())) == [point, point]
    assert list(drawn(annotations, ("T3",))) == [point]
    assert list(drawn({"task": "T0"}, ())) == []
