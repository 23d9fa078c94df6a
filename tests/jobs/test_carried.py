"""Decisions on a run that is made anew: whose, of when, and what comes back."""

import pytest

import vetting
from clumpscope.config.recipe import Recipe
from clumpscope.jobs.labels import import_labels
from clumpscope.jobs.vetted import export, looks
from clumpscope.store.decisions import Decisions
from clumpscope.store.labels import looked_at
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
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


def drawn(one, galaxy="a1"):
    return decide(one, galaxy, "draw", value={"x1": 30, "y1": 4, "x2": 38, "y2": 12, "label": 2})


def test_who_drew_a_box_stays_known(run):
    with client(run) as ann, client(run, "bob") as bob:
        drawn(ann)
        decide(bob, "a1", "reject", "d1")
        decide(ann, "a1", "label", "d1", 1)
    anew(run, shift=0.3)
    with client(run) as ann, client(run, "bob") as bob:
        assert boxes(ann, "a1")["d1"]["drawn_by"] == "ann"
        assert decide(bob, "a1", "delete", "d1").status_code == 422
        assert decide(ann, "a1", "delete", "d1").status_code == 200


def test_what_was_lost_does_not_come_back_over_a_later_word(run):
    """There, gone, there and rejected, gone, there: the reject is the last word."""
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
    anew(run, leave_out=1)
    with client(run):
        pass
    anew(run)
    with client(run) as one:
        decide(one, "a1", "reject", "c1")
    anew(run, leave_out=1)
    with client(run):
        pass
    anew(run, shift=0.02)
    with client(run) as one:
        assert boxes(one, "a1")["c1"]["state"] == "rejected"


def test_an_image_that_cannot_be_read_loses_nothing(run):
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
        drawn(one)
    image = Run(run).sample().folder / "images" / "a1.fits"
    content = image.read_bytes()
    image.write_bytes(b"none")
    anew(run, shift=0.02)
    with client(run) as one:
        told_of = one.get("/api/session").json()
        assert (told_of["carried"], told_of["lost"]) == (2, [])
    image.write_bytes(content)
    with client(run) as one:
        assert {key: box["state"] for key, box in boxes(one, "a1").items() if box["by"]} == {
            "c1": "accepted",
            "d1": "accepted",
        }


def test_a_galaxy_that_goes_counts_for_nothing_and_comes_back(run):
    """Its hosts' table has it no more, then again; each time the run has other boxes."""
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
        drawn(one)
        decide(one, "a1", "nothing_missed", value=True)
        decide(one, "b2", "accept", "c1")
    sample = Run(run).sample().folder
    hosts = (sample / "hosts.parquet").read_bytes()
    table = Sample.open(sample).hosts
    write_parquet(table[table["galaxy_id"] != "a1"], sample / "hosts.parquet")
    anew(run, leave_out=2)
    with client(run) as one:
        session = one.get("/api/session").json()
        assert session["carried"] == 1
        assert session["lost"] == [{"galaxy": "a1", "box": key} for key in ("c1", "d1")]
    assert [one["galaxy_id"] for one in export(run / "vet.sqlite")["galaxies"]] == ["b2"]
    (sample / "hosts.parquet").write_bytes(hosts)
    anew(run, shift=0.02)
    with client(run) as one:
        found = boxes(one, "a1")
        assert (found["c1"]["state"], found["d1"]["state"]) == ("accepted", "accepted")
        assert one.get("/api/galaxies/a1").json()["nothing_missed"]


def test_a_page_that_is_still_open_on_the_run_before_changes_no_later_word(run):
    before = client(run)
    with before as one:
        decide(one, "a1", "nothing_missed", value=True)
        decide(one, "a1", "accept", "c1")
        key = Decisions(run / "vet.sqlite").since(0)[-1].run
        anew(run, shift=0.02)
        with client(run) as other:
            decide(other, "a1", "nothing_missed", value=False)
            decide(other, "a1", "reject", "c1")
        log = Decisions(run / "vet.sqlite")
        state = next(one.after for one in log.since(0) if one.box == "c1")
        log.add("ann", key, "a1", "c2", "accept", lambda _: state, request="late")
        log.close()
    with client(run) as one:
        assert boxes(one, "a1")["c1"]["state"] == "rejected"
        assert not one.get("/api/galaxies/a1").json()["nothing_missed"]
