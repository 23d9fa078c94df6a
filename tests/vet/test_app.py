"""Every route of the page but pictures, as a browser asks it."""

import csv
import io
import json
from uuid import uuid4

import numpy as np
import pytest

import labelled
import vetting
from vetting import boxes, client, decide


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


@pytest.fixture
def ann(run):
    with client(run) as one:
        yield one


def test_a_session_tells_what_there_is(ann):
    told = ann.get("/api/session").json()
    expected = {"vetter": "ann", "read_only": False, "blind": False, "galaxies": 3, "clumps": 6}
    assert {name: told[name] for name in expected} == expected
    assert told["models"] == ["toy"]
    assert told["run"] == "run"
    assert told["bands"] == list("ugriz")
    assert told["filters"]["score"] == {
        "kind": "range",
        "min": pytest.approx(0.3),
        "max": pytest.approx(0.95),
    }
    assert told["filters"]["flag"]["values"] == ["BLENDED"]
    assert told["revision"] == 0


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("", ["a1", "b2", "c3"]),
        ("sort=score&order=desc", ["c3", "b2", "a1"]),
        ("sort=p_real&order=asc", ["c3", "b2", "a1"]),
        ("sort=clumps&order=desc", ["b2", "a1", "c3"]),
        ("sort=ratio&order=desc", ["c3", "b2", "a1"]),
        ("sort=colour&order=asc", ["a1", "b2", "c3"]),
        ("sort=odd&order=asc", ["c3", "a1", "b2"]),
        ("sort=flagged&order=desc", ["a1", "b2", "c3"]),
        ("score=0.9,", ["c3"]),
        ("score=,0.35", ["a1"]),
        ("label=2", ["a1", "b2"]),
        ("label=2&score=0.5,", ["b2"]),
        ("quality=0", ["a1", "b2"]),
        ("flag=BLENDED", ["a1", "b2", "c3"]),
        ("flag=NUCLEUS", []),
        ("ratio=0.19,1", ["c3"]),
        ("colour=-1,-0.1", ["a1"]),
        ("redshift=0.055,0.065", ["b2"]),
        ("id=B", ["b2"]),
        ("status=decided", []),
        ("status=undecided,skipped&offset=1&limit=1", ["b2"]),
        ("limit=0", []),
    ],
)
def test_the_gallery_is_filtered_sorted_and_paged(ann, asked, ids):
    found = ann.get(f"/api/galaxies?{asked}").json()
    assert [row["id"] for row in found["rows"]] == ids


def test_a_galaxy_passes_if_one_clump_passes_all_filters(ann):
    # b2 has an odd clump, and a clump of a score above 0.8, but not in one.
    assert ann.get("/api/galaxies?label=2&score=0.8,").json()["total"] == 0


def test_a_row_of_the_gallery(ann):
    row = ann.get("/api/galaxies?id=a1").json()["rows"][0]
    assert row["id"] == "a1"
    assert (row["clumps"], row["undecided"], row["decided"]) == (2, 2, 0)
    assert row["score"] == pytest.approx(0.43)
    assert row["status"] == "undecided"
    assert row["flags"] == ["BLENDED"]
    assert row["redshift"] == pytest.approx(0.05)
    # Chances 0.9 and 0.76: as far as 0.76 from a half, twice.
    assert row["uncertainty"] == pytest.approx(1 - 2 * 0.26, abs=1e-5)


@pytest.mark.parametrize(
    "asked",
    [
        *("sort=nothing", "order=up", "offset=-1", "limit=501", "limit=1e3", "score=a,b"),
        *("score=1", "score=nan,1", "quality=3", "label=0", "flag=NOTHING", "status=done"),
        *("what=1", "sort=id&sort=score", "id=" + 70 * "x", "limit=²", "ratio=;DROP"),
    ],
)
def test_what_the_gallery_cannot_be_asked(ann, asked):
    answer = ann.get(f"/api/galaxies?{asked}")
    assert answer.status_code == 422
    assert "expected" in answer.json()["error"]


