import numpy as np
import pytest

from clumpscope.core.boxes import LABEL_NAMES, Boxes, Label
from clumpscope.errors import ImageError


def three() -> Boxes:
    return Boxes.of(
        [[0, 0, 2, 4], [1, 1, 1, 1], [5, 5, 9, 9]],
        [Label.CLUMP, Label.ODD, Label.CLUMP],
        [0.9, 0.5, 0.1],
        [[0.1, 0.9, 0.0], [0.3, 0.2, 0.5], [0.9, 0.1, 0.0]],
    )


def test_labels_are_the_published_ones():
    assert {int(label): name for label, name in LABEL_NAMES.items()} == {1: "clump", 2: "odd clump"}


def test_empty_is_length_0_and_stays_so():
    empty = Boxes.empty()
    assert len(empty) == 0
    assert empty.xyxy.shape == (0, 4)
    assert empty.probabilities.shape == (0, 3)
    assert empty.centres.shape == (0, 2)
    assert len(empty[[]]) == 0
    assert len(empty[np.zeros(0, bool)]) == 0


def test_selection():
    boxes = three()
    assert boxes[[2, 0]].scores.tolist() == [0.1, 0.9]
    kept = boxes[boxes.scores > 0.3]
    assert kept.labels.tolist() == [1, 2]
    assert kept.probabilities.shape == (2, 3)
    assert len(boxes[[]]) == 0


def test_centres():
    assert three().centres.tolist() == [[1, 2], [1, 1], [7, 7]]


def test_rows_must_agree():
    with pytest.raises(ImageError, match="boxes: expected 2 rows in every array"):
        Boxes.of([[0, 0, 1, 1]], [1], [0.5, 0.6], [[0, 1, 0]])
    with pytest.raises(ImageError, match="rows in every array"):
        Boxes.of([[0, 0, 1, 1]], [1], [0.5], [])


@pytest.mark.parametrize("box", [[2, 0, 1, 1], [0, 2, 1, 1], [np.nan, 0, 1, 1]])
def test_a_reversed_box_is_refused(box):
    with pytest.raises(ImageError, match="x1 <= x2 and y1 <= y2"):
        Boxes.of([box], [1], [0.5], [[0, 1, 0]])
