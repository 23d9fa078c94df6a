"""From images to catalogue: the whole way, resumed, parallel, and with bad galaxies."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig, CompositeConfig, RefineConfig
from clumpscope.core.clumps import schema
from clumpscope.core.composite import colour
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError, StoreError, TableError
from clumpscope.jobs import pipeline
from clumpscope.jobs.catalogue import catalogue as catalogue_run
from clumpscope.jobs.detect import detect
from clumpscope.jobs.measure import measure as measure_file
from clumpscope.jobs.refine import refine as refine_run
from clumpscope.jobs.run import run
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet

TABLES = ("catalogue", "detections", "failures", "galaxies", "photometry", "positions")


def some(survey: Path, folder: Path, count: int) -> Path:
    """A bare folder with copies of the first images of a sample."""
    folder.mkdir(parents=True)
    for path in sorted((survey / "images").iterdir())[:count]:
        shutil.copy(path, folder)
    return folder


def test_catalogue_has_the_schema_and_every_galaxy_a_row(survey: Path, finished: Path) -> None:
    catalogue = read_parquet(finished / "catalogue.parquet")
    assert catalogue.colnames == [spec.name for spec in schema("release")]
    assert len(catalogue) > 10
    galaxies = read_parquet(finished / "galaxies.parquet")
    assert list(galaxies["galaxy_id"]) == sorted(p.stem for p in (survey / "images").iterdir())
    assert (galaxies["n_clumps"].sum(), set(galaxies["status"])) == (len(catalogue), {"ok"})
    assert fits.getdata(finished / "catalogue.fits", 1)["clump_flux_u"] == pytest.approx(
        plain(catalogue, "clump_flux_u"), nan_ok=True
    )
    assert not (finished / ".shards").exists()


def test_number_of_workers_changes_no_byte(survey: Path, finished: Path, tmp_path: Path) -> None:
    run(survey, tmp_path / "two", Recipe(), workers=2)
    for name in TABLES:
        one = (finished / f"{name}.parquet").read_bytes()
        assert one == (tmp_path / "two" / f"{name}.parquet").read_bytes(), name


def test_interrupted_run_resumes_to_the_same_bytes(
    survey: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"

    def interrupt(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(survey, out, Recipe(), progress=interrupt)
    assert (out / ".shards" / "000000").is_dir()
    with pytest.raises(StoreError, match="--resume"):
        run(survey, out, Recipe())
    with pytest.raises(StoreError, match="another recipe"):
        run(survey, out, Recipe(refine=RefineConfig(nms_iou=0.3)), resume=True)
    computed = []
    process = pipeline.process

    def counting(sample, indices, plan):  # type: ignore[no-untyped-def]
        computed.extend(indices)
        return process(sample, indices, plan)

    monkeypatch.setattr(pipeline, "process", counting)
    run(survey, out, Recipe(), resume=True)
    assert computed == list(range(32, 40))
    for name in TABLES:
        assert (finished / f"{name}.parquet").read_bytes() == (out / f"{name}.parquet").read_bytes()


def test_bad_galaxies_become_failures_and_the_rest_goes_on(survey: Path, tmp_path: Path) -> None:
    folder = some(survey, tmp_path / "sample", 5)
    paths = sorted(folder.iterdir())
    paths[0].write_bytes(paths[0].read_bytes()[:30_000])
    paths[1].write_text("not FITS")
    image = read_galaxy(paths[2])
    write_galaxy(paths[2], replace(image, bands={band: image[band] for band in "gri"}))
    image = read_galaxy(paths[3])
    blind = replace(image["g"], data=np.full_like(image["g"].data, np.nan))
    write_galaxy(paths[3], replace(image, bands={**image.bands, "g": blind}))
    summary = run(folder, tmp_path / "run", Recipe())
    assert (summary.galaxies, summary.failed) == (5, 4)
    failures = read_parquet(tmp_path / "run" / "failures.parquet")
    stages = dict(zip(failures["galaxy_id"], failures["stage"], strict=True))
    assert stages == {
        paths[0].stem: "read",
        paths[1].stem: "read",
        paths[2].stem: "measure",
        paths[3].stem: "read",
    }
    assert all(str(p.name) in e for p, e in zip(paths[:2], failures["error"], strict=False))
    galaxies = read_parquet(tmp_path / "run" / "galaxies.parquet")
    assert list(galaxies["status"]) == ["failed"] * 4 + ["ok"]


def test_pictures_are_searched_and_not_measured(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((survey / "images").iterdir())[:6]:
        rgb = colour(read_galaxy(path), Recipe().composite)
        Image.fromarray((255 * rgb).astype(np.uint8)).save(folder / f"{path.stem}.png")
    summary = run(folder, tmp_path / "run", Recipe())
    assert summary.failed == 0
    assert summary.normal > 0
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert np.isnan(plain(catalogue, "clump_flux_r")).all()
    expected = ClumpFlag.NO_WCS | ClumpFlag.PSF_ASSUMED
    assert (plain(catalogue, "flags") & expected == expected).all()


def test_stages_alone_give_what_the_run_gave(survey: Path, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    detect(survey, out, Recipe())
    assert not (out / "catalogue.parquet").exists()
    refine_run(out, Recipe())
    count, failed = measure_file(
        survey, out / "positions.parquet", out / "photometry.parquet", Recipe()
    )
    assert (failed, catalogue_run(out, Recipe())) == ({}, count)
    alone, whole = (read_parquet(f / "catalogue.parquet") for f in (out, finished))
    assert len(alone) == len(whole)
    for name in ("clump_centre_ra", "clump_flux_u", "clump_flux_err_g", "clump_score"):
        assert plain(alone, name) == pytest.approx(plain(whole, name), nan_ok=True, rel=1e-9)


def test_nothing_found_is_an_empty_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    write_galaxy(folder / "g1.fits", scenes.galaxy("g1", host_flux=0))
    summary = run(folder, tmp_path / "run", Recipe(refine=RefineConfig(score_threshold=1.0)))
    assert (summary.normal, summary.odd, summary.failed) == (0, 0, 0)
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert len(catalogue) == 0
    assert catalogue.colnames == [spec.name for spec in schema("release")]


def test_manifest_tells_what_was_done(finished: Path, survey: Path) -> None:
    manifest = RunManifest.read(finished)
    assert manifest.command == "run"
    assert manifest.counts["galaxies"] == 40
    assert manifest.inputs["sample"] == str(survey.resolve())
    assert len(manifest.model["sha256"]) == 64


def test_measure_refuses_what_it_cannot_use(survey: Path, tmp_path: Path) -> None:
    table = tmp_path / "positions.csv"
    table.write_text("galaxy_id,x,y\nsim000001,30,30\nnobody,30,30\n")
    count, failed = measure_file(survey, table, tmp_path / "out.parquet", Recipe())
    assert (count, list(failed)) == (1, ["nobody"])
    with pytest.raises(TableError, match="fits"):
        measure_file(survey, table, tmp_path / "out.txt", Recipe())
    table.write_text("galaxy_id,x,y\n")
    with pytest.raises(TableError, match="empty"):
        measure_file(survey, table, tmp_path / "out.parquet", Recipe())


def test_a_later_run_of_one_process_sees_the_changed_sample(survey: Path, tmp_path: Path) -> None:
    folder = some(survey, tmp_path / "sample", 2)
    run(folder, tmp_path / "one", Recipe())
    first = sorted(folder.iterdir())[0]
    first.rename(folder / "renamed.fits")
    run(folder, tmp_path / "two", Recipe())
    ids = set(read_parquet(tmp_path / "two" / "galaxies.parquet")["galaxy_id"])
    assert "renamed" in ids
    assert first.stem not in ids


def test_what_cannot_work_stops_the_run_at_its_start(survey: Path, tmp_path: Path) -> None:
    folder = some(survey, tmp_path / "sample", 2)
    nowhere = Recipe(catalogue=CatalogueConfig(dust_map=str(tmp_path / "none")))
    with pytest.raises(RecipeError, match="dust_map"):
        run(survey, tmp_path / "run", nowhere)
    assert not (tmp_path / "run").exists()
    other = Recipe(composite=CompositeConfig(stretch=0.9))
    with pytest.raises(RecipeError, match="composite"):
        run(folder, tmp_path / "run", other)


def test_refining_anew_keeps_failures_of_other_stages(survey: Path, tmp_path: Path) -> None:
    folder = some(survey, tmp_path / "sample", 2)
    path = sorted(folder.iterdir())[0]
    image = read_galaxy(path)
    write_galaxy(path, replace(image, bands={band: image[band] for band in "gri"}))
    run(folder, tmp_path / "run", Recipe())
    refine_run(tmp_path / "run", Recipe(refine=RefineConfig(nms_iou=0.3)))
    failures = read_parquet(tmp_path / "run" / "failures.parquet")
    assert list(zip(failures["galaxy_id"], failures["stage"], strict=True)) == [
        (path.stem, "measure")
    ]
    assert Run(tmp_path / "run").recipe().refine.nms_iou == 0.3
