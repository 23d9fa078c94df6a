"""Tables of boxes on their way to COCO's figures."""

import numpy as np

from clumpscope.core.records import CORNERS, DETECTIONS, LABELS, record_table
from clumpscope.stages.evaluate.boxes import boxes_against

BOX = {"b": (0.1, 0.1, 0.2, 0.2), "a": (0.6, 0.6, 0.7, 0.7)}


def of(kind, ids, boxes, **columns):
    corners = dict(zip(CORNERS, np.transpose(boxes), strict=True))
    return record_table(kind, {"galaxy_id": ids, "label": [1] * len(ids), **corners, **columns})


def test_galaxies_are_those_of_their_names():
    """Whatever the order of either table; blank boxes do not count."""
    found = of(DETECTIONS, ["a", "b", "b"], [BOX["a"], BOX["b"], BOX["a"]], score=[0.9, 0.8, 0.05])
    blank = (np.nan,) * 4
    labels = of(LABELS, ["b", "c", "a", "b"], [BOX["b"], blank, BOX["a"], blank])
    figures = boxes_against(found, labels, 0.5)
    assert figures["mean"]["ap"] == 1
    assert figures["f1"]["value"] == 1
    assert set(figures["f1_at"]) == {f"0.{k}" for k in range(1, 10)}
    swapped = of(LABELS, ["a", "b"], [BOX["b"], BOX["b"]])
    assert boxes_against(found, swapped, 0.5)["mean"]["ar100"] == 0.5
