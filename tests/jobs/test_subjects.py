"""Boxes sent out for correction, and what comes back."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import labelled
from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Label
from clumpscope.core.clumps import clump_table
from clumpscope.core.composite import colour
from clumpscope.core.corrections import WAYS
from clumpscope.core.records import LABELS, record_table
from clumpscope.errors import FolderError, RecipeError, StoreError, TableError
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.machine_marks import machine_marks
from clumpscope.jobs.subjects import subjects
from clumpscope.plot.figures import COLOURS
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.images import read_galaxy
from clumpscope.store.labels import read_labels
from clumpscope.store.panoptes import read_export
from clumpscope.store.tables import read_parquet, write_parquet

RECIPE = Recipe()
# Width and height of each picture: the longer side is 400 px.
SIZES = {"a1": (400, 240), "b2": (263, 400), "c3": (400, 267)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return labelled.sample(tmp_path_factory.mktemp("labelled") / "sample")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that has found every clump, with boxes of two PSF-FWHM."""
    folder = tmp_path_factory.mktemp("run")
    given = labelled.points()
    x, y, half = (np.array(given[name]) for name in ("x", "y", "fwhm_px"))
    sides = {"x1": x - half, "y1": y - half, "x2": x + half, "y2": y + half}
    columns = {f"clump_px_{name}": values for name, values in sides.items()}
    columns |= {"galaxy_id": given["galaxy_id"], "clump_label_id": given["label"]}
    columns["clump_id"] = np.arange(1, len(x) + 1)
    write_parquet(clump_table("positions", columns), folder / "positions.parquet")
    return folder


def rows_of(folder):
    with (folder / "manifest.csv").open(newline="") as stream:
        return {row["galaxy_id"]: row for row in csv.DictReader(stream)}


@pytest.mark.parametrize("source", ["labels", "run"])
def test_boxes_sent_out_lie_on_the_clumps_of_the_pictures(sample, run, tmp_path, source):
    """The brightest pixels of each picture are in the boxes; axes are not swapped."""
    file = sample if source == "labels" else run
    assert subjects(file, tmp_path / "set", RECIPE, sample) == 3
    rows = rows_of(tmp_path / "set")
    assert list(rows) == list(labelled.SHAPES)
    for name, row in rows.items():
        with Image.open(tmp_path / "set" / row["image"]) as picture:
            assert picture.size == SIZES[name]
            light = np.asarray(picture.convert("L")).astype(float)
        scale = 400 / max(labelled.SHAPES[name])
        boxes = json.loads(row["#boxes"])
        assert len(boxes) == len(labelled.CLUMPS[name])
        for (x1, y1, x2, y2, label), (x, y, expected) in zip(
            boxes, labelled.CLUMPS[name], strict=True
        ):
            assert label == expected
            middle = [(x1 + x2) / 2, (y1 + y2) / 2]
            assert middle == pytest.approx([(x + 0.5) * scale, (y + 0.5) * scale], abs=1)
            inner = light[round(middle[1]) - 3 : round(middle[1]) + 4]
            assert inner[:, round(middle[0]) - 3 : round(middle[0]) + 4].min() > 2 * np.median(
                light
            )
            side = 2 * labelled.FWHM[name] / 0.396 * scale
            assert float(row["box_side_px"]) == pytest.approx(side, abs=0.01)
            assert [x2 - x1, y2 - y1] == pytest.approx([side, side], abs=0.5)


def test_boxes_come_back_corrected(sample, tmp_path):
    """One volunteer strikes the first box out, the other two leave all as they are."""
    subjects(sample, tmp_path / "set", RECIPE, sample)
    row = rows_of(tmp_path / "set")["b2"]
    boxes = json.loads(row["#boxes"])
    x, y = (boxes[0][0] + boxes[0][2]) / 2, (boxes[0][1] + boxes[0][3]) / 2
    struck = [(x, y, 3, "Wrong")]
    answers = [
        Classification(1, dict(row), SIZES["b2"], user, struck if user == "a" else [])
        for user in "abc"
    ]
    write_export(tmp_path / "answers.csv", answers)
    recipe = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "Wrong": "wrong"}))
    outcome = consensus(tmp_path / "answers.csv", tmp_path / "out", recipe)
    assert outcome.faults == 0
    assert outcome.marks == 3 * len(boxes) - 1


