"""Texts keep clear of each other and inside the window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.plot.annotate import place_texts

WINDOW = np.array([0.0, 0.0, 100.0, 80.0])
NONE = np.zeros((0, 4))
SIZE = np.array([6.0, 2.0])


def rectangles(centres, sizes=SIZE):
    return np.hstack([centres - sizes / 2, centres + sizes / 2])


def overlap(a, b):
    return np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 80)), min_size=1, max_size=12))
def test_up_to_a_dozen_texts_hardly_overlap_and_stay_in_the_window(points):
    anchors = np.array(points)
    places = place_texts(
        anchors, np.full(len(points), 2.0), np.tile(SIZE, (len(points), 1)), WINDOW, NONE
    )
    boxes = rectangles(places)
    # A fiftieth of a text may stick out: further off it would be less clear whose it is.
    assert (boxes[:, :2] >= -0.02 * SIZE).all()
    assert (boxes[:, 2:] <= WINDOW[2:] + 0.02 * SIZE).all()
    for i in range(len(boxes)):
        for j in range(i):
            assert overlap(boxes[i], boxes[j]) < 0.1 * SIZE.prod()


def test_a_lone_text_stands_beside_its_mark_and_not_on_it():
    (place,) = place_texts(np.array([[50.0, 40.0]]), np.array([3.0]), SIZE[None], WINDOW, NONE)
    assert place == pytest.approx([50 + 3 + 0.6 + 3, 40 + 3 + 0.6 + 1])


def test_taken_places_and_other_marks_are_avoided():
    anchors, reach = np.array([[50.0, 40.0], [58.0, 44.0]]), np.array([3.0, 3.0])
    places = place_texts(anchors, reach, np.tile(SIZE, (2, 1)), WINDOW, NONE)
    mark = np.array([55.0, 41.0, 61.0, 47.0])
    assert overlap(rectangles(places)[0], mark) == 0
    taken = np.array([[52.0, 42.0, 70.0, 60.0]])
    (place,) = place_texts(anchors[:1], reach[:1], SIZE[None], WINDOW, taken)
    assert overlap(rectangles(place[None])[0], taken[0]) == 0


def test_a_text_does_not_stand_nearer_to_another_mark():
    """Two marks side by side: the text of the left one may not go to its right."""
    anchors, reach = np.array([[50.0, 40.0], [57.0, 40.5]]), np.array([3.0, 3.0])
    boxes = rectangles(place_texts(anchors, reach, np.tile(SIZE, (2, 1)), WINDOW, NONE))
    for k, box in enumerate(boxes):
        apart = [np.hypot(*(np.clip(xy, box[:2], box[2:]) - xy)) for xy in anchors]
        assert np.argmin(apart) == k
