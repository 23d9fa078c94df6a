"""From an export on disk to labels on disk, and on as a project grows."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image
from toys import toy

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.jobs import consensus as module
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.volunteers import volunteers
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.labels import read_labels
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

RECIPE = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "1": "odd"}, box_side_px=16.0))

CORNERS = ("x1", "y1", "x2", "y2")


def export(folder, project, images, name="export.csv"):
    """Some images of a toy project as an export."""
    marks, made = project.marks, []
    for image in images:
        for who in marks.look_volunteer[marks.look_image == image]:
            rows = (marks.image == image) & (marks.volunteer == who)
            centre = (marks.xyxy[rows, :2] + marks.xyxy[rows, 2:]) / 2 * 400
            points = [
                (float(x), float(y), int(kind) - 1, "")
                for (x, y), kind in zip(centre, marks.kind[rows], strict=True)
            ]
            about = {"galaxy_id": f"g{image}"}
            made.append(Classification(image + 1, about, (400, 400), f"v{who}", points))
    write_export(folder / name, made)
    return folder / name


@pytest.fixture(scope="module")
def project():
    return toy(images=24, volunteers=12, looks=8, seed=6)


def test_everything_is_written(tmp_path, project):
    outcome = consensus(export(tmp_path, project, range(24)), tmp_path / "out", RECIPE)
    labels = read_labels(tmp_path / "out")
    assert (outcome.images, outcome.boxes, outcome.faults) == (24, len(labels), 0)
    assert {"galaxy_id", "label", "x1", "probability", "p_odd", "n_marks"} <= set(labels.colnames)
    assert ((plain(labels, "probability") > 0) & (plain(labels, "probability") < 1)).all()
    side = plain(labels, "x2") - plain(labels, "x1")
    assert side == pytest.approx(16 / 400)
    images = read_parquet(tmp_path / "out" / "images.parquet")
    assert np.sum(images["n_boxes"]) == len(labels)
    assert np.sum(images["finished"]) == outcome.finished
    assert images["n_looks"].tolist() == [8] * 24
    people = read_parquet(tmp_path / "out" / "volunteers.parquet")
    assert sorted(people["name"]) == sorted({f"v{k}" for k in project.marks.look_volunteer})
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]
    assert counts["boxes"] == len(labels)


@pytest.mark.parametrize("rounds", [0, 2])
def test_an_interrupted_consensus_goes_on_after_its_last_round(tmp_path, project, rounds):
    file = export(tmp_path, project, range(24))

    def files(folder):
        return {
            path.name: path.read_bytes()
            for path in folder.iterdir()
            if path.name != "manifest.json"
        }

    told = []
    whole = consensus(file, tmp_path / "whole", RECIPE, progress=told.append)
    assert whole.rounds == len(told) > 3

    def interrupt(done):
        told.append(done)
        if len(told) == rounds + 1:  # this round is not kept yet
            raise KeyboardInterrupt

    told.clear()
    out = tmp_path / "part"
    with pytest.raises(KeyboardInterrupt):
        consensus(file, out, RECIPE, progress=interrupt)
    with pytest.raises(FolderError, match="--resume"):
        consensus(file, out, RECIPE)
    with pytest.raises(FolderError, match="another recipe"):
        consensus(file, out, Recipe(seed=1, consensus=RECIPE.consensus), resume=True)
    told.clear()
    outcome = consensus(file, out, RECIPE, resume=True, progress=told.append)
    assert len(told) == whole.rounds - rounds
    assert files(out) == files(tmp_path / "whole")
    assert outcome == replace(whole, seconds=outcome.seconds)
    again = consensus(file, out, RECIPE, resume=True, progress=told.append)
    assert again == outcome
    assert len(told) == whole.rounds - rounds


def test_finished_images_with_few_looks_are_counted(tmp_path, project):
    """Every image has eight looks."""
    file = export(tmp_path, project, range(24))
    for looks in (8, 9):
        config = RECIPE.consensus.model_copy(update={"min_looks": looks, "finished_each": 9.0})
        config = config.model_copy(update={"finished_risk": 1.5})
        recipe = RECIPE.model_copy(update={"consensus": config})
        outcome = consensus(file, tmp_path / f"out{looks}", recipe)
        assert 0 < outcome.finished < 24
        assert outcome.few_looks == (outcome.finished if looks == 9 else 0)
        manifest = json.loads((tmp_path / f"out{looks}" / "manifest.json").read_text())
        assert manifest["counts"]["few_looks"] == outcome.few_looks


def test_marks_of_unknown_tools_are_told(tmp_path, project):
    config = RECIPE.consensus.model_copy(update={"tools": {"0": "normal"}})
    recipe = RECIPE.model_copy(update={"consensus": config})
    outcome = consensus(export(tmp_path, project, range(24)), tmp_path / "out", recipe)
    odd = int((project.marks.kind == 2).sum())
    assert outcome.unknown_tools == {"1": odd}
    assert outcome.marks == len(project.marks.kind) - odd
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]
    assert counts["marks of unknown tool 1"] == odd


def test_a_project_grows(tmp_path, project):
    """Skills from a state are those of all images; images judged again are not counted twice."""
    first = export(tmp_path, project, range(16), "first.csv")
    consensus(first, tmp_path / "a", RECIPE)
    later = export(tmp_path, project, range(16, 24), "later.csv")
    consensus(later, tmp_path / "b", RECIPE, state=tmp_path / "a" / "state.parquet")
    state = read_parquet(tmp_path / "b" / "state.parquet")
    assert len(state) == 24 * 8
    every = export(tmp_path, project, range(24), "every.csv")
    consensus(every, tmp_path / "c", RECIPE, state=tmp_path / "b" / "state.parquet")
    assert len(read_parquet(tmp_path / "c" / "state.parquet")) == 24 * 8
    consensus(every, tmp_path / "d", RECIPE)
    for name in ("labels.parquet", "volunteers.parquet"):
        assert (tmp_path / "c" / name).read_bytes() == (tmp_path / "d" / name).read_bytes()
    fresh = tmp_path / "e"
    consensus(later, fresh, RECIPE)

    def skill(folder):
        table = read_parquet(folder / "volunteers.parquet")
        return dict(zip(table["name"], table["false_negative"], strict=True))

    whole, warm, cold = (skill(tmp_path / name) for name in "dbe")
    error = [np.mean([abs(one[v] - whole[v]) for v in cold]) for one in (warm, cold)]
    assert error[0] < 0.85 * error[1]


@pytest.mark.parametrize("method", ["dbscan", "hdbscan"])
def test_baselines(tmp_path, project, method):
    config = RECIPE.consensus.model_copy(update={"method": method})
    recipe = RECIPE.model_copy(update={"consensus": config})
    outcome = consensus(export(tmp_path, project, range(24)), tmp_path / "out", recipe)
    labels = read_labels(tmp_path / "out")
    assert 0 < outcome.boxes == len(labels)
    assert (plain(labels, "probability") >= config.cluster_votes).all()
    assert not (tmp_path / "out" / "state.parquet").exists()


def test_bad_input(tmp_path, project):
    good = export(tmp_path, project, range(2))
    consensus(good, tmp_path / "out", RECIPE)
    with pytest.raises(StoreError, match="new or empty"):
        consensus(good, tmp_path / "out", RECIPE)
    with pytest.raises(FolderError, match="a consensus state"):
        consensus(good, tmp_path / "o", RECIPE, state=tmp_path / "out" / "labels.parquet")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(TableError, match="header"):
        consensus(tmp_path / "empty.csv", tmp_path / "o2", RECIPE)
    assert not (tmp_path / "o2").exists()


def test_faults_are_listed(tmp_path, project):
    path = export(tmp_path, project, range(3))
    with path.open("a") as stream:
        stream.write('9,x,,,1,c,1,now,,,{},"[oops",{},7\n')
    outcome = consensus(path, tmp_path / "out", RECIPE)
    faults = read_parquet(tmp_path / "out" / "faults.parquet")
    assert outcome.faults == len(faults) == 1
    assert faults["row"][0] == 25
    assert faults["column"][0] == "annotations"


def test_a_state_of_other_visibilities_is_named(tmp_path, project):
    file = export(tmp_path, project, range(4))
    consensus(file, tmp_path / "a", RECIPE)
    state = tmp_path / "a" / "state.parquet"
    changed = RECIPE.consensus.model_copy(update={"visibility": (1.0,)})
    other = RECIPE.model_copy(update={"consensus": changed})
    with pytest.raises(TableError, match=r"state.parquet.*visibility"):
        consensus(file, tmp_path / "b", other, state=state)
    assert not (tmp_path / "b").exists()


def test_a_state_that_contradicts_itself_is_named(tmp_path, project):
    """Numbers that no look can have, or columns that are not the recipe's."""
    file = export(tmp_path, project, range(4))
    consensus(file, tmp_path / "a", RECIPE)
    later = export(tmp_path, project, range(4, 6), "later.csv")
    state = read_parquet(tmp_path / "a" / "state.parquet")
    assert state["marks_0"][1] < 90
    for name, problem in (("found_0", "found_* of at most marks_*"), ("truths_0", "truths_*")):
        table = state.copy()
        table[name][1] = 90.0 if name == "found_0" else -0.0
        table["found_0"][1] += name == "truths_0"
        table["marks_0"][1] += name == "truths_0"
        write_parquet(table, tmp_path / "state.parquet")
        with pytest.raises(TableError, match=rf"row 2: expected .*{re.escape(problem)}, got more"):
            consensus(later, tmp_path / "b", RECIPE, state=tmp_path / "state.parquet")
    state.rename_column("found_1", "found_7")
    write_parquet(state, tmp_path / "state.parquet")
    with pytest.raises(TableError, match="2 columns found_.*, got found_0, found_7"):
        consensus(later, tmp_path / "b", RECIPE, state=tmp_path / "state.parquet")
    assert not (tmp_path / "b").exists()


