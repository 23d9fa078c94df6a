"""Labels as boxes of each galaxy, and labels that cannot be."""

import numpy as np
import pytest

import labelled
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.boxes import labels_by_galaxy

CORNERS = ("x1", "y1", "x2", "y2")
IDS = [*labelled.SHAPES, "empty"]


def boxes_of(table):
    return labels_by_galaxy(table, IDS, "labels.parquet")


def test_boxes_come_as_the_table_has_them():
    """Of every galaxy its own, in the order of its rows; of one without labels none."""
    table = labelled.labels()[[3, 0, 5, 4, 1, 2]]
    boxes = boxes_of(table)
    assert set(boxes) == set(labelled.SHAPES)
    for name, found in boxes.items():
        mine = np.asarray(table["galaxy_id"]) == name
        expected = np.column_stack([plain(table, corner)[mine] for corner in CORNERS])
        assert (found.xyxy == expected).all()
        assert found.labels.tolist() == plain(table, "label")[mine].tolist()
        assert found.scores.tolist() == [1.0] * mine.sum()
        assert np.isnan(found.probabilities).all()


def test_probabilities_of_a_consensus_become_scores():
    """What is not known counts in full, and what is beyond 0 to 1 is cut."""
    table = labelled.labels()
    table["probability"] = [0.25, np.nan, 0.5, 1.2, -0.1, 1.0]
    boxes = boxes_of(table)
    found = {name: one.scores.tolist() for name, one in boxes.items()}
    assert found == {"a1": [0.25, 1.0], "b2": [0.5, 1.0, 0.0], "c3": [1.0]}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", 3, r"label: expected 1 \(clump\) or 2 \(odd clump\), got 3"),
        ("label", 0, "label: expected 1 .*, got 0"),
        ("x2", 0.0, r"x1 < x2 and y1 < y2, got"),
        ("y1", 1.5, r"x1 < x2 and y1 < y2, got .*1\.5"),
        ("x1", np.nan, "finite numbers, got nan, "),
        ("y2", np.inf, "finite numbers, got .*, inf"),
        ("galaxy_id", "stray", "galaxy_id: expected a galaxy of the sample, got stray"),
    ],
)
def test_impossible_labels_are_named(column, value, message):
    table = labelled.labels()
    values = plain(table, column).astype(object)
    values[1] = value
    table[column] = values.astype(str if column == "galaxy_id" else float)
    with pytest.raises(TableError, match=rf"labels\.parquet, row 2, .*{message}"):
        boxes_of(table)
