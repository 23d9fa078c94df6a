"""Classification exports, as Zooniverse would have written them."""

import csv
import gzip
import json

import pytest

from clumpscope.store.exports import COLUMNS, Classification, write_export

MARKS = [(10.5, 20.25, 0, "Clump"), (1.0, 2.0, 2, "Central bulge")]
ABOUT = {"galaxy_id": "g1", "box_side_px": 12.5}


def classifications(n=2):
    users = ("volunteer_17", "not-logged-in-abc")
    return [
        Classification(k + 3, ABOUT, (400, 291), users[k % 2], MARKS[: k % 3]) for k in range(n)
    ]


def rows_of(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_rows_are_those_of_panoptes(tmp_path, name):
    assert write_export(tmp_path / name, iter(classifications())) == 2
    first, second = rows_of(tmp_path / name)
    assert tuple(first) == COLUMNS
    assert (first["classification_id"], second["classification_id"]) == ("1", "2")
    assert (first["user_name"], first["user_id"]) == ("volunteer_17", "17")
    assert (second["user_name"], second["user_id"]) == ("not-logged-in-abc", "")
    assert first["created_at"] == "2020-01-01 00:00:37 UTC"
    assert second["created_at"] == "2020-01-01 00:01:14 UTC"
    assert (first["subject_ids"], second["subject_ids"]) == ("3", "4")
    assert json.loads(second["subject_data"]) == {"4": {"retired": None, **ABOUT}}
    size = json.loads(first["metadata"])["subject_dimensions"][0]
    assert [
        size[f"{kind}{side}"] for kind in ("natural", "client") for side in ("Width", "Height")
    ] == [*(400, 291, 400, 291)]
    assert json.loads(first["annotations"])[0]["value"] == []
    (task,) = json.loads(second["annotations"])
    assert task["task"] == "T0"
    (mark,) = task["value"]
    assert (mark["x"], mark["y"], mark["tool"], mark["frame"]) == (10.5, 20.25, 0, 0)
    assert mark["tool_label"] == "Clump"


def test_no_classification_is_a_header(tmp_path):
    assert write_export(tmp_path / "a.csv", []) == 0
    assert (tmp_path / "a.csv").read_text().splitlines() == [",".join(COLUMNS)]


def test_a_compressed_export_has_the_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        write_export(tmp_path / f"{name}.csv.gz", classifications(9))
    a, b = ((tmp_path / f"{name}.csv.gz").read_bytes() for name in "ab")
    assert a == b
    assert a[:2] == b"\x1f\x8b"
