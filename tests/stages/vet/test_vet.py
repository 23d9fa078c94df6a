"""What people say of boxes, taken together, compared, and carried to a new run."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.box_tables import corners_of
from clumpscope.errors import TableError
from clumpscope.ops.overlap import iou
from clumpscope.stages.labels.formats import vet as form
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.vet import (
    BoxState,
    GalaxyState,
    Said,
    agreement,
    changed_box,
    changed_galaxy,
    differ,
    document,
    latest,
    majority,
    rematched,
    rows,
    verdict,
)
from clumpscope.stages.vet.document import KIND, VERSION
from clumpscope.stages.vet.state import drawn_box

BOX = (0.1, 0.2, 0.3, 0.4)
START = BoxState("model", BOX, BOX, (50, 80))


def said(by, revision, state="accepted", label=1, **more):
    return Said(by, "2026-01-01", revision, replace(START, state=state, label=label, **more))


@pytest.mark.parametrize(
    ("action", "value", "state", "label"),
    [
        ("accept", None, "accepted", 2),  # as it was found
        ("accept", 1, "accepted", 1),
        ("reject", None, "rejected", 0),
        ("label", 1, "accepted", 1),
        ("move", {"x1": 1, "y1": 2, "x2": 9, "y2": 9}, "accepted", 2),
        ("comment", "x", "undecided", 0),
    ],
)
def test_what_an_action_makes_of_a_box(action, value, state, label):
    after = changed_box(START, action, value, 2)
    assert (after.state, after.label) == (state, label)


def test_a_label_stays_when_it_is_accepted_again():
    odd = changed_box(START, "label", 2, 1)
    assert changed_box(changed_box(odd, "reject", None, 1), "accept", None, 1).label == 2


def test_a_move_keeps_where_the_box_was():
    moved = changed_box(START, "move", {"x1": -0.5, "y1": -0.5, "x2": 39.5, "y2": 24.5}, 1)
    assert moved.box == pytest.approx((0, 0, 0.5, 0.5))
    assert moved.origin == BOX
    assert moved.px == pytest.approx((-0.5, -0.5, 39.5, 24.5))


def test_only_drawn_boxes_are_taken_away():
    drawn = drawn_box({"x1": 1, "y1": 2, "x2": 9, "y2": 9, "label": 2}, (50, 80))
    assert (drawn.state, drawn.label) == ("accepted", 2)
    assert changed_box(drawn, "delete", None).deleted
    assert verdict(changed_box(drawn, "delete", None)) == 0
    with pytest.raises(TableError, match="delete: expected a box that was drawn, got model"):
        changed_box(START, "delete", None)


def test_what_is_said_of_a_galaxy():
    state = changed_galaxy(GalaxyState(), "skip", True)
    state = changed_galaxy(state, "comment", "far")
    assert changed_galaxy(state, "nothing_missed", True) == GalaxyState(True, True, "far")
    with pytest.raises(TableError, match="skip: expected true or false, got 1"):
        changed_galaxy(state, "skip", 1)


def test_a_state_comes_back():
    assert BoxState.of(START.plain()) == START
    assert GalaxyState.of(GalaxyState(True).plain()) == GalaxyState(True)
    for broken in ({}, START.plain() | {"state": "maybe"}, START.plain() | {"box": [1, 2]}):
        with pytest.raises(ValueError, match="."):
            BoxState.of(broken)


def test_the_last_word_and_that_of_the_most():
    people = [said("a", 1, label=1), said("b", 2, label=1), said("c", 3, "rejected", 0)]
    assert latest(people).by == "c"
    assert majority(people).by == "b"
    assert majority(people[1:]).by == "c"  # as many: the last
    assert latest([said("a", 1), said("b", 2, "undecided", 0)]).by == "a"
    assert latest([]) is None
    assert majority([]) is None
    assert differ(people)
    assert not differ(people[:2])
    assert not differ([said("a", 1), said("b", 2, "undecided", 0)])


def test_agreement_by_hand():
    # Of four boxes two people say CC, CR, RR, OO: 3/4 the same; 1/2·1/4 + 1/4·1/2 + 1/16 by chance.
    words = {"C": ("accepted", 1), "O": ("accepted", 2), "R": ("rejected", 0)}
    boxes = [
        [said("a", 1, *words[one]), said("b", 2, *words[other])]
        for one, other in ("CC", "CR", "RR", "OO")
    ]
    found = agreement([*boxes, [said("a", 1)], []])
    (pair,) = found.pairs
    assert (pair.people, pair.boxes, pair.same) == (("a", "b"), 4, 0.75)
    chance = 0.5 * 0.25 + 0.25 * 0.5 + 0.25 * 0.25
    assert pair.kappa == pytest.approx((0.75 - chance) / (1 - chance))
    share = (3 / 8) ** 2 + (3 / 8) ** 2 + (2 / 8) ** 2
    assert found.fleiss == pytest.approx((0.75 - share) / (1 - share))
    assert found.boxes == 4


def test_a_box_is_the_same_from_an_overlap_of_a_half():
    old = np.array([[0, 0, 1, 1], [2, 2, 3, 3.0]])
    new = np.array([[2, 2, 3, 3.0], [0, 0, 1, 0.5], [5, 5, 6, 6]])
    assert rematched(old, new).tolist() == [1, 0]
    assert rematched(old, new, 0.51).tolist() == [-1, 0]
    assert rematched(old, np.empty((0, 4))).tolist() == [-1, -1]
    assert rematched(np.empty((0, 4)), new).tolist() == []


def test_two_old_boxes_do_not_become_one():
    old = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9]])
    new = np.array([[0, 0, 1, 0.95]])
    assert sorted(rematched(old, new).tolist()) == [-1, 0]


CORNER = st.integers(0, 8)
BOXES = st.lists(st.tuples(CORNER, CORNER, st.integers(1, 6), st.integers(1, 6)), max_size=7)


@given(BOXES, BOXES)
def test_matches_are_one_to_one_and_overlap_enough(old, new):
    a, b = (
        np.array([[x, y, x + w, y + h] for x, y, w, h in boxes], dtype=float).reshape(-1, 4)
        for boxes in (old, new)
    )
    found = rematched(a, b)
    hit = np.flatnonzero(found >= 0)
    assert len(set(found[hit].tolist())) == len(hit)
    overlap = iou(a, b)
    assert all(overlap[k, found[k]] >= 0.5 for k in hit)
    left = overlap.copy()  # what is left over has no partner left
    left[hit] = 0
    left[:, found[hit]] = 0
    assert (left < 0.5).all()
    assert rematched(a, a).tolist() != [-1] * len(a) or not len(a)


def told():
    boxes = {
        "g1": {
            "c1": [said("a", 1), said("b", 2, label=2)],
            "c2": [said("a", 3, "rejected", 0)],
            "d1": [said("a", 4, source="drawn", deleted=True)],
        },
        "g2": {"c1": [said("a", 5, "undecided", 0, comment="=x")], "d1": [said("b", 6)]},
    }
    return boxes, {"g3": {"a": GalaxyState(nothing_missed=True)}}


def test_a_document_tells_all():
    found = document(*told(), run="key")
    assert (found["kind"], found["version"], found["run"]) == (KIND, VERSION, "key")
    first, second, third = found["galaxies"]
    assert [box["key"] for box in first["boxes"]] == ["c1", "c2", "d1"]
    assert first["boxes"][0]["label"] == 2
    assert first["boxes"][0]["differ"]
    assert len(first["boxes"][0]["people"]) == 2
    assert third == {
        **{"galaxy_id": "g3", "nothing_missed": True, "skipped": False, "boxes": []},
        "undecided": None,
        "people": {"a": GalaxyState(nothing_missed=True).plain()},
    }
    assert second["galaxy_id"] == "g2"


def test_a_document_tells_what_nobody_decided_on():
    keys = {"g1": ["c1", "c2"], "g2": ["c1", "c2"]}
    found = document(*told(), run="key", found=keys)["galaxies"]
    assert [galaxy["undecided"] for galaxy in found] == [0, 2, 0]


def test_rows_of_a_table():
    head, *body = rows(told()[0])
    assert head[:3] == ["galaxy_id", "box", "source"]
    assert [row[:2] for row in body] == [
        *(["g1", "c1"], ["g1", "c1"], ["g1", "c2"], ["g2", "c1"], ["g2", "d1"]),
    ]
    assert body[0][-8:-4] == list(BOX)


def test_labels_are_boxes_that_were_accepted_or_drawn():
    assert (form.KIND, form.VERSION) == (KIND, VERSION)
    labels = form.read(document(*told(), run=""), Images(None, 400), "a file")
    assert list(zip(labels["galaxy_id"], labels["label"], strict=True)) == [("g1", 2), ("g2", 1)]
    assert labels["x2"].tolist() == [BOX[2]] * 2


@pytest.mark.parametrize(
    "change",
    [
        *({"kind": "other"}, {"version": 2}, {"galaxies": 3}, {"galaxies": [1]}),
        {"galaxies": [{"galaxy_id": "g", "boxes": [3]}]},
        {"galaxies": [{"galaxy_id": "g", "boxes": [{"state": "accepted", "box": [1]}]}]},
        {"galaxies": [{"galaxy_id": "..", "boxes": [{"state": "accepted", "box": list(BOX)}]}]},
    ],
)
def test_documents_that_are_none(change):
    with pytest.raises(TableError, match="a file"):
        form.read(document(*told(), run="") | change, Images(None, 400), "a file")


def test_of_boxes_for_one_clump_one_counts():
    """Two people draw what was missed, one over a box that another has accepted."""
    shape = (50, 80)
    box = {"x1": 7.5, "y1": 9.5, "x2": 23.5, "y2": 19.5, "label": 2}
    near = {"x1": 9, "y1": 9.5, "x2": 25, "y2": 19.5, "label": 1}
    far = {"x1": 50, "y1": 9.5, "x2": 66, "y2": 19.5, "label": 1}

    def drawn(by, revision, value):
        return Said(by, "2026-01-01", revision, drawn_box(value, shape))

    boxes = {
        "c1": [said("a", 9)],  # of the model: where the drawn boxes are, but said last
        "d1": [drawn("a", 1, box)],
        "d2": [drawn("b", 2, near)],
        "d3": [drawn("b", 3, far)],
    }
    read = form.FORMAT.read(document({"g": boxes}, {}, "key"), Images(None, 400), "v")
    assert read["label"].tolist() == [1, 1]
    kept = [drawn_box(value, shape).box for value in (near, far)]
    assert corners_of(read).tolist() == [pytest.approx(one) for one in kept]
    del boxes["d1"], boxes["d2"]
    assert len(form.FORMAT.read(document({"g": boxes}, {}, "key"), Images(None, 400), "v")) == 2
