"""The blind mode: places without names, answered one by one, read by `evaluate --answers`."""

import base64
import csv
import io
import re
from contextlib import contextmanager
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import vetting
from clumpscope.core.records import BY_EYE, record_table
from clumpscope.errors import FolderError
from clumpscope.jobs.by_eye import read_answers
from clumpscope.stages import by_eye
from clumpscope.store.tables import write_parquet
from clumpscope.vet.app import create_app
from clumpscope.vet.blind import Blind
from clumpscope.vet.guard import Guard

N = 6


def jpeg(shade):
    stream = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), shade, dtype=np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "eye"
    (folder / "readers").mkdir(parents=True)
    key = record_table(
        BY_EYE,
        {
            "number": range(1, N + 1),
            "galaxy_id": [f"secret{k}" for k in range(N)],
            "x": [1.0] * N,
            "y": [1.0] * N,
            "stratum": ["run:2"] * N,
            "probability": [0.5] * N,
        },
    )
    key["role_0"], key["role_1"] = [2, 2, 2, 0, 0, 0], [0, 0, 0, 2, 2, 2]
    key.meta |= {"finders": ["secretmodel", "classical finder"], "set": "abc123"}
    write_parquet(key, folder / "key.parquet")
    cards = [base64.b64encode(jpeg(20 * k)).decode() for k in range(N)]
    (folder / "readers" / "judge.html").write_text(by_eye.html_page(cards, "abc123"))
    return folder


@contextmanager
def client(pages, name="ann", **options):
    app = create_app(Blind(pages, **options), Guard(vetting.TOKEN, name))
    with TestClient(app, base_url=vetting.ORIGIN) as one:
        one.get(f"/?token={vetting.TOKEN}", follow_redirects=False)
        yield one


def say(one, number, answer):
    body = {"number": number, "answer": answer, "request": str(uuid4())}
    return one.post("/api/blind", json=body)


def test_places_have_numbers_and_pictures_only(pages):
    with client(pages) as one:
        assert one.get("/api/session").json()["blind"]
        told = one.get("/api/blind")
        assert told.json()["questions"][2] == {"number": 3, "picture": "/api/blind/3"}
        assert told.json()["answered"] == {}
        for k in range(N):
            answer = one.get(f"/api/blind/{k + 1}")
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.content == jpeg(20 * k)
        everything = told.text + one.get("/api/session").text + one.get("/openapi.json").text
        assert "secret" not in everything


@pytest.mark.parametrize(
    "path",
    [
        *("/api/galaxies", "/api/galaxies/secret0", "/api/image/secret0", "/api/thumb/secret0"),
        *("/api/decisions", "/api/agreement", "/api/blind/0", "/api/blind/7"),
    ],
)
def test_nothing_else_is_served(pages, path):
    with client(pages) as one:
        assert one.get(path).status_code == 404


def test_answers_are_those_that_evaluate_reads(pages):
    kinds = ["clump", "clump", "none", "odd", "unsure", "arm"]
    for name in ("ann", "bob"):
        with client(pages, name) as one:
            for number, kind in enumerate(kinds, start=1):
                told = say(one, number, kind).json()
                assert told["answered"] == number
                assert told["finished"] == (number == N)
                if number < N:
                    assert not (pages / "answers" / f"{name}.csv").exists()
            if name == "bob":
                assert say(one, 2, "star").status_code == 200  # a second thought
                told = one.get("/api/blind").json()
                assert told["readers_finished"] == 2
                (pair,) = told["agreement"]
                assert pair["readers"] == ["ann", "bob"]
                assert pair["same"] == pytest.approx(5 / 6)
            exported = one.get("/api/export?format=csv").text
    files = [pages / "answers" / f"{name}.csv" for name in ("ann", "bob")]
    assert exported == files[1].read_text()
    rows = list(csv.DictReader(io.StringIO(files[0].read_text())))
    assert [row["kind"] for row in rows] == ["clump", "clump", "nothing", "star", "unsure", "arm"]
    found = read_answers(pages, files)
    assert found.readers == ("ann", "bob")
    assert found.verdicts["majority"].finders["secretmodel"].purity.value > 0


def test_agreement_is_not_told_to_who_has_not_finished(pages):
    for name in ("ann", "bob", "eve"):
        with client(pages, name) as one:
            for number in range(1, N + (name != "eve")):
                say(one, number, "clump")
            told = one.get("/api/blind").json()
    assert told["agreement"] == []
    assert not told["finished"]


def test_answers_that_are_none(pages):
    with client(pages) as one:
        for number, answer in ((0, "clump"), (7, "clump"), (1, "galaxy"), (1, ""), ("1", "clump")):
            assert say(one, number, answer).status_code == 422
        assert one.get("/api/blind").json()["answered"] == {}
    with client(pages, read_only=True) as one:
        assert say(one, 1, "clump").status_code == 405


def test_a_name_is_no_path_and_each_has_a_file(pages):
    names = ["../../x y", "王", "李", "Ann B", "Ann_B"]
    for name in names:
        with client(pages, name) as one:
            for number in range(1, N + 1):
                say(one, number, "clump")
    files = sorted(path.name for path in (pages / "answers").iterdir())
    assert len(files) == len(names)
    assert "Ann_B.csv" in files
    assert all(re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*\.csv", name) for name in files)


def test_pages_of_another_set_are_refused(pages):
    page = pages / "readers" / "judge.html"
    page.write_text(page.read_text().replace('id="n3"', 'id="n9"'))
    with pytest.raises(FolderError, match=f"expected {N} pictures"):
        Blind(pages)
    page.unlink()
    with pytest.raises((FolderError, FileNotFoundError)):
        Blind(pages)
