"""The real command, in a process of its own: its address, its end, and what it never loses."""

import json
import os
import signal
import socket
import sqlite3
import threading
from uuid import uuid4

import httpx
import pytest

import labelled
import vetting
from clumpscope.errors import StoreError
from clumpscope.vet.guard import Guard
from clumpscope.vet.server import serve
from vetting import entered, server


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


def events(run):
    with sqlite3.connect(run / "vet.sqlite") as found:
        rows = found.execute("SELECT request, galaxy, box, action, by FROM events").fetchall()
    found.close()
    return rows


def decision(galaxy="a1", box="c1", action="accept"):
    return {"galaxy": galaxy, "box": box, "action": action, "request": str(uuid4())}


def test_it_serves_until_it_is_interrupted(run):
    with server(run) as (process, address):
        with entered(address) as one:
            assert one.get("/api/session").json()["vetter"] == "ann"
        with httpx.Client(trust_env=False) as stranger:
            assert stranger.get(address.partition("?")[0] + "api/session").status_code == 401
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130)
    assert "Traceback" not in err
    assert out == ""


def test_another_s_port_is_refused(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreError, match=f"127.0.0.1:{port}: expected a free port, got one in"):
            serve(None, Guard(port=port), print, browser=False)


def test_an_address_that_is_not_ours(run):
    with pytest.raises(StoreError, match="cannot listen on"):
        serve(None, Guard(host="192.0.2.1"), print, browser=False)


def test_two_browsers_at_once_lose_nothing(run):
    """A thousand decisions of two people, from two clients each, all kept, in order."""
    sent: dict[str, list[str]] = {}
    boxes = [(g, f"c{k}") for g, n in (("a1", 2), ("b2", 3), ("c3", 1)) for k in range(1, n + 1)]

    def write(address, name, number):
        with entered(address, name) as one:
            mine = sent[f"{name}{number}"] = []
            for k in range(250):
                galaxy, box = boxes[k % len(boxes)]
                body = decision(galaxy, box, ("accept", "reject")[k % 2])
                assert one.post("/api/decisions", json=body).status_code == 200
                mine.append(body["request"])

    with server(run) as (_, address):
        threads = [
            threading.Thread(target=write, args=(address, name, number))
            for name in ("ann", "bob")
            for number in (1, 2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with entered(address) as one:
            assert one.get("/api/session").json()["revision"] == 1000
    kept = [row[0] for row in events(run)]
    assert len(kept) == 1000
    assert set(kept) == {request for mine in sent.values() for request in mine}
    for mine in sent.values():
        own = set(mine)
        assert [request for request in kept if request in own] == mine


@pytest.mark.parametrize("after", [1, 30, 77])
def test_a_killed_server_loses_at_most_the_request_in_flight(run, after):
    told, asked = [], []

    def write(address):
        with entered(address) as one:
            while True:
                body = decision()
                asked.append(body["request"])
                try:
                    answer = one.post("/api/decisions", json=body)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200
                told.append(body["request"])
                if len(told) == after:
                    reached.set()

    reached = threading.Event()
    with server(run) as (process, address):
        thread = threading.Thread(target=write, args=(address,))
        thread.start()
        assert reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        thread.join(60)
    kept = [row[0] for row in events(run)]
    assert kept[: len(told)] == told
    assert len(asked) - len(told) == 1
    assert kept[len(told) :] in ([], asked[-1:])
    with server(run) as (_, address), entered(address) as one:  # it opens again, and goes on
        assert one.get("/api/session").json()["revision"] == len(kept)
        assert one.post("/api/decisions", json=decision()).status_code == 200
        # A client that had no answer asks again: it counts once.
        assert one.post("/api/decisions", json=decision() | {"request": asked[-1]})
    assert len(events(run)) in (len(told) + 2, len(kept) + 2)


def test_two_servers_on_one_run_see_one_another(run):
    with (
        server(run) as (_, first),
        server(run) as (_, second),
        entered(first) as one,
        entered(second, "bob") as other,
    ):
        one.post("/api/decisions", json=decision())
        changes = other.get("/api/decisions?since=0").json()["changes"]
        assert [change["by"] for change in changes] == ["ann"]
        other.post("/api/decisions", json=decision(action="reject"))
        assert one.get("/api/agreement").json()["boxes"] == 1


def test_a_run_made_anew_keeps_what_still_matches(run, tmp_path):
    with vetting.client(run) as one:
        for galaxy, number in (("a1", 1), ("b2", 2), ("c3", 1)):
            vetting.decide(one, galaxy, "accept", f"c{number}")
        vetting.decide(one, "a1", "comment", "c1", "sharp")
        vetting.decide(one, "b2", "draw", None, {"x1": 5, "y1": 5, "x2": 15, "y2": 15})
        vetting.decide(one, "b2", "nothing_missed", value=True)
        moved = {"x1": 78.0, "y1": 42.0, "x2": 84.0, "y2": 48.0}
        vetting.decide(one, "c3", "move", "c1", moved)
    # The first clump of a1 goes, so the second gets its number; all boxes move a little.
    vetting.write_run(run, tmp_path / "sample", shift=1.0, leave_out=1)
    with vetting.client(run) as one:
        session = one.get("/api/session").json()
        assert session["lost"] == [{"galaxy": "a1", "box": "c1"}]
        assert session["carried"] == 4  # two boxes of the model, a drawn one, a galaxy
        assert vetting.boxes(one, "a1")["c1"]["state"] == "undecided"
        found = vetting.boxes(one, "b2")
        assert [found[key]["state"] for key in ("c1", "c2", "c3", "d1")] == [
            *("undecided", "accepted", "undecided", "accepted"),
        ]
        assert one.get("/api/galaxies/b2").json()["nothing_missed"]
        box = vetting.boxes(one, "c3")["c1"]
        assert {name: box[name] for name in moved} == pytest.approx(moved)
        new = {"x1": 25, "y1": 25, "x2": 30, "y2": 30}
        assert vetting.decide(one, "b2", "draw", None, new).json()["key"] == "d2"
    with vetting.client(run) as one:  # once is enough
        assert one.get("/api/session").json()["carried"] == 0
    # The old one again: what was decided on it is there.
    vetting.write_run(run, tmp_path / "sample")
    with vetting.client(run) as one:
        assert vetting.boxes(one, "a1")["c1"]["comment"] == "sharp"
        assert vetting.boxes(one, "b2")["c2"]["state"] == "accepted"
        assert set(vetting.boxes(one, "b2")) >= {"d1", "d2"}


def test_a_run_made_far_off_loses_all_and_says_so(run, tmp_path):
    with vetting.client(run) as one:
        vetting.decide(one, "a1", "accept", "c1")
    vetting.write_run(run, tmp_path / "sample", shift=4.0)
    with vetting.client(run) as one:
        assert one.get("/api/session").json()["lost"] == [{"galaxy": "a1", "box": "c1"}]
    assert labelled.FWHM["a1"] * 2 / 0.396 / 3 < 4.0  # IoU 0.5 is a third of the width


def test_its_description_is_json(run):
    with vetting.client(run) as one:
        paths = json.loads(one.get("/openapi.json").text)["paths"]
    assert {"/api/session", "/api/galaxies", "/api/decisions", "/api/export"} <= set(paths)