def test_a_galaxy(ann):
    told = ann.get("/api/galaxies/a1").json()
    ny, nx = labelled.SHAPES["a1"]
    assert told["shape"] == [ny, nx]
    assert (told["previous"], told["next"]) == (None, "b2")
    assert told["bands"] == list("ugriz")
    assert told["pixscale_arcsec"] == pytest.approx(0.396, rel=1e-3)
    assert told["kpc_per_arcsec"] == pytest.approx(0.978, rel=2e-3)  # z = 0.05
    assert told["psf_fwhm_arcsec"] == pytest.approx(1.1, rel=1e-3)
    assert told["flipped"] is False
    assert abs(told["north_deg"]) == pytest.approx(25, abs=0.1)
    assert [link["name"] for link in told["links"]] == [
        *("SDSS", "Legacy Surveys", "ESASky", "Aladin Lite")
    ]
    crval, crpix, cd = (np.array(told["sky"][name]) for name in ("crval", "crpix", "cd"))
    wcs = labelled.wcs_of("a1")
    assert crpix == pytest.approx([(nx - 1) / 2, (ny - 1) / 2])
    assert crval == pytest.approx(wcs.wcs_pix2world([crpix], 0)[0])
    corner = cd @ ([2, 5] - crpix) / [np.cos(np.radians(crval[1])), 1] + crval
    assert corner == pytest.approx(wcs.wcs_pix2world([[2, 5]], 0)[0], abs=0.02 / 3600)
    assert told["outline"]
    assert all(-0.5 <= x <= nx - 0.5 for line in told["outline"] for x, _ in line)
    found = boxes(ann, "a1")
    assert set(found) == {"c1", "c2", "l1", "l2"}
    box = found["c1"]
    half = 1.1 / 0.396
    assert [box[name] for name in ("x1", "y1", "x2", "y2")] == pytest.approx(
        [55 - half, 20.5 - half, 55 + half, 20.5 + half], abs=1e-2
    )
    assert (box["source"], box["state"], box["version"], box["label"]) == (
        *("model", "undecided", 0, 1),
    )
    assert box["fluxes"]["u"] == pytest.approx([1.0, 0.1])  # microjansky
    assert box["colours"] == {"g-r": pytest.approx(-0.2)}
    assert found["c2"]["flags"] == ["BLENDED"]
    assert found["l1"]["source"] == "label"


def test_neighbours_are_those_of_the_gallery(ann):
    told = ann.get("/api/galaxies/b2?sort=score&order=desc").json()
    assert (told["previous"], told["next"], told["place"]) == ("c3", "a1", 1)
    told = ann.get("/api/galaxies/b2?label=1&id=a").json()
    assert (told["previous"], told["next"], told["place"]) == (None, None, None)


@pytest.mark.parametrize("name", ["nobody", "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a1%00"])
@pytest.mark.parametrize("route", ["galaxies", "image", "thumb"])
def test_no_such_galaxy(ann, route, name):
    assert ann.get(f"/api/{route}/{name}").status_code == 404


def test_decisions_go_there_and_back(ann):
    answer = decide(ann, "a1", "accept", "c1", version=0)
    assert answer.status_code == 200
    told = answer.json()
    assert told["box"]["state"] == "accepted"
    assert told["box"]["decided_label"] == 1
    assert told["galaxy"]["undecided"] == 1
    decide(ann, "a1", "label", "c2", 1)
    decide(ann, "a1", "comment", "c2", "<script>alert(1)</script>")
    found = boxes(ann, "a1")
    assert (found["c2"]["state"], found["c2"]["decided_label"]) == ("accepted", 1)
    assert found["c2"]["comment"] == "<script>alert(1)</script>"
    assert found["c2"]["by"] == "ann"
    row = ann.get("/api/galaxies?id=a1").json()["rows"][0]
    assert (row["decided"], row["undecided"], row["status"]) == (2, 0, "decided")
    assert [one["id"] for one in ann.get("/api/galaxies?status=decided").json()["rows"]] == ["a1"]
    decide(ann, "a1", "reject", "c2")
    assert boxes(ann, "a1")["c2"]["state"] == "rejected"


