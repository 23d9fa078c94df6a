"""What a table of labels may hold, wherever it comes from."""

import numpy as np
import pytest

from clumpscope.core.label_tables import note_labels
from clumpscope.core.problems import Problems
from clumpscope.core.records import CONSENSUS, LABELS
from clumpscope.core.schema import build_table
from clumpscope.errors import TableError

GOOD = {
    "galaxy_id": ["a", "b"],
    "label": [1, 2],
    **{name: [0.1, -0.01] for name in ("x1", "y1")},
    **{name: [0.2, 1.01] for name in ("x2", "y2")},
    "ra": [np.nan, 360.0],
    "dec": [np.nan, -90.0],
    "probability": [np.nan, 1.0],
    "p_odd": [0.0, 0.5],
    "n_marks": [0, 4],
}


def noted(blank=False, **changes):
    problems = Problems()
    table = build_table([*LABELS, *CONSENSUS], {**GOOD, **changes}, {})
    note_labels(table, "f", problems, blank=blank)
    return problems.reasons


def test_good_labels_pass_and_blank_boxes_where_they_may():
    assert noted() == noted(blank=True) == {}
    blank = {name: [0.1 if name[1] == "1" else 0.2, np.nan] for name in ("x1", "y1", "x2", "y2")}
    assert noted(blank=True, **blank) == {}
    message = "x1, y1, x2, y2: expected finite numbers, got nan, nan, nan, nan"
    assert noted(**blank) == {1: message}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"galaxy_id": ["a", "../b"]}, "galaxy_id: expected 1 to 64"),
        ({"label": [1, 3]}, "label: expected 1 (clump) or 2 (odd clump), got 3"),
        ({"x1": [0.1, np.nan]}, "x1, y1, x2, y2: expected finite numbers, got nan, -0.01"),
        ({"x2": [0.2, np.inf]}, "x1, y1, x2, y2: expected finite numbers"),
        ({"y2": [0.2, -0.01]}, "x1, y1, x2, y2: expected x1 < x2 and y1 < y2"),
        ({"x2": [0.2, 2.5]}, "x1, y1, x2, y2: expected a box near the image"),
        ({"ra": [0, 361]}, "ra: expected degrees within 360 of 0, got 361"),
        ({"probability": [0, 1.01]}, "probability: expected 0 to 1, got 1.01"),
        ({"tool_mean": [0, -0.1]}, "tool_mean: expected 0 to 1, got -0.1"),
        ({"n_looks": [0, -1]}, "n_looks: expected 0 or more, got -1"),
    ],
)
def test_the_row_and_the_reason_are_noted(changes, problem):
    reasons = noted(blank=True, **changes)
    assert list(reasons) == [1]
    assert reasons[1].startswith(problem)


def test_columns_of_text_are_named():
    table = build_table(LABELS, {name: GOOD[name] for name in (spec.name for spec in LABELS)}, {})
    table["probability"] = ["high", "low"]
    with pytest.raises(TableError, match="^f: probability: expected numbers, got others"):
        note_labels(table, "f", Problems(), blank=True)
