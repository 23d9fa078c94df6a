"""What people have of boxes, from the log of their decisions."""

import pytest

import vetting
from clumpscope.jobs.vetted import export
from clumpscope.stages.vet.state import BoxState
from clumpscope.store.decisions import Decisions
from vetting import client, decide


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


def counts(run):
    (galaxy,) = export(run / "vet.sqlite")["galaxies"]
    (box,) = galaxy["boxes"]
    return box["by"], box["state"]


def test_a_comment_is_no_decision(run):
    with client(run) as ann, client(run, "bob") as bob:
        decide(ann, "a1", "reject", "c1")
        decide(bob, "a1", "accept", "c1")
        decide(ann, "a1", "comment", "c1", "hm")
        document = ann.get("/api/export").json()
        assert counts(run) == ("bob", "accepted")
        assert document["galaxies"] == export(run / "vet.sqlite")["galaxies"]
        mine = document["galaxies"][0]["boxes"][0]["people"]
        assert {one["by"]: one["comment"] for one in mine} == {"ann": "hm", "bob": ""}
        decide(ann, "a1", "reject", "c1")  # said again, it is the last word
        assert counts(run) == ("ann", "rejected")


def test_all_events_count_however_many(run):
    state = BoxState("drawn", (0.1, 0.1, 0.2, 0.2), (0.1, 0.1, 0.2, 0.2), (48, 80)).plain()
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
        key = Decisions(run / "vet.sqlite").since(0)[0].run
        rows = [
            ("bob", key, "b2", "d1", "carry", None, state, k, "2026-01-01T00:00:00+00:00")
            for k in range(100_001)
        ]
        assert len(Decisions(run / "vet.sqlite").carry(rows)) == len(rows)
        decide(one, "a1", "reject", "c1")
    found = {one["galaxy_id"]: one["boxes"] for one in export(run / "vet.sqlite")["galaxies"]}
    assert found["a1"][0]["state"] == "rejected"
