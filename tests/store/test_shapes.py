import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.store.shapes import NoExtentError, drawn, shape, tool_names

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
        ({"x_center": 50, "y_center": 60, "r": 4, "toolType": "circle"}, (46, 56, 54, 64)),
        ({"x_center": 50, "y_center": 60, "rx": 8, "ry": 2, "angle": 90}, (48, 52, 52, 68)),
        # Turned by a quarter about their centres 40, 15 and 10, 20.
        ({"x": 10, "y": 10, "width": 60, "height": 10, "angle": 90}, (35, -15, 45, 45)),
        (
            {"x_center": 10, "y_center": 20, "width": 60, "height": 10, "angle": -90},
            (5, -10, 15, 50),
        ),
        (
            {"x": 0, "y": 0, "width": 2, "height": 2, "angle": 45},
            (1 - 2**0.5,) * 2 + (1 + 2**0.5,) * 2,
        ),
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
        ({"x": 10**400, "y": 2}, r"x: expected a number from -1e\+06 to 1e\+06, got 1000*\.\.\.0"),
        ({"x": 1, "y": 2, "width": 3}, "height: missing"),
        ({"tool": 0}, "x: missing"),
        ({"tool": 0, "points": [{"x": 1, "y": 2}]}, "expected a point, .*, got one with points"),
        (
            {"x": 1, "y": 2, "points": [{"x": 1, "y": 2}]},
            "expected a point, .*, got one with points",
        ),
        ({"pathX": [1], "pathY": [2], "toolType": "freehandLine"}, "got one with pathX"),
        ({"x": 1, "y": 2, "radius": 3, "rotation": 4, "spread": 5}, "got one with radius"),
        ({"x": 1, "y": 2, "toolType": "fan"}, "got 'fan'"),
        ({"x": 1, "y": 2, "toolType": ["point"]}, r"got \['point'\]"),
    ],
)
def test_what_cannot_be_read_is_named(mark, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        shape(mark, SIDE, SCALE)
    assert not isinstance(caught.value, NoExtentError)


@given(
    *(st.floats(-100, 100), st.floats(-100, 100)),
    *(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(-720, 720)),
)
def test_a_turned_rectangle_is_the_box_about_its_corners(x, y, w, h, angle):
    turn = np.exp(1j * np.radians(angle))
    middle = x + w / 2 + 1j * (y + h / 2)
    corners = middle + turn * np.array([dx + 1j * dy for dx in (-w, w) for dy in (-h, h)]) / 2
    box = corners.real.min(), corners.imag.min(), corners.real.max(), corners.imag.max()
    mark = {"x": x, "y": y, "width": w, "height": h, "angle": angle}
    assert shape(mark, SIDE, SCALE) == pytest.approx(box, abs=1e-9)


@pytest.mark.parametrize("mark", [{"r": 0}, {"rx": 1, "ry": -2}, {"width": 0, "height": 3}])
def test_a_size_of_none_is_told_apart(mark):
    with pytest.raises(NoExtentError, match=r"expected a positive size, got (0|-2)"):
        shape({"x": 1, "y": 2, **mark}, SIDE, SCALE)


POINT = {"x": 1, "y": 2, "tool": 0}


def test_marks_are_found_in_simple_and_combined_tasks():
    annotations = [
        {"task": "T0", "value": [POINT, {"choice": "no mark"}]},
        {"task": "T1", "value": "Yes"},
        {"task": "T2", "value": None},
        {"task": "T5", "value": ["one answer", "another"]},
        {"task": "T9", "value": [{"task": "T3", "value": [POINT]}, {"task": "T4", "value": 3}]},
    ]
    assert drawn(annotations, ()) == [POINT, POINT]
    assert drawn(annotations, ("T3",)) == [POINT]
    assert drawn(annotations, ("T2", "T8")) == []


UNKNOWN, NO_TASK = "unknown answer label", "task cannot be exported"


def deep(levels):
    value = [{"task": "T0", "value": [POINT]}]
    for _ in range(levels):
        value = [{"task": "T0", "value": value}]
    return value


@pytest.mark.parametrize(
    ("annotations", "tasks", "problem"),
    [
        ([{"task": "T0", "value": UNKNOWN}], (), f"expected marks, got '{UNKNOWN}'"),
        ([{"task": "T0", "value": [UNKNOWN, "Yes"]}], (), f"expected marks, got '{UNKNOWN}'"),
        ([{"task": "T0", "value": NO_TASK}, {"task": "T1", "value": [POINT]}], (), NO_TASK),
        ([{"task": "T0", "value": "Yes"}], ("T0",), "expected marks, got 'Yes'"),
        ([{"task": "T0", "value": {"x": 1}}, {"task": "T0", "value": 7}], ("T0",), "got 7"),
        ([{"task": "T0", "value": [{"choice": "x"}]}], ("T0",), r"got \{'choice': 'x'\}"),
        (["nonsense"], (), "expected an annotation with its task, got 'nonsense'"),
        ([{"value": [POINT]}], (), "expected an annotation with its task"),
        (deep(4), (), "expected a list of tasks"),
        ({"task": "T0"}, (), "expected a list of tasks"),
    ],
)
def test_an_annotation_that_cannot_be_read_is_named(annotations, tasks, problem):
    with pytest.raises(ValueError, match=problem):
        drawn(annotations, tasks)


def test_an_answer_that_is_not_known_is_no_drawing():
    """As in the real export, where marks stand beside it; the recipe's tasks settle it."""
    beside = [{"task": "T0", "value": [POINT]}, {"task": "T2", "value": UNKNOWN}]
    assert drawn(beside, ()) == drawn(beside, ("T0",)) == [POINT]
    with pytest.raises(ValueError, match=UNKNOWN):
        drawn(beside, ("T2",))
    assert drawn([{"task": "T0", "value": []}, beside[1]], ()) == []


def test_names_of_tools_are_short_texts():
    assert tool_names({"tool": 3, "tool_label": " Clump "}) == ("Clump", "3")
    assert tool_names({"toolIndex": 3}) == ("", "3")
    nested = [[[[[[1]]]]]]
    label, number = tool_names({"tool": nested, "tool_label": "x" * 10_000})
    assert (label, number) == ("x" * 200, "[[[[...]]]]")
