import numpy as np
from astropy import units as u
from astropy.table import QTable

from clumpscope.core.box_tables import boxes_by_galaxy, corner_columns, corners_of, detections_table
from clumpscope.core.boxes import Boxes
from clumpscope.core.records import CORNERS, PROBABILITIES

TWO = Boxes.of(
    [[0.1, 0.2, 0.3, 0.5], [0.4, 0.1, 0.6, 0.9]], [1, 2], [0.9, 0.4],
    [[0.05, 0.9, 0.05], [0.5, 0.1, 0.4]],
)  # fmt: skip
ONE = Boxes.of([[0.0, 0.1, 1.0, 0.2]], [1], [0.3], [[0.7, 0.3, 0.0]])


def test_boxes_come_back_from_their_table():
    table = detections_table({"b": ONE, "none": Boxes.empty(), "a": TWO})
    assert list(table["galaxy_id"]) == ["b", "a", "a"]
    assert [list(table[name]) for name in CORNERS] == [
        [0.0, 0.1, 0.4], [0.1, 0.2, 0.1], [1.0, 0.3, 0.6], [0.2, 0.5, 0.9],
    ]  # fmt: skip
    assert [list(table[name]) for name in PROBABILITIES] == [
        [0.7, 0.05, 0.5], [0.3, 0.9, 0.1], [0.0, 0.05, 0.4],
    ]  # fmt: skip
    back = boxes_by_galaxy(table)
    assert list(back) == ["a", "b"]
    for name, boxes in (("a", TWO), ("b", ONE)):
        for part in ("xyxy", "labels", "scores", "probabilities"):
            assert np.array_equal(getattr(back[name], part), getattr(boxes, part))


def test_no_boxes_are_an_empty_table():
    for found in ({}, {"a": Boxes.empty()}):
        table = detections_table(found)
        assert len(table) == 0
        assert boxes_by_galaxy(table) == {}


def test_corners_under_other_names_and_with_units():
    table = QTable({f"px_{name}": [float(k), 9.0] * u.pix for k, name in enumerate(CORNERS)})
    assert corners_of(table, "px_").tolist() == [[0, 1, 2, 3], [9, 9, 9, 9]]
    assert corners_of(table[:0], "px_").shape == (0, 4)


def test_corner_columns_are_the_inverse():
    table = QTable(corner_columns(TWO.xyxy))
    assert table.colnames == list(CORNERS)
    assert np.array_equal(corners_of(table), TWO.xyxy)
    assert len(corner_columns(np.zeros((0, 4)))["x1"]) == 0
