"""Requests that mean ill: refused, and nothing is changed."""

import json
from uuid import uuid4

import pytest

import vetting
from clumpscope.net.loopback import is_loopback
from clumpscope.vet.guard import Guard, Rate, name_of
from vetting import ORIGIN, TOKEN, boxes, client, decide


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return vetting.made(tmp_path_factory.mktemp("guard"))


@pytest.fixture(scope="module")
def ann(run):
    with client(run) as one:
        yield one


@pytest.fixture(scope="module")
def stranger(run):
    with client(run, enter=False) as one:
        yield one


BODY = {"galaxy": "a1", "box": "c1", "action": "accept", "value": None}


def body():
    return BODY | {"request": str(uuid4())}


@pytest.fixture(autouse=True)
def nothing_changes(ann):
    yield
    assert ann.get("/api/decisions?since=0").json() == {"revision": 0, "changes": []}


@pytest.mark.parametrize(
    "path",
    ["/", "/api/session", "/api/galaxies", "/api/image/a1", "/openapi.json", "/static/x.js", "/x"],
)
def test_without_the_token_nothing_is_served(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "error" in answer.json()
    guess = {"Cookie": "clumpscope_vet_0=guess"}
    assert stranger.get(path, headers=guess).status_code == 401


@pytest.mark.parametrize("token", ["", "A-TOKEN", "a-token ", "a" * 3000, "é", "%00"])
def test_a_wrong_token(stranger, token):
    assert stranger.get(f"/?token={token}", follow_redirects=False).status_code == 401
    assert not stranger.cookies


def test_the_token_becomes_a_cookie(run):
    with client(run, enter=False) as one:
        answer = one.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_headers_of_every_answer(ann, stranger):
    for answer in (ann.get("/api/session"), ann.get("/nothing"), stranger.get("/")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
    ],
)
def test_writes_of_other_pages(ann, headers):
    assert ann.post("/api/decisions", json=body(), headers=headers).status_code == 403


def test_a_name_that_was_turned_to_us_reads_nothing(ann):
    assert ann.get("/api/session", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"[" * 60_000, "application/json", 400),
        (b"9" * 60_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"x" * 70_000, "application/json", 413),
        (b"galaxy=a1&action=accept", "application/x-www-form-urlencoded", 400),
        (b"{}", "text/plain", 400),
    ],
)
def test_bodies_that_are_none(ann, content, kind, code):
    answer = ann.post("/api/decisions", content=content, headers={"Content-Type": kind})
    assert answer.status_code == code
    assert "error" in answer.json()


def test_a_long_body_that_does_not_say_so(ann):
    def parts():
        for _ in range(20):
            yield b" " * 8000

    answer = ann.post(
        "/api/decisions", content=parts(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "change",
    [
        {"galaxy": "../../etc/passwd"},
        {"galaxy": "<script>alert(1)</script>"},
        {"galaxy": ""},
        {"galaxy": None},
        {"galaxy": ["a1"]},
        {"galaxy": "a1\0"},
        {"box": "c99"},
        {"box": "../c1"},
        {"box": "<img src=x onerror=alert(1)>"},
        {"box": "x" * 1000},
        {"action": "drop"},
        {"action": "skip", "box": None, "value": 1},
        {"action": "skip", "box": None},
        {"action": "skip", "value": True},
        {"action": "accept", "box": None},
        {"action": "accept", "value": 7},
        {"action": "accept", "value": "1"},
        {"action": "label", "value": 0},
        {"action": "label", "value": True},
        {"action": "comment", "value": "x" * 2001},
        {"action": "comment", "value": 5},
        {"action": "move", "value": None},
        {"action": "move", "value": {"x1": 1, "y1": 1, "x2": 1, "y2": 5}},
        {"action": "move", "value": {"x1": 1, "y1": 1, "x2": 5}},
        {"action": "move", "value": {"x1": "1", "y1": 1, "x2": 5, "y2": 5}},
        {"action": "move", "value": {"x1": -1e9, "y1": 1, "x2": 1e9, "y2": 5}},
        {"action": "draw", "box": None, "value": {"x1": 500, "y1": 500, "x2": 520, "y2": 520}},
        {"action": "draw", "box": None, "value": {"x1": 1, "y1": 1, "x2": 9, "y2": 9, "label": 3}},
        {"action": "delete"},
        {"version": -1},
        {"version": 1},
        {"version": 2**63},
        {"version": "0"},
        {"request": "not a uuid"},
        {"request": None},
        {"by": "eve"},
    ],
)
def test_decisions_that_are_none(ann, change):
    answer = ann.post("/api/decisions", json=body() | change)
    assert answer.status_code in (404, 409, 422)
    assert "error" in answer.json()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "-1e400"])
def test_numbers_that_are_none(ann, number):
    text = json.dumps(body() | {"action": "move"}).replace(
        '"value": null', f'"value": {{"x1": {number}, "y1": 1, "x2": 9, "y2": 9}}'
    )
    answer = ann.post("/api/decisions", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def test_comments_are_kept_as_they_are_and_without_controls(tmp_path):
    run = vetting.made(tmp_path)
    nasty = "<script>alert('x')</script>\0\x1b[31m\u202e\ud800 '; DROP TABLE events; --"
    with client(run) as one:
        text = json.dumps(body() | {"action": "comment", "value": nasty})
        told = one.post(
            "/api/decisions", content=text, headers={"Content-Type": "application/json"}
        )
        assert told.status_code in (200, 422)
        decide(one, "a1", "comment", "c1", nasty.replace("\ud800", ""))
        said = boxes(one, "a1")["c1"]["comment"]
        assert "<script>" in said
        assert "\0" not in said
        assert "\x1b" not in said


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"]
)
def test_static_files_are_only_those(ann, path):
    assert ann.get(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods(ann, method):
    answer = ann.request(method, "/api/decisions", json=body())
    assert answer.status_code == 405


def test_a_long_address(ann):
    assert ann.get("/api/galaxies?id=" + "x" * 5000).status_code == 413


@pytest.mark.parametrize(
    ("host", "asked", "served"),
    [
        ("127.0.0.1", "127.0.0.1:8417", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "[::1]:8417", True),
        ("127.0.0.1", "10.0.0.5:8417", False),
        ("10.0.0.5", "10.0.0.5:8417", True),
        ("10.0.0.5", "evil.example", False),
        ("0.0.0.0", "machine.example:8417", True),  # noqa: S104
        ("127.0.0.1", "", False),
    ],
)
def test_which_names_are_served(host, asked, served):
    assert Guard(host=host).serves(asked) is served


def test_names():
    assert name_of("  Zoë \n B. ") == "Zoë B."
    assert name_of("\x1b[31m") == "\\x1b[31m"
    assert len(name_of("x" * 500)) == 40
    assert is_loopback("::1")
    assert not is_loopback("10.0.0.5")


def test_two_guards_have_two_tokens():
    assert Guard().token != Guard().token
    assert len(Guard().token) >= 32


def test_a_rate_lets_so_many_through(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("clumpscope.vet.guard.time.monotonic", lambda: now[0])
    rate = Rate(2, 3)
    assert [rate.allows() for _ in range(4)] == [True, True, True, False]
    now[0] = 1.0
    assert [rate.allows() for _ in range(3)] == [True, True, False]


def test_origin_of_our_own_page(tmp_path):
    run = vetting.made(tmp_path)
    with client(run) as one:
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        assert one.post("/api/decisions", json=body(), headers=headers).status_code == 200
