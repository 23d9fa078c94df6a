"""Labels on disk: chosen, divided and converted."""

import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.table import QTable

import labelled
from clumpscope.config.labels import LabelsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.grid import Grid
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, ImageError, TableError
from clumpscope.jobs.labels import (
    export_labels,
    import_labels,
    select_labels,
    split_labels,
)
from clumpscope.stages.labels.formats import registry
from clumpscope.stages.labels.formats.base import Format
from clumpscope.stages.labels.formats.common import boxes_at, centres, labels_from
from clumpscope.stages.labels.formats.registry import FORMATS, format_of
from clumpscope.store.labels import looked_at, read_labels
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

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


def test_the_cuts_are_those_of_the_recipe(oblong, tmp_path):
    """Counted from the table: the middle of each side, and redshifts where hosts are given."""
    labels, hosts = read_labels(oblong), read_parquet(oblong / "hosts.parquet")
    redshift = dict(zip(hosts["galaxy_id"], hosts["redshift"], strict=True))
    limit = float(np.median(hosts["redshift"]))
    config = LabelsConfig(redshift=(0.0, limit), padding=0.4, bulge_radius=0.0)
    recipe = Recipe(seed=4, labels=config)
    steps = select_labels(oblong, tmp_path / "out", recipe, oblong)
    x, y = ((plain(labels, f"{n}1") + plain(labels, f"{n}2")) / 2 for n in "xy")
    near = np.array([redshift[name] <= limit for name in labels["galaxy_id"]])
    kept = near & (np.abs(x - 0.5) < 0.1) & (np.abs(y - 0.5) < 0.1)
    assert 0 < kept.sum() < near.sum() < len(labels)
    chosen = read_labels(tmp_path / "out")
    assert chosen["x1"].tolist() == labels["x1"][kept].tolist()
    assert (steps[0].boxes, steps[-1].boxes) == (len(labels), kept.sum())
    table = read_parquet(tmp_path / "out" / "steps.parquet")
    assert table["boxes"].tolist() == [step.boxes for step in steps]
    manifest = RunManifest.read(tmp_path / "out")
    assert (manifest.command, manifest.seed) == ("labels select", 4)
    assert manifest.counts == {"boxes": kept.sum()}
    assert manifest.inputs == {"labels": str(oblong.resolve())}
    everywhere = select_labels(oblong, tmp_path / "all", recipe)
    assert everywhere[-1].boxes > kept.sum()


