"""From images to catalogue: the whole way, on any number of processes."""

import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.clumps import schema
from clumpscope.core.composite import colour
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.jobs import shards
from clumpscope.jobs.run import run
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet
from runs import TABLES, some

CORNERS = ("x1", "y1", "x2", "y2")


def header(sample: Path, galaxy_id: str) -> fits.Header:
    return fits.getheader(sample / "images" / f"{galaxy_id}.fits", "r")


def contents(run_folder: Path) -> dict[str, bytes]:
    """Every file of a run but the manifest, which holds times and places."""
    paths = (path for path in run_folder.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in paths if path.name != "manifest.json"}


def test_the_catalogue_has_the_schema_in_every_format(oblong_run: Path) -> None:
    catalogue = read_parquet(oblong_run / "catalogue.parquet")
    assert catalogue.colnames == [spec.name for spec in schema("release")]
    assert len(catalogue) > 15
    assert fits.getdata(oblong_run / "catalogue.fits", 1)["clump_flux_u"] == pytest.approx(
        plain(catalogue, "clump_flux_u"), nan_ok=True
    )
    names = {path.name for path in oblong_run.iterdir()}
    assert names == {
        *(f"{table}.parquet" for table in TABLES),
        *(f"catalogue.{suffix}" for suffix in ("fits", "vot", "ecsv", "reg")),
        *("manifest.json", "failures.csv", "sheet.png"),
    }


def test_places_on_the_sky_are_those_of_the_pixels(oblong: Path, oblong_run: Path) -> None:
    positions = read_parquet(oblong_run / "positions.parquet")
    assert len(set(positions["galaxy_id"])) > 5
    for row in positions:
        grid = WCS(header(oblong, row["galaxy_id"]))
        xy = [row[f"clump_centre_px_{axis}"].value for axis in "xy"]
        radec = [row[f"clump_centre_{name}"].value for name in ("ra", "dec")]
        assert grid.wcs_pix2world([xy], 0)[0] == pytest.approx(radec, abs=1e-9)


def test_boxes_of_clumps_are_detections(oblong: Path, oblong_run: Path) -> None:
    """In pixels, whose first has its centre at 0, instead of fractions of columns and rows."""
    detections = read_parquet(oblong_run / "detections.parquet")
    for row in read_parquet(oblong_run / "positions.parquet"):
        card = header(oblong, row["galaxy_id"])
        of_galaxy = detections[detections["galaxy_id"] == row["galaxy_id"]]
        same = of_galaxy[plain(of_galaxy, "score") == row["clump_score"]]
        assert len(same) == 1
        size = np.array([card["NAXIS1"], card["NAXIS2"]] * 2)
        box = np.array([same[0][name] for name in CORNERS]) * size - 0.5
        found = [row[f"clump_px_{name}"].value for name in CORNERS]
        assert found == pytest.approx(box, abs=1e-9)
        for name in ("p_background", "p_clump", "p_odd"):
            assert same[0][name] == row[name]


def found_share(sample: Path, out: Path) -> float:
    """Share of a sample's labels that a run has a position of within a PSF-FWHM."""
    positions = read_parquet(out / "positions.parquet")
    hit = []
    for row in Sample.open(sample).labels():
        card = header(sample, row["galaxy_id"])
        mine = positions[positions["galaxy_id"] == row["galaxy_id"]]
        offset = [
            plain(mine, f"clump_centre_px_{axis}") - (row[f"{axis}1"] + row[f"{axis}2"]) / 2 * n
            for axis, n in (("x", card["NAXIS1"]), ("y", card["NAXIS2"]))
        ]
        hit.append(np.hypot(offset[0] + 0.5, offset[1] + 0.5).min(initial=99) < 3.3)
    assert len(hit) > 20
    return float(np.mean(hit))


def test_labelled_clumps_are_found_where_they_are(oblong: Path, oblong_run: Path) -> None:
    """Most are; with rows and columns swapped, a tenth."""
    assert found_share(oblong, oblong_run) > 0.6


def test_so_does_a_model_at_the_scale_of_the_psf(oblong: Path, tmp_path: Path) -> None:
    """It finds them in bands that a composite cannot be made of, too."""
    summary = run(oblong, tmp_path / "psf", Recipe(), model="clumpscope-psf")
    assert summary.failed == 0
    assert found_share(oblong, tmp_path / "psf") > 0.6
    bare = tmp_path / "grz"
    (bare / "images").mkdir(parents=True)
    (bare / "labels.parquet").write_bytes((oblong / "labels.parquet").read_bytes())
    for path in (oblong / "images").iterdir():
        with fits.open(path) as hdus:
            kept = [hdu for hdu in hdus if not hdu.name.startswith(("U", "I"))]
            fits.HDUList(kept).writeto(bare / "images" / path.name)
    less = run(bare, tmp_path / "less", Recipe(), model="clumpscope-psf")
    assert less.failed == 0
    assert found_share(bare, tmp_path / "less") > 0.5