@pytest.mark.parametrize("shown", WAYS)
def test_how_volunteers_see_the_boxes_is_told_and_drawn(sample, tmp_path, shown):
    subjects(sample, tmp_path / "set", RECIPE, sample, shown)
    for row in rows_of(tmp_path / "set").values():
        assert row["#boxes_are"] == shown
        assert ("image_2" in row) == (shown == "shown")
        if shown != "shown":
            continue
        plain, drawn = (
            np.asarray(Image.open(tmp_path / "set" / row[key]).convert("RGB")).astype(int)
            for key in ("image", "image_2")
        )
        boxes = json.loads(row["#boxes"])
        x1, y1, _, y2, label = boxes[-1]  # nothing is drawn over it
        colour = COLOURS[Label(label)].lstrip("#")
        edge = drawn[round((y1 + y2) / 2), round(x1)]
        assert edge.tolist() == [int(colour[k : k + 2], 16) for k in (0, 2, 4)]
        changed = (plain != drawn).any(axis=2).sum()
        around = sum(2 * (x2 - x1) + 2 * (y2 - y1) for x1, y1, x2, y2, _ in boxes)
        assert 0.5 * around < changed < 1.1 * around


def numbered(folder, path):
    """Zooniverse's export of the subjects of a folder, which it has numbered; one twice."""
    rows = list(enumerate(rows_of(folder).values(), start=90_001))
    with path.open("w", newline="", encoding="utf-8") as stream:
        export = csv.writer(stream)
        export.writerow(["subject_id", "project_id", "subject_set_id", "metadata", "locations"])
        export.writerow([5, 1, 9, json.dumps({"Filename": "another.png"}), "{}"])
        for number, row in [*rows, rows[0]]:
            export.writerow([number, 1, 2, json.dumps(row), "{}"])
    return {row["galaxy_id"]: number for number, row in rows}


def marks_in(path):
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["extractor_key"] for row in rows} == {"machineLearnt"}
    return {int(row["subject_id"]): json.loads(row["data"])["data"] for row in rows}


TOOLS = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "Odd": "odd", "2": "odd"}))


def test_marks_that_volunteers_begin_with_are_our_boxes(sample, tmp_path):
    """The form that the documentation of zooniverse/caesar gives for rectangles."""
    subjects(sample, tmp_path / "set", RECIPE, sample, "editable")
    numbers = numbered(tmp_path / "set", tmp_path / "subjects.csv")
    assert machine_marks(tmp_path / "subjects.csv", tmp_path / "marks.csv", TOOLS) == 3
    marks = marks_in(tmp_path / "marks.csv")
    assert sorted(marks) == sorted(numbers.values())
    for name, row in rows_of(tmp_path / "set").items():
        boxes = json.loads(row["#boxes"])
        found = marks[numbers[name]]
        assert len({mark["markId"] for mark in found}) == len(boxes) > 0
        for (x1, y1, x2, y2, label), mark in zip(boxes, found, strict=True):
            place = {"x_center": (x1 + x2) / 2, "y_center": (y1 + y2) / 2}
            assert mark == {
                "stepKey": "S0",
                "taskIndex": 0,
                "taskKey": "T0",
                "taskType": "drawing",
                "toolIndex": {1: 0, 2: 2}[label],
                "toolType": "rectangle",
                "frame": 0,
                "markId": mark["markId"],
                "width": pytest.approx(x2 - x1),
                "height": pytest.approx(y2 - y1),
                **{key: pytest.approx(value) for key, value in place.items()},
            }


def classified(folder, marks_of, path, sizes=1):
    """Classifications of three volunteers, who leave these marks on each subject."""
    rows = []
    for number, (name, row) in enumerate(rows_of(folder).items(), start=90_001):
        about = Classification(number, dict(row), SIZES[name], "", [])
        rows += [replace(about, user=user) for user in "abc"]
    write_export(path, rows)
    with path.open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    for row in written:
        marks = marks_of(int(row["subject_ids"]))
        row["annotations"] = json.dumps([{"task": "T0", "taskType": "drawing", "value": marks}])
        metadata = json.loads(row["metadata"])
        metadata["subject_dimensions"] *= sizes
        row["metadata"] = json.dumps(metadata)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, written[0])
        table.writeheader()
        table.writerows(written)
    return path


