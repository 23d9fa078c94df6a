"""Labels on disk: chosen, divided, converted and sent out for correction."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from clumpscope.config.labels import ConsensusConfig, LabelsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.labels import (
    export_labels,
    import_labels,
    select_labels,
    split_labels,
)
from clumpscope.jobs.subjects import subjects
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.labels import read_labels
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

RECIPE = Recipe(labels=LabelsConfig(groups=3, smallest_group=5))
CORNERS = ("x1", "y1", "x2", "y2")


def corners(table):
    return np.column_stack([plain(table, name) for name in CORNERS])


def test_select_then_split(survey, tmp_path):
    steps = select_labels(survey, tmp_path / "chosen", RECIPE, survey)
    chosen = read_labels(tmp_path / "chosen")
    assert steps[-1].boxes == len(chosen) < steps[0].boxes
    names = {path.name for path in (tmp_path / "chosen").iterdir()}
    assert names == {"labels.parquet", "steps.parquet", "heat_map.png", "manifest.json"}
    groups = split_labels(tmp_path / "chosen", tmp_path / "groups.parquet", RECIPE)
    assert len(read_parquet(tmp_path / "groups.parquet")) == len(groups)
    with pytest.raises(FolderError, match="a new file"):
        split_labels(tmp_path / "chosen", tmp_path / "groups.parquet", RECIPE)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("coco", "l.json"),
        ("authors", "l.csv"),
        ("authors", "l.parquet"),
        ("ds9", "l"),
        ("yolo", "l"),
    ],
)
def test_there_and_back_on_disk(survey, tmp_path, form, name):
    sent = export_labels(survey, tmp_path / name, form, RECIPE, survey)
    assert import_labels(tmp_path / name, tmp_path / "back.parquet", form, RECIPE, survey) == sent
    before, after = read_labels(survey), read_labels(tmp_path / "back.parquet")
    order = np.argsort(np.asarray(before["galaxy_id"]), kind="stable")
    assert after["galaxy_id"].tolist() == before["galaxy_id"][order].tolist()
    assert after["label"].tolist() == before["label"][order].tolist()
    assert np.allclose(corners(after), corners(before)[order], atol=1e-12)


def test_adams_positions_become_boxes_again(survey, tmp_path):
    """Labels are boxes of two PSF-FWHM, and so are those made from the sky."""
    export_labels(survey, tmp_path / "l.csv", "adams", RECIPE, survey)
    import_labels(tmp_path / "l.csv", tmp_path / "back.parquet", "adams", RECIPE, survey)
    before, after = read_labels(survey), read_labels(tmp_path / "back.parquet")
    assert np.allclose(corners(after), corners(before), atol=1e-6)


@pytest.mark.parametrize(
    ("form", "file", "text", "message"),
    [
        ("coco", "x.json", "[1]", "a JSON object, got list"),
        ("coco", "x.json", "{", "not JSON"),
        ("coco", "x.json", '{"images": [], "annotations": []}', "at least one label"),
        ("yolo", "x/g.txt", "", "at least one label"),
        ("authors", "x.csv", "a,b\n1,2\n", "none named local_id"),
    ],
)
def test_bad_files(tmp_path, form, file, text, message):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    given = path.parent if "/" in file else path
    with pytest.raises(TableError, match=message):
        import_labels(given, tmp_path / "out.parquet", form, RECIPE, None)
    assert not (tmp_path / "out.parquet").exists()


def test_nothing_left_is_an_error(survey, tmp_path):
    recipe = Recipe(labels=LabelsConfig(padding=0.499))
    with pytest.raises(TableError, match="passes every cut"):
        select_labels(survey, tmp_path / "out", recipe)


@pytest.mark.parametrize("source", ["labels", "run"])
def test_boxes_go_out_and_come_back_corrected(survey, finished, tmp_path, source):
    """One volunteer strikes the first box out, the other two leave all as they are."""
    made = subjects(survey if source == "labels" else finished, tmp_path / "set", RECIPE, survey)
    assert made == len(Sample.open(survey))
    with (tmp_path / "set" / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    one = max(rows, key=lambda row: len(json.loads(row["#boxes"])))
    boxes = json.loads(one["#boxes"])
    with Image.open(tmp_path / "set" / one["image"]) as picture:
        size = picture.size
    assert max(size) == 400
    x, y = (boxes[0][0] + boxes[0][2]) / 2, (boxes[0][1] + boxes[0][3]) / 2
    struck = [(x, y, 3, "Wrong")]
    answers = [
        Classification(1, dict(one), size, user, struck if user == "a" else []) for user in "abc"
    ]
    write_export(tmp_path / "answers.csv", answers)
    recipe = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "Wrong": "wrong"}))
    outcome = consensus(tmp_path / "answers.csv", tmp_path / "out", recipe)
    assert outcome.faults == 0
    hit = sum(b[0] <= x <= b[2] and b[1] <= y <= b[3] for b in boxes)
    assert outcome.marks == 3 * len(boxes) - hit


def test_boxes_sent_out_are_those_of_the_labels(survey, tmp_path):
    subjects(survey, tmp_path / "set", RECIPE, survey)
    labels = read_labels(survey)
    with (tmp_path / "set" / "manifest.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            mine = np.asarray(labels["galaxy_id"]) == row["galaxy_id"]
            sent = np.array(json.loads(row["#boxes"])).reshape(-1, 5)
            assert np.allclose(sent[:, :4], corners(labels)[mine] * 400, atol=0.51)
            assert sent[:, 4].tolist() == labels["label"][mine].tolist()
