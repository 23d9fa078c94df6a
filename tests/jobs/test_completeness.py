"""From a sample with truth to a file, and from the file to a catalogue."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.recipe import Recipe
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.completeness import completeness, trials_of
from clumpscope.models.selection import Selection
from clumpscope.stages.completeness.covariates import CONTRAST, of_catalogue
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from findings import found, galaxies, truth

RECIPE = Recipe(completeness={"members": 2})


@pytest.fixture(scope="module")
def made(survey: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A selection function of `finished`; not to be changed by a test."""
    out = tmp_path_factory.mktemp("made") / "selection.json"
    told: list[int] = []
    done = completeness(survey, out, RECIPE, run=finished, progress=told.append)
    assert sum(told) == 80
    assert done.selection == Selection.read(out)
    assert done.figure.is_file()
    return out


def test_a_row_of_every_normal_clump_that_was_looked_for(tmp_path: Path):
    """Found ones have what their own row of the catalogue says; made by hand."""
    seen = found(
        [
            ("b", 70, 70, 1, 0.4, 0.03),  # below the threshold
            ("b", 30, 30, 2, 0.9, 0.11),  # called odd
            ("a", 80, 21, 1, 0.8, 0.013),
            ("a", 20, 20, 1, 0.9, 0.06),
            ("a", 60, 60, 1, 0.9, 0.2),  # an odd one in truth
            ("b", 10, 11, 1, 0.7, 0.31),
        ]
    )
    seen["clump_id"] = np.arange(6)
    seen["clump_flux_ratio_err"] = 0.1 * np.arange(6)
    for name in ("clump_flux_g", "clump_flux_err_published_g", "clump_background_g"):
        seen[name] = np.full(6, 2.0) * seen[name].unit
    there = truth(
        [
            ("a", 20, 20, 1, 0.05),
            ("a", 60, 60, 2, 0.2),
            ("a", 80, 20, 1, 0.01),
            ("b", 30, 30, 1, 0.1),
            ("b", 70, 70, 1, 0.02),
            ("b", 10, 10, 1, 0.3),
            ("c", 10, 10, 1, 0.3),  # of a galaxy that failed
        ]
    )
    there["snr"], there["contrast"] = [10.0, 9, 8, 7, 6, 5, 4], [1.0, 2, 3, 4, np.inf, 6, 7]
    run = Run(tmp_path)
    done = galaxies("b", "a", "c")
    done["status"] = ["ok", "ok", "failed"]
    write_parquet(seen, tmp_path / "catalogue.parquet")
    write_parquet(done, tmp_path / "galaxies.parquet")
    hosts = record_table(HOSTS, {"galaxy_id": list("cab"), "petro_r90_arcsec": [4.0, 8, 16]})
    hosts["host_id"] = ["", "", "H"]
    trials = trials_of(run, Sample(tmp_path, hosts, ()), there, 0.5)
    rows = sorted(zip(trials.host, trials.ratio, trials.found, trials.measured_ratio, strict=True))
    assert [(str(host), ratio, bool(seen)) for host, ratio, seen, _ in rows] == [
        ("H", 0.02, False),
        ("H", 0.1, False),
        ("H", 0.3, True),
        ("a", 0.01, True),
        ("a", 0.05, True),
    ]
    assert [row[3] for row in rows] == pytest.approx(
        [np.nan, np.nan, 0.31, 0.013, 0.06], nan_ok=True
    )
    one = int(np.flatnonzero(trials.ratio == 0.01)[0])
    assert trials.measured_ratio_err[one] == pytest.approx(0.2)
    radius = np.hypot(80 - 49.5, 20 - 49.5) * 0.4 / 8
    assert 10 ** trials.true[one, :3] == pytest.approx([0.01, 8, 3])
    assert trials.true[one, 3] == pytest.approx(radius)
    assert 10 ** trials.true[one, 4] == pytest.approx(1.6)
    assert trials.measured[one, 0] == pytest.approx(np.log10(0.013))
    assert np.isnan(trials.measured[~trials.found]).all()
    bright = int(np.flatnonzero(trials.ratio == 0.02)[0])
    assert trials.true[bright, 2] == CONTRAST[1]  # nothing beneath it