def test_boxes_are_moved_drawn_and_taken_away(ann):
    corners = {"x1": 10.0, "y1": 12.0, "x2": 20.0, "y2": 30.0}
    told = decide(ann, "a1", "move", "c1", corners).json()["box"]
    assert {name: told[name] for name in corners} == pytest.approx(corners)
    assert told["moved"]
    drawn = decide(ann, "a1", "draw", None, corners | {"label": 2}).json()
    assert drawn["key"] == "d1"
    assert drawn["box"]["source"] == "drawn"
    assert drawn["box"]["decided_label"] == 2
    assert decide(ann, "a1", "draw", None, corners).json()["key"] == "d2"
    assert decide(ann, "a1", "delete", "d1").json()["box"] is None
    assert set(boxes(ann, "a1")) == {"c1", "c2", "l1", "l2", "d2"}
    assert decide(ann, "a1", "delete", "c1").status_code == 422


def test_galaxies_are_skipped_and_whole(ann):
    decide(ann, "b2", "skip", value=True)
    decide(ann, "b2", "comment", value="merger")
    told = decide(ann, "b2", "nothing_missed", value=True).json()["galaxy"]
    assert told == {
        "id": "b2",
        **{"nothing_missed": True, "skipped": True, "comment": "merger"},
        **{"decided": 0, "undecided": 3, "status": "skipped"},
    }
    assert ann.get("/api/galaxies?status=skipped").json()["total"] == 1


def test_undo_and_redo(ann):
    decide(ann, "a1", "accept", "c1")
    decide(ann, "b2", "reject", "c1")
    told = decide(ann, "a1", "undo").json()  # wherever the person is
    assert (told["galaxy"]["id"], told["key"], told["box"]["state"]) == ("b2", "c1", "undecided")
    assert decide(ann, "a1", "undo").json()["galaxy"]["id"] == "a1"
    assert decide(ann, "a1", "undo").json() == {
        **{"revision": 4, "done": False, "galaxy": None, "box": None},
    }
    assert decide(ann, "a1", "redo").json()["box"]["state"] == "accepted"
    decide(ann, "a1", "reject", "c2")
    assert not decide(ann, "a1", "redo").json()["done"]


def test_after_an_undo_the_version_is_the_new_one(ann):
    decide(ann, "a1", "accept", "c1", version=0)
    version = decide(ann, "a1", "undo").json()["box"]["version"]
    assert version == 2
    assert decide(ann, "a1", "reject", "c1", version=version).status_code == 200


def test_a_conflict_gives_the_present_state(ann):
    decide(ann, "a1", "accept", "c1", version=0)
    answer = decide(ann, "a1", "reject", "c1", version=0)
    assert answer.status_code == 409
    assert answer.json()["box"]["state"] == "accepted"
    assert answer.json()["box"]["version"] == 1
    assert boxes(ann, "a1")["c1"]["state"] == "accepted"


def test_the_same_request_twice_counts_once(ann):
    request = str(uuid4())
    one, other = (
        decide(ann, "a1", "draw", value={"x1": 1, "y1": 1, "x2": 9, "y2": 9}, request=request)
        for _ in range(2)
    )
    assert one.json() == other.json()
    assert ann.get("/api/session").json()["revision"] == 1


def test_whole_numbers_are_numbers_of_a_box(ann):
    assert decide(ann, "a1", "draw", None, {"x1": 1, "y1": 1, "x2": 9, "y2": 9}).status_code == 200