def test_from_marks_on_wide_and_tall_images_to_boxes_on_what_is_there(
    oblong, tmp_path, monkeypatch
):
    """Simulated volunteers look at a sample; their boxes are fractions of columns and rows."""
    (tmp_path / "sample").mkdir()
    for part in ("hosts.parquet", "truth.parquet", "images"):
        (tmp_path / "sample" / part).symlink_to(oblong / part)
    volunteers(tmp_path / "sample", 20, Recipe(seed=3), 1)
    sheets = []
    monkeypatch.setattr(module, "marks_sheet", lambda panels, path: sheets.append((panels, path)))
    tools = {"0": "normal", "1": "odd", "2": "bulge"}
    recipe = Recipe(seed=3, consensus=ConsensusConfig(tools=tools))
    told = []
    file = tmp_path / "sample" / "classifications.csv.gz"
    outcome = consensus(
        file, tmp_path / "out", recipe, sample=tmp_path / "sample", progress=told.append
    )
    assert (outcome.images, outcome.rows, outcome.used, outcome.faults) == (8, 160, 160, 0)
    assert told
    truth = Sample.open(oblong).truth()
    labels = read_labels(tmp_path / "out")
    assert len(labels) == outcome.boxes > 10
    assert outcome.odd == np.sum(labels["label"] == 2)
    shapes, hit, square = {}, [], []
    for row in labels:
        card = fits.getheader(oblong / "images" / f"{row['galaxy_id']}.fits", "r")
        size = np.array([card["NAXIS1"], card["NAXIS2"]])
        shapes[row["galaxy_id"]] = size
        low, high = (np.array([row[f"x{k}"], row[f"y{k}"]]) * size - 0.5 for k in (1, 2))
        mine = truth[truth["galaxy_id"] == row["galaxy_id"]]
        xy = np.column_stack([plain(mine, axis) for axis in "xy"])
        hit.append(np.hypot(*(xy - (low + high) / 2).T).min() < card["PSFFWHM"] / 0.396)
        square.append((high - low) / (2 * card["PSFFWHM"] / 0.396))
    assert np.mean(hit) > 0.8
    assert np.array(square) == pytest.approx(1, rel=0.02)
    manifest = RunManifest.read(tmp_path / "out")
    assert manifest.command == "consensus"
    assert manifest.inputs == {
        "export": str(file.resolve()),
        "export_sha256": sha256_file(file),
    }
    assert manifest.timings == {"seconds": outcome.seconds}
    assert manifest.counts == {k: n for k, n in vars(outcome).items() if isinstance(n, int)}
    ((panels, path),) = sheets
    assert path == tmp_path / "out" / "marks.png"
    assert [panel.title for panel in panels] == Sample.open(oblong).ids
    for panel in panels:
        assert panel.rgb.shape[:2] == tuple(shapes.get(panel.title, panel.rgb.shape[1::-1]))[::-1]
        assert panel.aspect == panel.rgb.shape[0] / panel.rgb.shape[1]
        assert not panel.downward
        boxes = labels[labels["galaxy_id"] == panel.title]
        kept = {tuple(box) for box in panel.boxes.tolist()}
        assert {tuple(row[name] for name in CORNERS) for row in boxes} <= kept
        assert ((panel.skill >= 0) & (panel.skill <= 1)).all()
        assert len(panel.xy) == len(panel.skill) == len(panel.kind)
        assert ((panel.xy > 0) & (panel.xy < 1)).all()
    assert sum(len(panel.xy) for panel in panels) == outcome.marks


def test_no_more_images_are_drawn_than_a_page_holds(tmp_path, project, monkeypatch):
    """Nine, two apart; those that the sample lacks or cannot show are left out."""
    (tmp_path / "sample").mkdir()
    for k in range(22):
        pixels = np.random.default_rng(k).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "sample" / f"g{k}.png")
    (tmp_path / "sample" / "g4.png").write_text("no picture")
    sheets = []
    monkeypatch.setattr(module, "marks_sheet", lambda panels, path: sheets.append(panels))
    file = export(tmp_path, project, range(24))
    consensus(file, tmp_path / "out", RECIPE, sample=tmp_path / "sample")
    (panels,) = sheets
    assert [panel.title for panel in panels] == [f"g{k}" for k in (0, 2, 6, 8, 10, 12, 14, 16)]
    assert all(panel.downward and panel.aspect == 0.75 for panel in panels)
