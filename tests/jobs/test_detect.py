"""Boxes and nothing after; the stages alone are what a run is."""

from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import RefineConfig
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError
from clumpscope.jobs import shards
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.detect import detect
from clumpscope.jobs.measure import measure
from clumpscope.jobs.refine import refine
from clumpscope.jobs.run import run
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet


@pytest.fixture(scope="module")
def detected(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Boxes of `oblong`. Not to be changed by a test."""
    out = tmp_path_factory.mktemp("detected") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD", 3)
        told: list[int] = []
        summary = detect(oblong, out, Recipe(seed=7), progress=told.append)
    assert told == [0, 3, 3, 2]
    assert (summary.galaxies, summary.failed, summary.normal, summary.odd) == (8, 0, 0, 0)
    assert summary.detections == len(read_parquet(out / "detections.parquet"))
    return out


def test_boxes_are_those_of_a_run(detected: Path, oblong_run: Path) -> None:
    assert {path.stem for path in detected.iterdir()} == {
        *("detections", "galaxies", "failures", "manifest")
    }
    one, other = (folder / "detections.parquet" for folder in (detected, oblong_run))
    assert one.read_bytes() == other.read_bytes()
    galaxies = read_parquet(detected / "galaxies.parquet")
    assert set(galaxies["n_clumps"]) == {0}
    assert not galaxies["outline"].any()
    manifest = RunManifest.read(detected)
    assert (manifest.command, manifest.seed) == ("detect", 7)


def test_the_stages_alone_give_what_a_run_gives(
    oblong: Path, detected: Path, oblong_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    for path in detected.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    found = refine(out, Recipe(seed=7))
    (out / "photometry.parquet").unlink(missing_ok=True)
    done = measure(oblong, out / "positions.parquet", out / "photometry.parquet", Recipe())
    assert (done.failed, done.positions, catalogue(out, Recipe())) == ({}, found, found)
    alone, whole = (read_parquet(f / "catalogue.parquet") for f in (out, oblong_run))
    assert len(alone) == len(whole)
    for name in ("clump_centre_ra", "clump_flux_u", "clump_flux_err_g", "clump_score", "flags"):
        assert plain(alone, name) == pytest.approx(plain(whole, name), nan_ok=True, rel=1e-9)


def test_boxes_of_a_run_cannot_become_a_run(
    oblong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that was interrupted is gone on with as a search."""
    monkeypatch.setattr(shards, "SHARD", 3)

    def interrupt(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect(oblong, tmp_path / "run", Recipe(), progress=interrupt)
    with pytest.raises(FolderError, match="another recipe"):
        run(oblong, tmp_path / "run", Recipe(), resume=True)
    told: list[int] = []
    detect(oblong, tmp_path / "run", Recipe(), resume=True, progress=told.append)
    assert told == [3, 3, 2]
    assert len(Run(tmp_path / "run").read("galaxies")) == 8


def test_a_threshold_of_the_recipe_is_noted(oblong: Path, tmp_path: Path) -> None:
    detect(oblong, tmp_path / "run", Recipe(refine=RefineConfig(score_threshold=0.7)))
    assert Run(tmp_path / "run").threshold() == 0.7
