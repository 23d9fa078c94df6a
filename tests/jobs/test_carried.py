"""Decisions on a run that is made anew: whose, of when, and what comes back."""

import pytest

import vetting
from clumpscope.config.recipe import Recipe
from clumpscope.jobs.labels import import_labels
from clumpscope.jobs.vetted import export, looks
from clumpscope.store.labels import looked_at
from vetting import boxes, client, decide


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


def anew(run, **how):
    vetting.write_run(run, run.parent / "sample", **how)


def told(run, galaxy="a1", key="c1"):
    (one,) = (one for one in export(run / "vet.sqlite")["galaxies"] if one["galaxy_id"] == galaxy)
    return next(box for box in one["boxes"] if box["key"] == key)


def test_the_latest_stays_the_latest_and_keeps_its_time(run):
    with client(run) as ann, client(run, "bob") as bob:
        decide(ann, "a1", "accept", "c1")
        decide(bob, "a1", "accept", "c1")
        decide(ann, "a1", "reject", "c1")
    before = told(run)
    anew(run, shift=0.3)
    with client(run) as one:
        assert one.get("/api/session").json()["carried"] == 2
    after = told(run)
    for name in ("by", "at", "state"):
        assert after[name] == before[name]
    assert (after["by"], after["state"]) == ("ann", "rejected")
    assert after["box"] != before["box"]


def test_a_decision_comes_back_with_its_box_on_a_third_run(run):
    with client(run) as ann, client(run, "bob") as bob:
        decide(ann, "a1", "reject", "c1", value=None)
        decide(bob, "a1", "label", "c1", 2)
        decide(ann, "a1", "accept", "c2")
    before = told(run)
    anew(run, leave_out=1)  # what was c2 is c1 now
    with client(run) as one:
        assert one.get("/api/session").json()["lost"] == [{"galaxy": "a1", "box": "c1"}]
        assert not {"c2", "lost-1"} & set(boxes(one, "a1"))
        assert boxes(one, "a1")["c1"]["state"] == "accepted"
    anew(run, leave_out=1, shift=0.05)
    with client(run) as one:  # still without its box, which is told once
        assert one.get("/api/session").json()["lost"] == []
    anew(run, shift=0.02)
    with client(run) as one:
        found = boxes(one, "a1")
        assert [found[key]["state"] for key in ("c1", "c2")] == ["rejected", "accepted"]
        assert found["c1"]["others"] == [{"by": "bob", "state": "accepted", "label": 2}]
    assert told(run)["at"] == before["at"]


def test_what_is_lost_counts_for_nothing(run):
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
    anew(run, leave_out=1)
    with client(run) as one:
        assert one.get("/api/session").json()["carried"] == 0
        assert decide(one, "a1", "undo").json()["galaxy"] is None
    assert export(run / "vet.sqlite")["galaxies"] == []


def test_boxes_that_are_not_known_are_not_taken_for_looked_at(run, tmp_path):
    """Of a run made anew it is not known whether others are undecided, until it is opened."""
    with client(run) as one:
        decide(one, "b2", "reject", "c1")
        for key in ("c1", "c2"):
            decide(one, "a1", "accept", key)
    anew(run, shift=0.3)
    assert looks(export(run / "vet.sqlite")) == {}
    with client(run) as one:
        assert one.get("/api/session").json()["carried"] == 3
    assert looks(export(run / "vet.sqlite")) == {"a1": 1}
    import_labels(run / "vet.sqlite", tmp_path / "l", "vet", Recipe(), None)
    assert looked_at(tmp_path / "l") == {"a1"}
