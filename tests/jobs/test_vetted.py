"""What people decided comes out again: labels, the catalogue, a truth, tables, agreement."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import small_training
import vetting
from clumpscope.cli import app
from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.clump_keys import places_key, run_key
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.labels import import_labels
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.jobs.vetted import export, write_export
from clumpscope.store.decisions import Decisions
from clumpscope.store.labels import looked_at, read_images, read_labels
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from vetting import boxes, client, decide


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


def said(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def vet_some(run):
    with client(run) as ann, client(run, "bob") as bob:
        decide(ann, "a1", "accept", "c1")
        decide(ann, "a1", "reject", "c2")
        decide(ann, "a1", "draw", value={"x1": 3, "y1": 4, "x2": 11, "y2": 12, "label": 2})
        decide(ann, "b2", "comment", "c1", "?")
        decide(bob, "a1", "accept", "c1")
        decide(bob, "a1", "label", "c2", 2)
        decide(bob, "c3", "skip", value=True)


def test_labels_from_the_file_and_from_its_export(run, tmp_path):
    vet_some(run)
    assert write_export(run / "vet.sqlite", tmp_path / "v.json") == 4
    for name, source in (("a", run / "vet.sqlite"), ("b", tmp_path / "v.json")):
        out = tmp_path / f"{name}.parquet"
        assert import_labels(source, out, "vet", Recipe(), None) == 3
        labels = read_labels(out)
        assert labels["galaxy_id"].tolist() == ["a1"] * 3
        assert labels["label"].tolist() == [1, 2, 2]
        ny, nx = 48, 80
        drawn = [plain(labels, name)[2] for name in ("x1", "y1", "x2", "y2")]
        assert drawn == pytest.approx([3.5 / nx, 4.5 / ny, 11.5 / nx, 12.5 / ny])


def test_decisions_are_known_by_how_their_file_s_name_ends(run, tmp_path):
    vet_some(run)
    anns = shutil.copy(run / "vet.sqlite", tmp_path / "ann.sqlite")
    assert import_labels(anns, tmp_path / "l.parquet", "vet", Recipe(), None) == 3


def test_a_folder_of_labels_tells_who_was_looked_at(run, tmp_path):
    """Training takes a galaxy for empty only if somebody looked through all of it."""
    vet_some(run)  # a1 whole, by two; b2 a comment; c3 skipped
    assert import_labels(run / "vet.sqlite", tmp_path / "l", "vet", Recipe(), None) == 3
    assert looked_at(tmp_path / "l") == {"a1"}
    assert plain(read_images(tmp_path / "l"), "n_looks").tolist() == [2]
    with client(run) as one:
        decide(one, "b2", "nothing_missed", value=True)
        for key in ("c1", "c2"):
            decide(one, "b2", "reject", key)
    import_labels(run / "vet.sqlite", tmp_path / "part", "vet", Recipe(), None)
    assert looked_at(tmp_path / "part") == {"a1"}
    with client(run) as one:
        decide(one, "b2", "reject", "c3")
    import_labels(run / "vet.sqlite", tmp_path / "all", "vet", Recipe(), None)
    assert looked_at(tmp_path / "all") == {"a1", "b2"}
    assert set(read_labels(tmp_path / "all")["galaxy_id"]) == {"a1"}


def test_nothing_accepted_is_no_table_of_labels(run, tmp_path):
    with client(run) as one:
        decide(one, "a1", "reject", "c1")
    with pytest.raises(TableError, match="at least one label"):
        import_labels(run / "vet.sqlite", tmp_path / "l.parquet", "vet", Recipe(), None)


def test_the_key_of_a_run_is_that_of_its_boxes(run, tmp_path):
    key = run_key(run)
    assert key == places_key(run / "catalogue.parquet")
    positions = Run(run).read("positions")
    write_parquet(positions[::-1], run / "positions.parquet")
    assert run_key(run) == key
    vetting.write_run(run, tmp_path / "sample", shift=0.01)
    assert run_key(run) != key


def test_the_command_line_exports_and_tells_agreement(run, tmp_path):
    assert "no such file" in str(said("vet", run, "--agreement").exception)
    vet_some(run)
    told = said("vet", run, "--export", tmp_path / "v.csv", "--agreement")
    assert told.exit_code == 0, told.output
    assert "ann and bob: 50 % the same of 2 boxes, Cohen's kappa 0.33" in told.output
    assert "Fleiss' kappa" in told.output
    (tmp_path / "alone").mkdir()
    Decisions(tmp_path / "alone" / "vet.sqlite").close()
    assert "no box was vetted by two" in said("vet", tmp_path / "alone", "--agreement").output
    assert len((tmp_path / "v.csv").read_text().splitlines()) == 1 + 6
    assert "a new file" in str(said("vet", run, "--export", tmp_path / "v.csv").exception)
    assert ".json or .csv" in str(said("vet", run, "--export", tmp_path / "v.txt").exception)


def test_what_the_command_line_refuses(run, tmp_path):
    assert said("vet", tmp_path / "nothing").exit_code != 0
    assert said("vet", run, "--as", "  ", "--no-browser").exit_code != 0
    for asked in (["--agreement"], ["--export", tmp_path / "v.json"]):
        told = said("vet", run, "--blind", tmp_path / "nothing", *asked)
        assert asked[0] in str(told.exception)
        assert "--blind" in str(told.exception)
    with pytest.raises(FolderError, match="no such file"):
        export(run / "vet.sqlite")


def test_the_catalogue_tells_what_was_vetted(oblong_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    before = Run(run).read("catalogue")
    assert not np.asarray(before["vetted"]).any()
    assert set(before["vetted_by"]) == {""}
    rows = [0, 1, len(before) - 1]
    ids, numbers = plain(before, "galaxy_id").astype(str), plain(before, "clump_id")
    with client(run) as one, client(run, "bob") as bob:
        for row, action in zip(rows, ("accept", "reject", "label"), strict=True):
            value = 2 if action == "label" else None
            answer = decide(one, ids[row], action, f"c{numbers[row]}", value)
            assert answer.status_code == 200, answer.text
        decide(bob, ids[0], "accept", f"c{numbers[0]}", 2)
    catalogue(run, Run(run).recipe())
    after = Run(run).read("catalogue")
    assert np.flatnonzero(after["vetted"]).tolist() == rows
    assert [after["vetted_by"][row] for row in rows] == ["ann, bob", "ann", "ann"]
    assert [int(after["vetted_label"][row]) for row in rows] == [2, 0, 2]
    assert run_key(run) == run_key(oblong_run)
    with client(run) as one:  # the decisions are still those of this run
        assert one.get("/api/session").json()["carried"] == 0


def test_a_catalogue_without_these_columns_is_read(oblong_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    table = Run(run).read("catalogue")
    table.meta["schema_version"] = 2
    table.remove_columns(["vetted", "vetted_by", "vetted_label"])
    write_parquet(table, run / "catalogue.parquet")
    assert not np.asarray(Run(run).read("catalogue")["vetted"]).any()


def test_decisions_are_a_truth_without_fluxes(oblong_run: Path, tmp_path: Path) -> None:
    """Half the clumps of two galaxies are accepted, half rejected: these are the purity."""
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    positions = Run(run).read("positions")
    ids, numbers = plain(positions, "galaxy_id").astype(str), plain(positions, "clump_id")
    labels = plain(positions, "clump_label_id")
    chosen = [one for one in np.unique(ids) if (ids == one).sum() >= 2][:2]
    accepted = claimed = 0
    with client(run) as one:
        for galaxy in chosen:
            for k, row in enumerate(np.flatnonzero(ids == galaxy)):
                good = k % 2 == 0
                decide(one, galaxy, "accept" if good else "reject", f"c{numbers[row]}", None)
                accepted += good and labels[row] == 1
                claimed += labels[row] == 1
        left = next(
            name for name in Sample.open(Run(run).sample().folder).ids if name not in chosen
        )
        decide(one, left, "skip", value=True)
    write_export(run / "vet.sqlite", tmp_path / "v.json")
    found = [
        evaluate([run], truth, Recipe(), out=tmp_path / name, baselines=(), bootstraps=0)
        for name, truth in (("x", run / "vet.sqlite"), ("y", tmp_path / "v.json"))
    ]
    for results in found:
        score = results["run"].at(results["run"].least)
        assert score.completeness.value == 1
        assert score.purity.n == claimed
        assert score.purity.value == pytest.approx(accepted / claimed)
    assert json.loads((tmp_path / "v.json").read_text())["kind"] == "clumpscope vet"


def test_what_was_vetted_is_learned_from(survey, finished, tmp_path):
    """From decisions to labels to an epoch of training on the galaxies that were looked through."""
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    accepted = 0
    with client(run) as ann:
        rows = ann.get("/api/galaxies").json()["rows"][:16]
        for row in rows:
            for number, key in enumerate(boxes(ann, row["id"])):
                if key.startswith("c"):
                    decide(ann, row["id"], "reject" if number % 3 == 2 else "accept", key)
                    accepted += number % 3 != 2
            decide(ann, row["id"], "nothing_missed", value=True)
    labels = tmp_path / "vetted"
    assert import_labels(run / "vet.sqlite", labels, "vet", Recipe(), None) == accepted
    plan = make_plan([survey], small_training.RECIPE, labels=labels)
    assert set(small_training.both(plan)) == {row["id"] for row in rows}
    out = tmp_path / "vetted.safetensors"
    spec = train(plan, out, 1, small_training.silent)
    assert out.is_file()
    assert spec.metrics