def test_what_volunteers_left_of_the_marks_comes_back(sample, tmp_path):
    """All delete the first box of each subject; no box counts twice, and none that is gone."""
    subjects(sample, tmp_path / "set", RECIPE, sample, "editable")
    numbered(tmp_path / "set", tmp_path / "subjects.csv")
    machine_marks(tmp_path / "subjects.csv", tmp_path / "marks.csv", TOOLS)
    kept = {number: marks[1:] for number, marks in marks_in(tmp_path / "marks.csv").items()}
    export = classified(tmp_path / "set", lambda number: kept[number], tmp_path / "answers.csv")
    outcome = consensus(export, tmp_path / "out", TOOLS)
    left = sum(len(marks) for marks in kept.values())
    assert (outcome.faults, outcome.marks) == (0, 3 * left)
    labels = read_labels(tmp_path / "out")
    for name, row in rows_of(tmp_path / "set").items():
        width, height = SIZES[name]
        wanted = {tuple(box[:4]): box[4] for box in json.loads(row["#boxes"])[1:]}
        mine = labels[labels["galaxy_id"] == name]
        found = corners_of(mine) * (width, height, width, height)
        assert len(found) == len(wanted)
        for box, label in wanted.items():
            k = np.abs(found - box).sum(axis=1).argmin()
            np.testing.assert_allclose(found[k], box, atol=0.1)
            assert mine["label"][k] == label


@pytest.mark.parametrize(("shown", "marked"), [("shown", True), ("hidden", False)])
def test_boxes_that_nobody_saw_are_nobody_s(sample, tmp_path, shown, marked):
    """Nobody draws anything; of two pictures of a subject none is a field of its own."""
    subjects(sample, tmp_path / "set", RECIPE, sample, shown)
    export = classified(tmp_path / "set", lambda _: [], tmp_path / "answers.csv", sizes=2)
    outcome = consensus(export, tmp_path / "out", RECIPE)
    boxes = sum(len(json.loads(row["#boxes"])) for row in rows_of(tmp_path / "set").values())
    assert (outcome.faults, outcome.images) == (0, 3)
    assert outcome.marks == (3 * boxes if marked else 0)


def test_no_marks_without_subjects_and_tools_that_have_them(sample, tmp_path):
    subjects(sample, tmp_path / "set", RECIPE, sample)
    numbered(tmp_path / "set", tmp_path / "subjects.csv")
    with pytest.raises(TableError, match=r"subjects.csv: expected subjects .*--boxes editable"):
        machine_marks(tmp_path / "subjects.csv", tmp_path / "marks.csv", RECIPE)
    subjects(sample, tmp_path / "two", RECIPE, sample, "editable")
    numbered(tmp_path / "two", tmp_path / "two.csv")
    named = Recipe(consensus=ConsensusConfig(tools={"Clump": "normal", "1": "odd"}))
    with pytest.raises(
        RecipeError, match=r"a tool's number for normal, such as \"0\" = \"normal\""
    ):
        machine_marks(tmp_path / "two.csv", tmp_path / "marks.csv", named)
    text = (tmp_path / "two.csv").read_text()
    for old, new, told in (
        ("editable", "seen", r"row 2, column subject_data: #boxes_are: expected shown, editable"),
        ("90002", "x", r"row 3, column subject_id: expected a number, got 'x'"),
        ("90002", "9" * 5000, r"row 3, column subject_id: expected a number, got '999"),
        (",1]]", ",3]]", r"column metadata: #boxes: expected kind 1 or 2, got 3"),
        ("subject_id", "id", "none named subject_id"),
    ):
        (tmp_path / "bad.csv").write_text(text.replace(old, new))
        with pytest.raises(TableError, match=told):
            machine_marks(tmp_path / "bad.csv", tmp_path / "marks.csv", RECIPE)
    assert not (tmp_path / "marks.csv").exists()