def test_it_says_what_it_is_of(made: Path, survey: Path, finished: Path):
    selection = Selection.read(made)
    manifest = RunManifest.read(finished)
    assert selection.made["model"] == manifest.model["sha256"]
    assert selection.made["threshold"] == manifest.model["threshold"]
    truth = Sample.open(survey).truth()
    normal = int(np.sum(plain(truth, "label") == 1))
    assert 0.7 * normal < selection.provenance["clumps"] <= normal


def test_a_catalogue_gets_it(made: Path, finished: Path, tmp_path: Path):
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    catalogue(run, Recipe(catalogue={"completeness": str(made)}))
    table = Run(run).read("catalogue")
    selection = Selection.read(made)
    value, error = selection.measured(of_catalogue(table))
    assert np.array_equal(plain(table, "completeness"), value, equal_nan=True)
    assert np.array_equal(plain(table, "completeness_err"), error, equal_nan=True)
    known = np.isfinite(value)
    assert 0.3 < known.mean() < 1
    assert ((value[known] > 0) & (value[known] <= 1)).all()


def test_another_model_or_threshold_is_refused(made: Path, finished: Path, tmp_path: Path):
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    content = json.loads(made.read_text())
    for name, other in (("model", "0" * 64), ("threshold", 0.123)):
        changed = tmp_path / f"{name}.json"
        changed.write_text(json.dumps(content | {"made": content["made"] | {name: other}}))
        with pytest.raises(FolderError, match=name):
            catalogue(run, Recipe(catalogue={"completeness": str(changed)}))


def test_what_cannot_be_used_is_told(survey: Path, finished: Path, oblong: Path, tmp_path: Path):
    out = tmp_path / "new.json"
    with pytest.raises(FolderError, match=r"\.json"):
        completeness(survey, tmp_path / "new.pkl", RECIPE, run=finished)
    with pytest.raises(FolderError, match="one on"):
        completeness(oblong, out, RECIPE, run=finished)
    with pytest.raises(FolderError, match=r"\[refine\]"):
        completeness(survey, out, Recipe(refine={"nms_iou": 0.5}), run=finished)
    with pytest.raises(FolderError, match="threshold of 0.1 or less"):
        completeness(survey, out, Recipe(refine={"score_threshold": 0.1}), run=finished)
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["model"]["sha256"] = "0" * 64
    (run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match="model"):
        completeness(survey, out, RECIPE, run=run)
    bare = tmp_path / "bare"
    shutil.copytree(survey, bare, ignore=shutil.ignore_patterns("truth.parquet"))
    with pytest.raises(TableError, match=r"truth\.parquet, got none"):
        completeness(bare, out, RECIPE, run=finished)
    assert not out.exists()


def test_without_a_run_one_is_made_beside_it_and_kept(oblong: Path, tmp_path: Path):
    out = tmp_path / "new.json"
    for _ in range(2):  # the second time the run is there
        with pytest.raises(TableError, match="30 found and 30 missed"):
            completeness(oblong, out, RECIPE)
        assert (tmp_path / "new.run" / "catalogue.parquet").is_file()


def test_the_command_says_how_it_went(survey: Path, finished: Path, tmp_path: Path):
    out = tmp_path / "new.json"
    arguments = ["completeness", str(survey), "--out", str(out), "--run", str(finished)]
    done = CliRunner().invoke(app, [*arguments, "--workers", "1"])
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "found at a score of" in told
    assert "largest difference of a decile" in told
    about = Selection.read(out).provenance
    rarer = min(about["found"], about["clumps"] - about["found"])
    assert f"warning: fitted with few clumps: {rarer} found or missed" in told
