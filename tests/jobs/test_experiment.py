"""A whole experiment on a few galaxies: what is made, kept, made anew, and what fails."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.experiment import ExperimentConfig
from clumpscope.config.labels import LabelsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError, TableError, TrainingError
from clumpscope.jobs import experiment as job
from clumpscope.jobs import paper
from clumpscope.jobs.cells import State
from clumpscope.jobs.experiment import Places, experiment, part_of
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet
from small_training import NARROW

MODEL = f"{NARROW}[train]\nepochs = 1\nbatch_size = 4\n"
RECIPE = Recipe(
    seed=5,
    experiment=ExperimentConfig(
        models={"good": "good.toml", "bad": "bad.toml"},
        groups=(1,),
        loss_groups=(1,),
        compared_groups=(1,),
        lowest_score=0.0,
        score_threshold=0.05,
    ),
    labels=LabelsConfig(groups=1, smallest_group=8),
)
CELLS = ["sample", "labels", "labels-measured", "good-01", "good-01-test", "bad-01", "bad-01-test"]
CELLS += ["good-01-all", "bad-01-all"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recipes of a model that can be trained, and of one whose start is not there."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "good.toml").write_text(MODEL)
    (folder / "bad.toml").write_text(f'{MODEL}start = "encoder:nobody"\n')
    return folder


@pytest.fixture(scope="module")
def made(folder: Path, narrow: Path, quick_figures: None):
    """The experiment and what became of its cells. Not to be changed by a test."""
    told = []
    outcomes = experiment(places(folder, narrow), folder / "out", RECIPE, report=told.append)
    assert told == outcomes
    return outcomes


def places(folder: Path, narrow: Path, recipe: Recipe = RECIPE) -> Places:
    return Places.of(recipe.experiment, folder, sample=narrow)


def changed(**sections) -> Recipe:
    return RECIPE.model_copy(update=sections)


def made_anew(folder, narrow, recipe, monkeypatch) -> list[str]:
    """Cells that the job would make, none of which it may."""

    def refuse(*_, **__):
        raise TrainingError("made")

    for name in ("train", "run", "label_run", "select_labels"):
        monkeypatch.setattr(job, name, refuse)
    monkeypatch.setattr(job, "write_paper", lambda *_: [])
    outcomes = experiment(places(folder, narrow, recipe), folder / "out", recipe)
    return [one.name for one in outcomes if one.error == "made"]


def test_a_failing_cell_is_a_row_and_the_others_go_on(made, folder: Path) -> None:
    assert [one.name for one in made] == CELLS
    failed = {one.name: one.error for one in made if one.state == State.FAILED}
    assert list(failed) == ["bad-01", "bad-01-test", "bad-01-all"]
    assert "nobody" in failed["bad-01"]
    assert failed["bad-01-all"] == "needs bad-01, which failed"
    cells = Table.read(folder / "out" / "cells.csv", format="ascii.csv")
    assert cells["cell"].tolist() == CELLS


def test_tables_and_figures_are_there_and_what_is_not_is_said(made, folder: Path) -> None:
    out = folder / "out"
    page = (out / "index.md").read_text()
    shown, missing = page.split("## Missing")
    for number in (1, 2, 3, 4, 5, 9):
        assert f"## Table {number}\n" in shown
        stems = {path.stem for path in (out / "tables").glob(f"table_{number}_*")}
        assert len(stems) == 1
        (stem,) = stems
        for suffix in (".csv", ".txt", ".md", ".tex"):
            assert (out / "tables" / f"{stem}{suffix}").stat().st_size > 30
    for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 20, 22, 23):
        assert f"## Figure {number}\n" in shown
        names = {path.suffix for path in (out / "figures").glob(f"figure_{number:02d}_*")}
        assert names in ({".png", ".pdf", ".csv"}, {".png", ".pdf", ".parquet"})
    for number in (19, 27, 28, 29):
        assert f"* Figure {number}: no HSC sample given" in missing
        assert not list((out / "figures").glob(f"figure_{number}_*"))
    assert "<h2>Missing</h2>" in (out / "index.html").read_text()


def test_steps_of_the_refinement_are_those_of_the_run(made, folder: Path) -> None:
    """The last step leaves the clumps of the run."""
    run = Run(next(one.result for one in made if one.name == "good-01-all"))
    clumps = run.read("catalogue")
    for number, titles in ((5, 2), (6, 2), (7, 2)):
        path = next((folder / "out" / "figures").glob(f"figure_{number:02d}_*.csv"))
        table = Table.read(path, format="ascii.csv")
        (galaxy_id,) = set(table["galaxy_id"])
        number_of = [int(np.sum(table["of"] == name)) for name in dict.fromkeys(table["of"])]
        assert len(number_of) == titles
        assert number_of[0] >= number_of[1] > 0
    left = table[table["of"] == "inside the outline"]
    mine = np.asarray(clumps["galaxy_id"]) == galaxy_id
    assert len(left) == int(mine.sum())
    assert sorted(left["score"]) == pytest.approx(sorted(plain(clumps, "clump_score")[mine]))


def test_nothing_finished_is_made_again(made, folder, narrow, monkeypatch) -> None:
    monkeypatch.setattr(job, "write_paper", lambda *_: [])
    kept = [
        path
        for part in ("models", "runs", "labels", "samples")
        for path in (folder / "out" / part).rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    assert len(kept) > 20
    for path in kept:
        os.utime(path, (1e9, 1e9))
    again = experiment(places(folder, narrow), folder / "out", RECIPE)
    assert [one.state == State.KEPT for one in again] == [bool(one.result) for one in made]
    assert all(path.stat().st_mtime == 1e9 for path in kept)


def test_another_measurement_touches_no_training(made, folder, narrow, monkeypatch) -> None:
    recipe = changed(measure=MeasureConfig(aperture_fwhm=1.0))
    anew = made_anew(folder, narrow, recipe, monkeypatch)
    assert anew == ["labels-measured", "good-01-test", "good-01-all"]


def test_other_thresholds_of_figures_touch_nothing(made, folder, narrow, monkeypatch) -> None:
    recipe = changed(experiment=RECIPE.experiment.model_copy(update={"examples": 2}))
    assert made_anew(folder, narrow, recipe, monkeypatch) == []


def test_another_length_of_training_trains_anew(made, folder, narrow, monkeypatch) -> None:
    recipe = changed(experiment=RECIPE.experiment.model_copy(update={"epochs": 2}))
    assert made_anew(folder, narrow, recipe, monkeypatch) == ["good-01"]


def test_another_choice_of_labels_begins_there(made, folder, narrow, monkeypatch) -> None:
    recipe = changed(labels=LabelsConfig(groups=1, smallest_group=8, padding=0.2))
    assert made_anew(folder, narrow, recipe, monkeypatch) == ["labels"]


def test_other_redshifts_may_choose_other_labels(
    made, folder: Path, narrow: Path, monkeypatch, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(narrow, tmp_path / "other"))
    hosts = read_parquet(other / "hosts.parquet")
    hosts["redshift"][0] = 0.09
    write_parquet(hosts, other / "hosts.parquet")
    assert made_anew(folder, other, RECIPE, monkeypatch)[0] == "labels"


def test_labels_are_measured_where_they_are(made, folder: Path, narrow: Path) -> None:
    place = next(one.result for one in made if one.name == "labels-measured")
    labels = read_parquet(
        next(one.result for one in made if one.name == "labels") / "labels.parquet"
    )
    measured = Run(place).read("catalogue")
    assert len(measured) == len(labels)
    galaxies = Run(place).read("galaxies")
    assert not (np.asarray(galaxies["status"]) == "failed").any()
    sample = Sample.open(narrow)
    for row in measured[:5]:
        ny, nx = sample.galaxy(str(row["galaxy_id"])).shape
        mine = labels[np.asarray(labels["galaxy_id"]) == row["galaxy_id"]]
        x = (plain(mine, "x1") + plain(mine, "x2")) / 2 * nx - 0.5
        y = (plain(mine, "y1") + plain(mine, "y2")) / 2 * ny - 0.5
        place = [float(row[f"clump_centre_px_{axis}"].value) for axis in "xy"]
        assert np.hypot(x - place[0], y - place[1]).min() < 1e-6


def test_a_part_links_to_the_images_of_the_whole(narrow: Path, tmp_path: Path) -> None:
    whole = Sample.open(narrow)
    wanted = set(whole.ids[3:5])
    part = Sample.open(part_of(narrow, wanted, tmp_path, "some"))
    assert part.ids == whole.ids[3:5]
    image, same = part.galaxy(whole.ids[3]), whole.galaxy(whole.ids[3])
    assert (image["r"].data == same["r"].data).all()
    with pytest.raises(TableError, match="galaxies with labels, got none"):
        part_of(narrow, {"nobody"}, tmp_path, "none")


def test_deeper_images_of_the_same_galaxies(
    made, folder: Path, narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "TABLES", {})
    monkeypatch.setattr(paper, "FIGURES", {n: paper.FIGURES[n] for n in (27, 28)})
    out = Path(shutil.copytree(folder / "out", tmp_path / "out", symlinks=True))
    given = Places.of(RECIPE.experiment, folder, sample=narrow, hsc=narrow)
    outcomes = experiment(given, out, RECIPE)
    anew = [one.name for one in outcomes if one.state == State.DONE]
    assert anew == ["good-01-hsc"]
    table = Table.read(next((out / "figures").glob("figure_27_*.csv")), format="ascii.csv")
    labels = table[table["of"] == "labels"]
    assert len(set(labels["galaxy_id"])) == 3
    assert {"good", "good, deeper"} <= set(table["of"])
    first = Table.read(next((out / "figures").glob("figure_28_*.csv")), format="ascii.csv")
    assert not set(first["galaxy_id"]) & set(table["galaxy_id"])


def test_what_is_given_comes_before_the_recipe(tmp_path: Path) -> None:
    config = ExperimentConfig(models={"m": "m.toml"}, sample="there", labels="these")
    found = Places.of(config, tmp_path, sample=Path("other"))
    assert (found.sample, found.labels) == (Path("other"), tmp_path / "these")
    assert found.models == {"m": tmp_path / "m.toml"}
    assert found.hsc is None


def test_without_a_sample_galaxies_must_be_asked_for(tmp_path: Path) -> None:
    config = ExperimentConfig(models={"m": "m.toml"})
    with pytest.raises(RecipeError, match="a sample, or galaxies to simulate, got neither"):
        Places.of(config, tmp_path)
    assert Places.of(config.model_copy(update={"galaxies": 3}), tmp_path).sample is None


def test_deep_models_are_some_of_the_models() -> None:
    with pytest.raises(ValueError, match="hsc_models must be of"):
        ExperimentConfig(models={"m": "m.toml"}, hsc_models=("n",))


def test_deeper_images_are_seen_by_the_first_and_the_last_model_unless_others_are_named() -> None:
    three = ExperimentConfig(models={"a": "a.toml", "b": "b.toml", "c": "c.toml"})
    assert three.deep_models == ("a", "c")
    assert three.model_copy(update={"hsc_models": ("b",)}).deep_models == ("b",)
    assert ExperimentConfig(models={"a": "a.toml"}).deep_models == ("a",)


@pytest.mark.parametrize("models", [{}, {"../x": "a.toml"}, {"": "a.toml"}])
def test_a_model_needs_a_name_that_does_for_a_file(models, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="models"):
        Places.of(ExperimentConfig(models=models, galaxies=3), tmp_path)


def test_the_thresholds_are_in_order() -> None:
    with pytest.raises(ValueError, match="lowest_score must be at most"):
        ExperimentConfig(lowest_score=0.5, score_threshold=0.3)