def test_changes_are_told_to_others(run, ann):
    decide(ann, "a1", "accept", "c1")
    with client(run, "bob") as bob:
        told = bob.get("/api/decisions?since=0").json()
        assert told["revision"] == 1
        (change,) = told["changes"]
        assert (change["by"], change["key"], change["box"]["state"]) == ("ann", "c1", "undecided")
        assert change["box"]["others"] == [{"by": "ann", "state": "accepted", "label": 1}]
        decide(bob, "a1", "reject", "c1")
        assert bob.get("/api/decisions?since=2").json() == {"revision": 2, "changes": []}
    found = boxes(ann, "a1")["c1"]
    assert found["state"] == "accepted"
    assert found["others"] == [{"by": "bob", "state": "rejected", "label": None}]
    row = ann.get("/api/galaxies?sort=disagreement&order=desc").json()["rows"][0]
    assert (row["id"], row["disagreement"]) == ("a1", 1)
    assert ann.get("/api/agreement").json()["boxes"] == 1


def test_who_it_is_can_be_said_in_the_address(run):
    with client(run, enter=False) as one:
        one.get(f"/?token={vetting.TOKEN}&as=Zoë B.", follow_redirects=False)
        assert one.get("/api/session").json()["vetter"] == "Zoë B."


def test_a_box_that_another_drew(run, ann):
    decide(ann, "a1", "draw", None, {"x1": 1, "y1": 1, "x2": 9, "y2": 9})
    with client(run, "bob") as bob:
        box = boxes(bob, "a1")["d1"]
        assert (box["state"], box["drawn_by"]) == ("undecided", "ann")
        refused = decide(bob, "a1", "delete", "d1")
        assert refused.status_code == 422
        assert "one that ann drew; reject it" in refused.json()["error"]
        assert decide(bob, "a1", "reject", "d1").json()["box"]["state"] == "rejected"
    assert boxes(ann, "a1")["d1"]["state"] == "accepted"


def test_decisions_are_exported(ann):
    decide(ann, "a1", "accept", "c1")
    decide(ann, "a1", "comment", "c1", "=1+1")
    decide(ann, "c3", "reject", "c1")
    decide(ann, "c3", "nothing_missed", value=True)
    answer = ann.get("/api/export?format=json")
    assert answer.headers["content-disposition"].endswith('"vetted.json"')
    document = json.loads(answer.text)
    assert document["kind"] == "clumpscope vet"
    first, last = document["galaxies"]
    assert [box["state"] for box in first["boxes"]] == ["accepted"]
    assert last["nothing_missed"]
    rows = list(csv.DictReader(io.StringIO(ann.get("/api/export?format=csv").text)))
    assert [(row["galaxy_id"], row["box"], row["state"]) for row in rows] == [
        *[("a1", "c1", "accepted"), ("c3", "c1", "rejected")],
    ]
    assert rows[0]["comment"] == "'=1+1"
    assert ann.get("/api/export?format=xml").status_code == 422


def test_looking_only(run):
    with client(run) as one:
        decide(one, "a1", "accept", "c1")
    before = (run / "vet.sqlite").read_bytes()
    with client(run, read_only=True) as one:
        assert one.get("/api/session").json()["read_only"]
        assert boxes(one, "a1")["c1"]["state"] == "accepted"
        assert decide(one, "a1", "reject", "c1").status_code == 405
    assert (run / "vet.sqlite").read_bytes() == before


def test_looking_only_where_nobody_has_decided(run):
    with client(run, read_only=True) as one:
        assert one.get("/api/galaxies").json()["total"] == 3
        assert one.get("/api/decisions?since=0").json() == {"revision": 0, "changes": []}
    assert not (run / "vet.sqlite").exists()


def test_another_run_beside(run, tmp_path):
    other = vetting.write_run(tmp_path / "other", tmp_path / "sample", shift=0.5, leave_out=1)
    with client(run, beside=other) as one:
        found = boxes(one, "a1")
        assert set(found) == {"c1", "c2", "o1", "l1", "l2"}
        assert (found["o1"]["source"], found["o1"]["run"]) == ("other", "other")
        row = one.get("/api/galaxies?sort=disagreement&order=desc").json()["rows"][0]
        assert (row["id"], row["disagreement"]) == ("a1", 1)
        for key in ("o1", "l1"):  # their keys are another run's, and rows of a table
            answer = decide(one, "a1", "accept", key)
            assert answer.status_code == 422
            assert "expected one of the run, or drawn" in answer.json()["error"]
