import numpy as np
import pytest

from clumpscope.config.labels import LabelsConfig
from clumpscope.core.records import CONSENSUS, LABELS
from clumpscope.core.schema import build_table
from clumpscope.stages.labels.select import select

SIDE = 0.04


def labels(*rows):
    """Labels from (galaxy_id, label, x, y of the centre[, probability, tool_mean])."""
    columns = {
        "galaxy_id": [row[0] for row in rows],
        "label": [row[1] for row in rows],
        "x1": [row[2] - SIDE / 2 for row in rows],
        "y1": [row[3] - SIDE / 2 for row in rows],
        "x2": [row[2] + SIDE / 2 for row in rows],
        "y2": [row[3] + SIDE / 2 for row in rows],
    }
    if len(rows[0]) > 4:
        columns["probability"] = [row[4] for row in rows]
        columns["tool_mean"] = [row[5] for row in rows]
        return build_table([*LABELS, *CONSENSUS], columns, {})
    return build_table(LABELS, columns, {})


def test_the_published_numbers(gzcs):
    chosen, steps = select(gzcs, LabelsConfig())
    last = steps[-1]
    assert (last.galaxies, last.boxes, last.normal, last.odd) == (18772, 39745, 29619, 10126)
    assert len(chosen) == 39745
    assert (steps[0].galaxies, steps[0].boxes) == (19956, 46164)


def test_each_cut_takes_its_boxes():
    given = labels(
        ("far", 1, 0.4, 0.4),
        ("a", 1, 0.51, 0.49),  # bulge: both axes within 0.02
        ("a", 1, 0.515, 0.55),  # only one axis: stays
        ("a", 1, 0.2, 0.5),  # outside the field
        ("a", 2, 0.31, 0.5),  # its box crosses the padding
        ("b", 1, 0.6, 0.6),
    )
    chosen, steps = select(given, LabelsConfig(), {"far": 0.3, "a": 0.1})
    assert [step.boxes for step in steps] == [6, 5, 5, 4, 3, 2]
    assert list(chosen["galaxy_id"]) == ["a", "b"]
    assert len(given) == 6


def test_odd_rule_and_probability():
    given = labels(
        ("a", 1, 0.6, 0.6, 0.9, 0.2),
        ("b", 1, 0.6, 0.6, 0.9, 0.6),  # most used the odd tool
        ("c", 1, 0.6, 0.6, 0.2, 0.0),  # more likely false than not
        ("d", 2, 0.6, 0.6, np.nan, np.nan),
    )
    chosen, _ = select(given, LabelsConfig())
    assert list(chosen["label"]) == [1, 2, 2, 2]
    strict, steps = select(given, LabelsConfig(max_p_false=0.5))
    assert list(strict["galaxy_id"]) == ["a", "b", "d"]
    assert list(given["label"]) == [1, 1, 1, 2]  # the table given is left alone
    assert [step.odd for step in steps][:2] == [3, 3]


@pytest.mark.parametrize("turn", [0, 1])
def test_rows_and_columns_are_treated_alike(turn):
    rng = np.random.default_rng(3)
    xy = rng.uniform(0.2, 0.8, (200, 2))
    chosen, _ = select(labels(*[(str(k), 1, *p) for k, p in enumerate(xy)]), LabelsConfig())
    other = xy[:, ::-1] if turn else 1 - xy
    mirrored, _ = select(labels(*[(str(k), 1, *p) for k, p in enumerate(other)]), LabelsConfig())
    assert list(chosen["galaxy_id"]) == list(mirrored["galaxy_id"])