def test_who_was_looked_at_goes_along(survey, tmp_path):
    """A training must not take a galaxy for empty whose redshift its labels were cut for."""
    sample = Sample.open(survey)
    redshift = dict(zip(sample.ids, plain(sample.hosts, "redshift"), strict=True))
    middle = float(np.median(list(redshift.values())))
    near = RECIPE.model_copy(update={"labels": LabelsConfig(redshift=(0.0, middle))})
    folder = tmp_path / "consensus"
    folder.mkdir()
    shutil.copy(survey / "labels.parquet", folder)
    ids = [*sample.ids[:30], "elsewhere"]
    images = QTable({"galaxy_id": ids, "n_looks": [5] * 29 + [0, 5], "risk": [0.5] * 31})
    write_parquet(images, folder / "images.parquet")
    select_labels(folder, tmp_path / "all", near)
    copied = read_parquet(tmp_path / "all" / "images.parquet")
    assert all(copied[name].tolist() == images[name].tolist() for name in images.colnames)
    select_labels(folder, tmp_path / "near", near, survey)
    kept = [name for name in ids[:29] if redshift[name] < middle]
    assert looked_at(tmp_path / "near") == {*kept, "elsewhere"}
    assert 5 < len(kept) < 24


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Images that are not square; their boxes are of two PSF-FWHM."""
    return labelled.sample(tmp_path_factory.mktemp("labelled") / "sample")


NAMES = {"json": ["l.json"], "table": ["l.csv", "l.parquet"], "texts": ["l"]}


@pytest.mark.parametrize(
    ("form", "name"), [(form, name) for form in FORMATS for name in NAMES[format_of(form).content]]
)
def test_there_and_back_on_disk(sample, tmp_path, form, name):
    sent = export_labels(sample, tmp_path / name, form, RECIPE, sample)
    assert import_labels(tmp_path / name, tmp_path / "back.parquet", form, RECIPE, sample) == sent
    before, after = read_labels(sample), read_labels(tmp_path / "back.parquet")
    assert after["galaxy_id"].tolist() == before["galaxy_id"].tolist()
    assert after["label"].tolist() == before["label"].tolist()
    assert corners(after) == pytest.approx(corners(before), abs=1e-7)


@pytest.mark.parametrize("columns", [("x", "y"), ("ra", "dec")])
def test_an_own_list_becomes_boxes(sample, tmp_path, columns):
    points = labelled.points()
    rows = zip(
        points["galaxy_id"], *(points[name] for name in columns), points["label"], strict=True
    )
    words = {1: "clump", 2: "odd clump"}
    lines = [f"{name},{a!r},{b!r},{words[label]}" for name, a, b, label in rows]
    text = "\n".join([f"Galaxy_ID,{','.join(columns).upper()},class", *lines])
    (tmp_path / "own.csv").write_text(text + "\n")
    made = import_labels(tmp_path / "own.csv", tmp_path / "l.parquet", "csv", RECIPE, sample)
    found = read_labels(tmp_path / "l.parquet")
    assert made == len(found) == 6
    assert found["label"].tolist() == points["label"]
    assert corners(found) == pytest.approx(corners(labelled.labels()), abs=1e-7)
    with pytest.raises(TableError, match="--sample"):
        import_labels(tmp_path / "own.csv", tmp_path / "x.parquet", "csv", RECIPE, None)


def test_a_new_format_is_a_module_and_a_line(sample, tmp_path, monkeypatch):
    """One text a galaxy, of columns and rows of the centres in pixels."""

    def read(texts, images, where):
        rows = []
        for name, text in texts.items():
            for line in text.splitlines():
                x, y, label = (float(word) for word in line.split())
                box = boxes_at(np.array([[x, y]]), 6.0, images.shape(name))[0]
                rows.append(
                    {"galaxy_id": name, "label": int(label), **dict(zip(CORNERS, box, strict=True))}
                )
        return labels_from(rows, where)

    def write(labels, images):
        xy, _ = centres(labels, images)
        lines = {}
        for name, (x, y), label in zip(labels["galaxy_id"], xy, labels["label"], strict=True):
            lines[name] = lines.get(name, "") + f"{x} {y} {label}\n"
        return lines

    toy = Format("texts", read, write, suffix=".toy", extra={"about.toy": "centres, px\n"})
    monkeypatch.setitem(FORMATS, "toy", "centres, in pixels")
    monkeypatch.setitem(sys.modules, f"{registry.__package__}.toy", SimpleNamespace(FORMAT=toy))
    export_labels(sample, tmp_path / "toy", "toy", RECIPE, sample)
    assert {path.name for path in (tmp_path / "toy").iterdir()} == {
        *("about.toy", "a1.toy", "b2.toy", "c3.toy")
    }
    x, y, label = (tmp_path / "toy" / "b2.toy").read_text().splitlines()[0].split()
    assert [float(x), float(y), int(label)] == pytest.approx([12.5, 66, 2])
    assert import_labels(tmp_path / "toy", tmp_path / "l.parquet", "toy", RECIPE, sample) == 6
    found = corners(read_labels(tmp_path / "l.parquet"))
    middle = (found[:, :2] + found[:, 2:]) / 2
    given = corners(labelled.labels())
    assert middle == pytest.approx((given[:, :2] + given[:, 2:]) / 2)


@pytest.mark.parametrize("form", ["yolo", "ds9", "coco", "csv", "authors"])
@pytest.mark.parametrize("name", ["../../pwned", "/pwned", "..", "a\nb", "x" * 65])
def test_no_id_leads_out_of_the_folder(sample, tmp_path, form, name):
    labels = read_labels(sample)
    labels["galaxy_id"] = [name, *labels["galaxy_id"][1:].tolist()]
    (tmp_path / "in").mkdir()
    write_parquet(labels, tmp_path / "in" / "labels.parquet")
    out = tmp_path / "deep" / "er" / "out.csv"
    with pytest.raises(TableError, match=r"labels\.parquet, row 1: galaxy_id: expected 1 to 64"):
        export_labels(tmp_path / "in", out, form, RECIPE, None)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_texts_of_a_format_are_confined(sample, tmp_path, monkeypatch):
    """Should a format name its texts otherwise."""
    loose = Format("texts", lambda *_: None, lambda *_: {"../out": "x"}, suffix=".toy")
    monkeypatch.setitem(FORMATS, "toy", "loose")
    monkeypatch.setitem(sys.modules, f"{registry.__package__}.toy", SimpleNamespace(FORMAT=loose))
    with pytest.raises(TableError, match=r"expected a plain name, got '\.\./out\.toy'"):
        export_labels(sample, tmp_path / "toy", "toy", RECIPE, None)
    assert list(tmp_path.iterdir()) == [tmp_path / "toy"]


def test_images_are_read_only_where_a_format_asks(sample, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Sample, "grid", lambda self, k, *_: asked.append(k) or Grid((48, 80)))
    export_labels(sample, tmp_path / "yolo", "yolo", RECIPE, sample)
    assert asked == []
    export_labels(sample, tmp_path / "l.json", "coco", RECIPE, sample)
    assert sorted(asked) == [0, 1, 2]


def test_without_a_sample_images_have_the_recipe_s_side(sample, tmp_path):
    recipe = Recipe(labels=LabelsConfig(image_size_px=123))
    export_labels(sample, tmp_path / "l.json", "coco", recipe, None)
    pictures = json.loads((tmp_path / "l.json").read_text())["images"]
    assert {(one["width"], one["height"]) for one in pictures} == {(123, 123)}


def test_an_image_that_cannot_be_read_is_named(sample, tmp_path):
    shutil.copytree(sample, tmp_path / "sample")
    (tmp_path / "sample" / "images" / "b2.fits").write_bytes(b"no image")
    with pytest.raises(ImageError, match="b2.fits"):
        export_labels(sample, tmp_path / "l.json", "coco", RECIPE, tmp_path / "sample")


def test_groups_follow_the_recipe_s_seed(survey, tmp_path):
    """Of both the members and their parts; the same seed draws the same again."""
    drawn = {}
    for name, seed in (("a", 1), ("b", 2), ("c", 1)):
        recipe = RECIPE.model_copy(update={"seed": seed})
        drawn[name] = split_labels(survey, tmp_path / name, recipe)
    one, other, again = ([tuple(row) for row in table] for table in drawn.values())
    assert one == again
    assert one != other
    members = [{row["galaxy_id"] for row in table if row["group"] == 1} for table in drawn.values()]
    assert members[0] == members[2] != members[1]


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


def test_another_table_is_sent_to_import(tmp_path):
    (tmp_path / "own.csv").write_text("galaxy_id,x,y\na1,3,4\n")
    with pytest.raises(TableError, match=r"own\.csv: expected labels\.parquet.*labels import"):
        select_labels(tmp_path / "own.csv", tmp_path / "out", RECIPE)


def test_an_unknown_format_is_told_the_others(sample, tmp_path):
    with pytest.raises(TableError, match=r"format: expected coco, .*csv.*, got shapefile"):
        export_labels(sample, tmp_path / "x", "shapefile", RECIPE, None)