def test_every_galaxy_has_its_row(oblong: Path, oblong_run: Path) -> None:
    """What the table of galaxies says, against the files and the other tables."""
    galaxies = read_parquet(oblong_run / "galaxies.parquet")
    hosts = Sample.open(oblong).hosts
    assert list(galaxies["galaxy_id"]) == list(hosts["galaxy_id"])
    detections, clumps = (
        read_parquet(oblong_run / f"{name}.parquet") for name in ("detections", "catalogue")
    )
    for row, host in zip(galaxies, hosts, strict=True):
        name = row["galaxy_id"]
        card = header(oblong, name)
        grid = WCS(card)
        pixscale = 3600 * np.sqrt(abs(np.linalg.det(grid.pixel_scale_matrix)))
        assert row["pixscale_arcsec"].value == pytest.approx(pixscale, rel=1e-6)
        longer = max(card["NAXIS1"], card["NAXIS2"])
        assert row["field_arcsec"].value == pytest.approx(longer * pixscale, rel=1e-6)
        at = grid.wcs_world2pix([[host["ra"].value, host["dec"].value]], 0)[0]
        assert [row[f"host_px_{axis}"].value for axis in "xy"] == pytest.approx(at, abs=1e-6)
        for band in "ugriz":
            width = fits.getheader(oblong / "images" / f"{name}.fits", band)["PSFFWHM"]
            assert row[f"psf_fwhm_{band}"].value == width
        mine = clumps[clumps["galaxy_id"] == name]
        assert list(mine["clump_id"]) == list(range(1, len(mine) + 1))
        assert row["n_detections"] == np.sum(detections["galaxy_id"] == name)
        assert row["n_clumps"] == len(mine)
        assert row["n_normal"] == np.sum(mine["clump_label_id"] == 1)
        assert row["petro_flux_u"] == host["petro_flux_u"]
        assert (row["status"], row["outline"], row["flags"]) == ("ok", True, 0)


