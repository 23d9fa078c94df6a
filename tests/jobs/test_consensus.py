"""From an export on disk to labels on disk, and on as a project grows."""

import json

import numpy as np
import pytest
from toys import toy

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.jobs.consensus import consensus
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.labels import read_labels
from clumpscope.store.tables import read_parquet

RECIPE = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "1": "odd"}, box_side_px=16.0))


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
