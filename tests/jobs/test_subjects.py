"""Boxes sent out for correction, and what comes back."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import labelled
from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.composite import colour
from clumpscope.core.records import LABELS, record_table
from clumpscope.errors import FolderError, StoreError
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.subjects import subjects
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.images import read_galaxy
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
    assert {path.name for path in out.iterdir()} == {row["image"], "manifest.csv"}
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
    assert list(rows_of(tmp_path / "set")["a1"]) == ["galaxy_id", "image", "side", "#boxes"]


def test_labels_that_are_not_there_are_missed(sample, tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        subjects(tmp_path / "none", tmp_path / "set", RECIPE, sample)
    assert not (tmp_path / "set").exists()