def test_the_summary_and_the_manifest_say_what_was_done(
    oblong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    told: list[int] = []
    began = time.monotonic()
    recipe = Recipe(seed=7, refine=RefineConfig(score_threshold=0.5))
    summary = run(oblong, tmp_path / "run", recipe, progress=told.append)
    passed = time.monotonic() - began
    clumps = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert (summary.galaxies, summary.failed) == (8, 0)
    assert summary.detections == len(read_parquet(tmp_path / "run" / "detections.parquet"))
    labels = plain(clumps, "clump_label_id")
    assert (summary.normal, summary.odd) == ((labels == 1).sum(), (labels == 2).sum())
    assert passed / 2 < summary.seconds < passed
    assert told == [0, 3, 3, 2]
    assert plain(clumps, "clump_score").min() >= 0.5
    assert set(read_parquet(tmp_path / "run" / "galaxies.parquet")["score_threshold"]) == {0.5}
    manifest, sample, model = (
        RunManifest.read(tmp_path / "run"),
        Sample.open(oblong),
        find_model(None),
    )
    assert (manifest.command, manifest.seed) == ("run", 7)
    named = recipe.model_copy(update={"measure": MeasureConfig(bands=tuple("ugriz"))})
    assert Recipe.model_validate(manifest.recipe) == named  # what was measured, nobody having said
    assert manifest.inputs == {
        "sample": str(oblong.resolve()),
        "sample_key": sample.fingerprint(),
    }
    said = {"file": model.name, "sha256": sha256_file(model), "threshold": 0.5}
    assert manifest.model.items() >= said.items()
    surveys = [one["survey"] for one in manifest.model["calibrations"]]
    assert surveys == ["sdss", "hsc"]
    assert manifest.counts == {"galaxies": 8, "failed": 0}
    assert manifest.timings == {"seconds": summary.seconds}


def test_the_threshold_is_the_model_s_unless_said(oblong_run: Path) -> None:
    threshold = read_spec(find_model(None)).score_threshold
    assert RunManifest.read(oblong_run).model["threshold"] == threshold
    assert plain(read_parquet(oblong_run / "catalogue.parquet"), "clump_score").min() >= threshold
    scores = plain(read_parquet(oblong_run / "detections.parquet"), "score")
    assert 0.05 <= scores.min() < threshold


def test_number_of_workers_changes_no_byte(
    oblong: Path, oblong_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)  # this process cuts the shards
    run(oblong, tmp_path / "two", Recipe(seed=7), workers=2)
    first = contents(oblong_run)
    assert {"catalogue.fits", "catalogue.vot", "catalogue.reg", "sheet.png"} <= first.keys()
    assert contents(tmp_path / "two") == first


def test_pictures_are_searched_and_not_measured(oblong: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    shapes = {}
    for path in sorted((oblong / "images").iterdir())[3:6]:
        rgb = colour(read_galaxy(path), Recipe().composite)
        shapes[path.stem] = rgb.shape[:2]
        Image.fromarray((255 * rgb).astype(np.uint8)).save(folder / f"{path.stem}.png")
    summary = run(folder, tmp_path / "run", Recipe())
    assert summary.failed == 0
    assert summary.normal > 0
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert np.isnan(plain(catalogue, "clump_flux_r")).all()
    expected = ClumpFlag.NO_WCS | ClumpFlag.PSF_ASSUMED
    assert (plain(catalogue, "flags") & expected == expected).all()
    for row in read_parquet(tmp_path / "run" / "galaxies.parquet"):
        ny, nx = shapes[row["galaxy_id"]]
        assert row["field_arcsec"].value == pytest.approx(0.396 * max(nx, ny))
        centre = [row[f"host_px_{axis}"].value for axis in "xy"]
        assert centre == [(nx - 1) / 2, (ny - 1) / 2]
        assert (row["psf_fwhm_r"].value, row["flags"]) == (1.3, int(expected))
        assert np.isnan(row["psf_fwhm_g"].value)


def test_a_finished_run_is_told_as_it_was(oblong: Path, oblong_run: Path, tmp_path: Path) -> None:
    """With --resume nothing is computed, and the same is said, also of a sheet that is missing."""
    out = tmp_path / "run"
    whole = run(oblong, out, Recipe(seed=7))
    before = contents(out)
    told: list[int] = []
    assert run(oblong, out, Recipe(seed=7), resume=True, progress=told.append) == whole
    assert (told, contents(out)) == ([], before)
    (out / "sheet.png").unlink()
    assert run(oblong, out, Recipe(seed=7), resume=True).undrawn


def test_nothing_found_is_an_empty_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    write_galaxy(folder / "g1.fits", scenes.galaxy("g1", (70, 110), host_flux=0))
    summary = run(folder, tmp_path / "run", Recipe(refine=RefineConfig(score_threshold=1.0)))
    assert (summary.normal, summary.odd, summary.failed) == (0, 0, 0)
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert len(catalogue) == 0
    assert catalogue.colnames == [spec.name for spec in schema("release")]
    assert not read_parquet(tmp_path / "run" / "galaxies.parquet")["outline"][0]


def test_a_later_run_of_one_process_sees_the_changed_sample(oblong: Path, tmp_path: Path) -> None:
    folder = some(oblong, tmp_path / "sample", 2)
    run(folder, tmp_path / "one", Recipe())
    first = sorted(folder.iterdir())[0]
    first.rename(folder / "renamed.fits")
    run(folder, tmp_path / "two", Recipe())
    ids = set(read_parquet(tmp_path / "two" / "galaxies.parquet")["galaxy_id"])
    assert "renamed" in ids
    assert first.stem not in ids


def test_the_composite_may_be_said_if_it_is_the_model_s(oblong: Path, tmp_path: Path) -> None:
    folder = some(oblong, tmp_path / "sample", 1)
    recipe = Recipe(composite=read_spec(find_model(None)).composite)
    assert run(folder, tmp_path / "run", recipe).galaxies == 1


def test_a_target_that_is_a_star_is_told_and_measured_without_a_host(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    image = scenes.galaxy("star", (120, 120), [[59.5, 59.5]], 60.0, host_flux=0)
    write_galaxy(tmp_path / "s" / "star.fits", image)
    keep = Recipe(refine=RefineConfig(keep_nucleus=True, score_threshold=0.05))
    done = run(tmp_path / "s", tmp_path / "run", keep)
    assert done.stars == 1
    clumps = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert len(clumps)
    both = int(ClumpFlag.HOST_IS_STAR | ClumpFlag.LOCAL_BACKGROUND)
    assert (plain(clumps, "flags") & both == both).all()
    assert (plain(clumps, "quality") == 2).all()
    assert done.quality == (0, 0, len(clumps))
    galaxies = read_parquet(tmp_path / "run" / "galaxies.parquet")
    assert plain(galaxies, "flags")[0] & int(ClumpFlag.HOST_IS_STAR)