def test_an_image_that_cannot_be_used_is_left_out(tmp_path):
    sample = labelled.sample(tmp_path / "sample")
    (sample / "images" / "b2.fits").write_bytes(b"no image")
    assert subjects(sample, tmp_path / "set", RECIPE, sample) == 2
    assert list(rows_of(tmp_path / "set")) == ["a1", "c3"]


@pytest.mark.parametrize("name", ["-7", "+x"])
def test_ids_like_formulas_go_out_as_text_and_come_back(tmp_path, name):
    """A spreadsheet may open the manifest; each picture is named as it stands there."""
    (tmp_path / "sample").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "sample" / f"{name}.png")
    box = {"x1": [0.2], "y1": [0.2], "x2": [0.4], "y2": [0.4]}
    labels = record_table(LABELS, {"galaxy_id": [name], "label": [1], **box})
    write_parquet(labels, tmp_path / "labels.parquet")
    out = tmp_path / "set"
    assert subjects(tmp_path / "labels.parquet", out, RECIPE, tmp_path / "sample") == 1
    ((given, row),) = rows_of(out).items()
    assert (given, row["image"]) == (f"'{name}", f"id {name}.png")
    pictures = {row["image"], row["image_2"]}
    assert {path.name for path in out.iterdir()} == {*pictures, "manifest.csv"}
    write_export(tmp_path / "answers.csv", [Classification(1, dict(row), (400, 200), "a", [])])
    marks = read_export(tmp_path / "answers.csv", RECIPE.consensus).marks
    assert marks.images.tolist() == [name]
    assert marks.xyxy[0] == pytest.approx([0.2, 0.2, 0.4, 0.4])


def test_a_sample_is_needed(sample, tmp_path):
    with pytest.raises(FolderError, match="--sample: expected the sample with the images"):
        subjects(sample, tmp_path / "set", RECIPE, None)


def test_pictures_are_the_composites_with_rows_running_down(oblong, oblong_run, tmp_path):
    subjects(oblong_run, tmp_path / "set", RECIPE, oblong)
    for path in sorted((oblong / "images").iterdir())[:2]:
        image = read_galaxy(path)
        ny, nx = image.shape
        rgb = np.clip(colour(image, RECIPE.composite), 0, 1)
        with Image.open(tmp_path / "set" / f"{path.stem}.png") as picture:
            shown = np.asarray(picture.convert("RGB"))
        rows = np.floor((np.arange(shown.shape[0]) + 0.5) / shown.shape[0] * ny).astype(int)
        cols = np.floor((np.arange(shown.shape[1]) + 0.5) / shown.shape[1] * nx).astype(int)
        same = np.rint(255 * rgb[np.ix_(rows, cols)]) == shown
        assert same.mean() > 0.95  # but where a row's middle is on the edge of two pixels


def test_a_bare_picture_goes_out_as_it_is(oblong, tmp_path):
    """Its box has the width that the host table tells."""
    folder = shutil.copytree(oblong, tmp_path / "sample")
    (folder / "images" / "sim000003.fits").unlink()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "images" / "sim000003.png")
    assert subjects(folder, tmp_path / "set", RECIPE, folder) == 8
    row = rows_of(tmp_path / "set")["sim000003"]
    with Image.open(tmp_path / "set" / row["image"]) as picture:
        assert picture.size == (400, 200)
        assert np.asarray(picture)[5::10, 5::10].tolist() == pixels.tolist()
    width = read_parquet(folder / "hosts.parquet")["psf_fwhm_r"][2].value
    assert float(row["box_side_px"]) == pytest.approx(2 * width / 0.396 * 10, rel=1e-3)


def test_the_key_of_the_box_s_side_is_the_recipe_s(sample, tmp_path):
    recipe = Recipe(consensus=ConsensusConfig(box_side_key="side"))
    subjects(sample, tmp_path / "set", recipe, sample)
    columns = ["galaxy_id", "image", "image_2", "side", "#boxes", "#boxes_are"]
    assert list(rows_of(tmp_path / "set")["a1"]) == columns


def test_labels_that_are_not_there_are_missed(sample, tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        subjects(tmp_path / "none", tmp_path / "set", RECIPE, sample)
    assert not (tmp_path / "set").exists()
