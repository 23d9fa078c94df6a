"""Boxes refined anew: what is kept of the run, and what is not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import vstack
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import DetectConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.records import FAILURES, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.jobs.refine import refine
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

OUT_OF_RANGE, COARSE = int(ClumpFlag.OUT_OF_RANGE), int(ClumpFlag.COARSE)


@pytest.fixture
def copied(oblong: Path, oblong_run: Path, tmp_path: Path) -> Path:
    """A run to change, of a sample to change: ``run`` and ``sample`` of the folder."""
    shutil.copytree(oblong, tmp_path / "sample")
    shutil.copytree(oblong_run, tmp_path / "run")
    manifest = RunManifest.read(tmp_path / "run")
    inputs = {**manifest.inputs, "sample": str(tmp_path / "sample")}
    replace(manifest, inputs=inputs).write(tmp_path / "run")
    return tmp_path


def test_refining_as_the_run_did_changes_nothing(oblong_run: Path, copied: Path) -> None:
    told: list[int] = []
    before = read_parquet(oblong_run / "positions.parquet")
    assert refine(copied / "run", Recipe(), told.append) == len(before)
    assert told == [1] * 8
    for name in ("positions", "galaxies", "failures", "detections"):
        one, other = (folder / f"{name}.parquet" for folder in (copied / "run", oblong_run))
        assert one.read_bytes() == other.read_bytes(), name


def test_another_recipe_gives_other_clumps_and_is_noted(oblong_run: Path, copied: Path) -> None:
    recipe = Recipe(
        refine=RefineConfig(score_threshold=0.75, keep_nucleus=True),
        detect=DetectConfig(score_floor=0.2),  # not done anew
    )
    count = refine(copied / "run", recipe)
    found = read_parquet(copied / "run" / "positions.parquet")
    before = read_parquet(oblong_run / "positions.parquet")
    assert count == len(found)
    assert plain(found, "clump_score").min() >= 0.75 > plain(before, "clump_score").min()
    galaxies = read_parquet(copied / "run" / "galaxies.parquet")
    assert set(galaxies["score_threshold"]) == {0.75}
    assert list(galaxies["n_clumps"]) == [
        np.sum(found["galaxy_id"] == name) for name in galaxies["galaxy_id"]
    ]
    run, old = Run(copied / "run"), RunManifest.read(oblong_run)
    assert run.recipe().refine == recipe.refine
    assert run.recipe().detect == Run(oblong_run).recipe().detect
    now = RunManifest.read(copied / "run")
    assert (now.command, now.model, now.counts) == (old.command, old.model, old.counts)


def test_the_run_s_threshold_stays_unless_another_is_said(copied: Path) -> None:
    manifest = RunManifest.read(copied / "run")
    replace(manifest, model={**manifest.model, "threshold": 0.8}).write(copied / "run")
    refine(copied / "run", Recipe())
    assert plain(read_parquet(copied / "run" / "positions.parquet"), "clump_score").min() >= 0.8
    assert set(read_parquet(copied / "run" / "galaxies.parquet")["score_threshold"]) == {0.8}


def test_of_the_run_s_flags_only_what_the_model_knew_stays(copied: Path) -> None:
    path = copied / "run" / "galaxies.parquet"
    galaxies = read_parquet(path)
    named = int(ClumpFlag.PSF_ASSUMED | ClumpFlag.NO_WCS | ClumpFlag.NUCLEUS)
    galaxies["flags"] = [OUT_OF_RANGE, named, OUT_OF_RANGE | named, *[0] * 5]
    write_parquet(galaxies, path)
    refine(copied / "run", Recipe())
    expected = [OUT_OF_RANGE, 0, OUT_OF_RANGE, *[0] * 5]
    assert list(read_parquet(path)["flags"]) == expected
    positions = read_parquet(copied / "run" / "positions.parquet")
    for name, flag in zip(galaxies["galaxy_id"], expected, strict=True):
        mine = plain(positions, "flags")[positions["galaxy_id"] == name]
        assert (mine & OUT_OF_RANGE == flag).all()
        assert not (mine & named).any()


def test_an_image_that_changed_is_seen(copied: Path) -> None:
    """Its PSF is now assumed, and so wide that its clumps are one."""
    path = Sample.open(copied / "sample").paths[4]
    image = read_galaxy(path)
    wide = {
        band: replace(plane, psf=None, psf_fwhm_arcsec=20.0, psf_assumed=True)
        for band, plane in image.bands.items()
    }
    write_galaxy(path, replace(image, bands=wide))
    before = read_parquet(copied / "run" / "galaxies.parquet")
    refine(copied / "run", Recipe(refine=RefineConfig(nucleus_fwhm=0)))
    after = read_parquet(copied / "run" / "galaxies.parquet")
    assert before["n_clumps"][4] > after["n_clumps"][4] == 1
    assert after["flags"][4] == int(ClumpFlag.PSF_ASSUMED)
    assert after["psf_fwhm_r"][4].value == 20


def test_failures_of_other_stages_stay_and_those_of_this_one_are_tried_again(copied: Path) -> None:
    ids = Sample.open(copied / "sample").ids
    failures = {
        "galaxy_id": [ids[1], ids[2], ids[5]],
        "stage": ["measure", "refine", "read"],
        "error": ["no band u", "no outline", "gone"],
    }
    write_parquet(record_table(FAILURES, failures), copied / "run" / "failures.parquet")
    Sample.open(copied / "sample").paths[7].unlink()
    refine(copied / "run", Recipe())
    after = read_parquet(copied / "run" / "failures.parquet")
    stages = dict(zip(after["galaxy_id"], after["stage"], strict=True))
    assert stages == {ids[1]: "measure", ids[5]: "read", ids[7]: "read"}
    assert list(after["error"][:2]) == ["no band u", "gone"]
    galaxies = read_parquet(copied / "run" / "galaxies.parquet")
    failed = [name for name in ids if name in stages]
    assert list(galaxies["galaxy_id"][galaxies["status"] == "failed"]) == failed
    assert galaxies["n_detections"][7] > 0 == galaxies["n_clumps"][7]
    assert galaxies["n_clumps"][1] > 0


def test_a_galaxy_of_very_many_boxes_fails_and_is_told(copied: Path) -> None:
    path = copied / "run" / "detections.parquet"
    detections = read_parquet(path)
    first = detections["galaxy_id"][0]
    many = detections[np.zeros(50_000, dtype=int)]
    write_parquet(vstack([detections, many], metadata_conflicts="silent"), path)
    before = read_parquet(copied / "run" / "positions.parquet")
    others = before[before["galaxy_id"] != first]
    result = CliRunner().invoke(app, ["refine", str(copied / "run")])
    assert result.exit_code == 0
    assert f"failed: {first}: refine: boxes: expected at most 500 ([limits] boxes)" in result.output
    assert f"{len(others)} clumps in" in result.output
    write_parquet(many, path)
    for other in Sample.open(copied / "sample").ids:
        if other != first:
            (copied / "sample" / "images" / f"{other}.fits").unlink()
    assert CliRunner().invoke(app, ["refine", str(copied / "run")]).exit_code == 1


def test_detections_of_another_sample_are_no_silent_nothing(copied: Path) -> None:
    detections = read_parquet(copied / "run" / "detections.parquet")
    before = (copied / "run" / "positions.parquet").read_bytes()
    detections["galaxy_id"] = np.char.add("x", np.asarray(detections["galaxy_id"]))
    write_parquet(detections, copied / "run" / "detections.parquet")
    with pytest.raises(TableError, match="expected galaxies of its sample, got x"):
        refine(copied / "run", Recipe())
    assert (copied / "run" / "positions.parquet").read_bytes() == before


def test_a_galaxy_that_the_run_has_not_seen_is_named(copied: Path) -> None:
    galaxies = read_parquet(copied / "run" / "galaxies.parquet")
    write_parquet(galaxies[1:], copied / "run" / "galaxies.parquet")
    told = f"expected each galaxy of its sample, got no {galaxies['galaxy_id'][0]}; the sample has"
    with pytest.raises(TableError, match=told):
        refine(copied / "run", Recipe())
