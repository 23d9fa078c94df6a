"""`calibrate`: from a run of known truth into a model file, and on into the next catalogues."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import expit, logit
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import GALAXIES, TRUTH, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, ModelError, StoreError, TableError
from clumpscope.jobs.calibrate import calibrate, calibrated, candidates_of, known_clumps
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.run import run as make_run
from clumpscope.models.calibration import Evidence
from clumpscope.models.header import KEY, read_spec
from clumpscope.models.registry import find_model
from clumpscope.models.rewritten import with_spec
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet, write_parquet
from networks import native_spec
from runs import some

GALAXIES_MADE, EACH = 150, 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, its model and truth, of candidates 20 px apart. Not to be changed by a test.

    A candidate is real with the chance expit(logit(p) / 2 - 1); if not, there is either nothing, an
    odd clump, or a normal one of 0.5 %.
    """
    folder, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(4)
    save_file({"w": np.ones(3)}, folder / "m.safetensors", {KEY: native_spec().model_dump_json()})
    ids = [f"g{k:03d}" for k in range(GALAXIES_MADE)]
    n = GALAXIES_MADE * EACH
    p, number = rng.uniform(0.02, 0.98, n), np.tile(np.arange(EACH), GALAXIES_MADE)
    real, other = rng.random(n) < expit(logit(p) / 2 - 1), rng.integers(0, 3, n)
    flux = {f"clump_flux_{band}": rng.normal(3, 2, n) for band in "ugriz"}
    columns = {
        "galaxy_id": np.repeat(ids, EACH),
        "clump_id": number + 1,
        "clump_label_id": np.where(rng.random(n) < 0.8, 1, 2),
        "clump_score": p,
        "p_clump": p,
        "clump_centre_px_x": 20.0 * number,
        "clump_centre_px_y": np.full(n, 7.0),
        "FWHM_r_px": np.full(n, 3.0),
        "FWHM_r_arcsec": np.repeat(np.linspace(1.0, 1.5, GALAXIES_MADE), EACH),
        **flux,
        **{f"clump_flux_err_{band}": np.ones(n) for band in "ugriz"},
    }
    run = folder / "run"
    run.mkdir()
    write_parquet(clump_table("release", columns), run / "catalogue.parquet")
    width = np.full(GALAXIES_MADE, 1.2)
    known = {
        "galaxy_id": ids,
        "status": ["ok"] * GALAXIES_MADE,
        "psf_fwhm_r": width,
        "pixscale_arcsec": width / 3,
    }
    write_parquet(record_table(GALAXIES, known), run / "galaxies.parquet")
    there = real | (other > 0)
    truth = {
        "galaxy_id": columns["galaxy_id"][there],
        "clump_id": columns["clump_id"][there],
        "x": columns["clump_centre_px_x"][there] + 1.0,
        "y": np.full(there.sum(), 7.0),
        "label": np.where(real | (other == 1), 1, 2)[there],
        "flux_ratio_u": np.where(real | (other == 2), 0.05, 0.005)[there],
    }
    write_parquet(record_table(TRUTH, truth), folder / "truth.parquet")
    RunManifest(
        command="run",
        recipe=Recipe().model_dump(mode="json"),
        inputs={"sample": "/data/stripe"},
        model={
            "file": "m.safetensors",
            "sha256": sha256_file(folder / "m.safetensors"),
            "threshold": 0.02,
        },
    ).write(run)
    np.save(folder / "real.npy", real)
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(made, tmp_path / "desk"))


def done(desk: Path, out="out.safetensors", model="m.safetensors", **options):
    return calibrate(desk / "run", desk / "truth.parquet", str(desk / model), desk / out, **options)


@pytest.fixture(scope="module")
def calibrated_desk(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy after the command, and what that printed. Not to be changed by a test."""
    desk = Path(shutil.copytree(made, tmp_path_factory.mktemp("calibrated") / "desk"))
    told = CliRunner().invoke(
        app,
        ["calibrate", str(desk / "run"), "--truth", str(desk / "truth.parquet")]
        + ["--model", str(desk / "m.safetensors"), "--out", str(desk / "out.safetensors")],
    )
    assert told.exit_code == 0, told.output
    return desk, told.output


def test_the_model_says_what_its_probabilities_are_worth(calibrated_desk) -> None:
    desk, told = calibrated_desk
    spec = read_spec(desk / "out.safetensors")
    (calibration,) = spec.calibrations
    p = np.linspace(0.05, 0.95, 19)
    found = calibration.curve(p, np.full(19, 3.0))
    assert found == pytest.approx(expit(logit(p) / 2 - 1), abs=0.1)
    table, real = read_parquet(desk / "run" / "catalogue.parquet"), np.load(desk / "real.npy")
    snr = plain(table, "clump_flux_u") / plain(table, "clump_flux_err_u")
    assert calibration.survey == "stripe"
    assert (calibration.band, calibration.snr) == ("u", pytest.approx((snr.min(), snr.max())))
    assert calibration.psf_fwhm_arcsec == pytest.approx((1.0, 1.5))
    assert (calibration.candidates, calibration.galaxies) == (len(real), GALAXIES_MADE)
    assert calibration.score == plain(table, "clump_score").min()
    assert np.array_equal(load_file(desk / "out.safetensors")["w"], np.ones(3))
    said = json.loads((desk / "run" / "calibration" / "calibration.json").read_text())
    assert said["calibration"] == calibration.model_dump(mode="json")
    raw, after = (said["held_out"][name] for name in ("raw", "calibrated"))
    assert raw["candidates"] == after["candidates"]
    assert 0.25 < after["candidates"] / len(real) < 0.42
    assert after["ece"]["value"] < 0.08
    assert raw["ece"]["value"] > 0.15
    assert raw["observed"] == pytest.approx(real.mean(), abs=0.05)
    held_out = {f"{name}_stripe": after[name]["value"] for name in ("ece", "brier", "auc")}
    assert spec.metrics == held_out
    assert len(said["held_out_by_snr"]["high"]["bins"]["count"]) == 15
    assert (desk / "run" / "calibration" / "reliability.png").stat().st_size > 10_000
    assert "stripe: " in told
    lines = [line.split()[0] for line in told.splitlines() if " ± " in line]
    assert lines == ["raw", "calibrated", "S/N", "S/N", "S/N"]
    words = " ".join(told.split())
    assert f"fitted to all 1,200 candidates of {GALAXIES_MADE} galaxies" in words
    assert f"the {raw['galaxies']} galaxies that were held out" in words


def test_its_file_is_calibrated_again_on_the_same_run(calibrated_desk) -> None:
    """For another survey; but for its name the same comes of the same."""
    desk, _ = calibrated_desk
    (first,) = read_spec(desk / "out.safetensors").calibrations
    second, report = done(desk, "two.safetensors", "out.safetensors", survey="two")
    spec = read_spec(desk / "two.safetensors")
    assert spec.calibrations == (first, second)
    assert second == first.model_copy(update={"survey": "two"})
    assert first.model_sha256 == sha256_file(desk / "m.safetensors")
    assert {"ece_stripe", "ece_two"} < set(spec.metrics)
    # The last of a name counts.
    anew = first.model_copy(update={"score": 0.5})
    assert calibrated(spec, anew, report).calibrations == (second, anew)


def test_the_real_ones_are_those_that_match_a_normal_clump(made: Path) -> None:
    """All of them: what was drawn as real, and nothing else."""
    clumps, real = known_clumps(made / "run", made / "truth.parquet")
    assert np.array_equal(real, np.load(made / "real.npy"))
    assert len(clumps) == GALAXIES_MADE * EACH


def test_another_model_is_refused(desk: Path) -> None:
    other = native_spec(name="other")
    save_file({"w": np.zeros(3)}, desk / "other.safetensors", {KEY: other.model_dump_json()})
    with pytest.raises(ModelError, match="the run's model: expected .*other.safetensors"):
        done(desk, model="other.safetensors")
    assert not (desk / "out.safetensors").exists()


def test_truth_of_other_galaxies_is_refused(desk: Path) -> None:
    truth = read_parquet(desk / "truth.parquet")
    truth["galaxy_id"] = [f"x{name}" for name in truth["galaxy_id"]]
    write_parquet(truth, desk / "truth.parquet")
    with pytest.raises(TableError, match="truth: expected galaxies of the run"):
        done(desk)


def test_no_truth_is_told(desk: Path) -> None:
    (desk / "truth.parquet").unlink()
    with pytest.raises(StoreError, match="truth.parquet"):
        done(desk)


def test_a_run_that_only_detected_is_refused(desk: Path) -> None:
    (desk / "run" / "catalogue.parquet").unlink()
    with pytest.raises(StoreError, match="catalogue"):
        done(desk)


def test_candidates_of_one_kind_are_refused(desk: Path) -> None:
    truth = read_parquet(desk / "truth.parquet")
    write_parquet(truth[:0], desk / "truth.parquet")
    with pytest.raises(TableError, match="expected real ones and others, got 1200 that are not"):
        done(desk)


def test_few_candidates_are_refused(desk: Path) -> None:
    path = desk / "run" / "catalogue.parquet"
    write_parquet(read_parquet(path)[:49], path)
    with pytest.raises(TableError, match="at least 50, got 49"):
        done(desk)


def test_without_u_the_next_band_counts_and_without_fluxes_nothing(made: Path) -> None:
    table, real = known_clumps(made / "run", made / "truth.parquet")
    table["clump_flux_err_u"] *= np.nan
    candidates, band, known = candidates_of(table, Evidence.of(table), real)
    assert band == "g"
    assert np.array_equal(known, np.ones(len(table), bool))
    assert np.array_equal(candidates.snr, plain(table, "clump_flux_g"))
    for name in "griz":
        table[f"clump_flux_{name}"] *= np.nan
    with pytest.raises(TableError, match="fluxes with errors in some band"):
        candidates_of(table, Evidence.of(table), real)


def test_a_file_that_is_there_stays(desk: Path) -> None:
    with pytest.raises(FolderError, match="a new file"):
        done(desk, "m.safetensors")


def test_catalogues_of_the_calibrated_model_have_it(
    calibrated_desk, oblong: Path, tmp_path: Path
) -> None:
    """By the curve of the file, in a run and in its catalogue made anew."""
    (calibration,) = read_spec(calibrated_desk[0] / "out.safetensors").calibrations
    wide = {"pixscale_arcsec": (0.3, 0.5), "psf_fwhm_arcsec": (0.5, 3.0), "snr": (-3.0, 6.0)}
    calibration = calibration.model_copy(update=wide)
    path = find_model(None)
    spec = read_spec(path).model_copy(update={"calibrations": (calibration,)})
    with_spec(path, spec, tmp_path / "mine.safetensors")
    sample = some(oblong, tmp_path / "sample", 2)
    run = tmp_path / "run"
    make_run(
        sample,
        run,
        Recipe(refine={"score_threshold": 0.05}),
        model=str(tmp_path / "mine.safetensors"),
    )
    table = read_parquet(run / "catalogue.parquet")
    seen, found = Evidence.of(table), plain(table, "p_real")
    inside = (seen.snr["u"] >= -3) & (seen.snr["u"] <= 6)
    assert inside.sum() > 3
    assert (~inside).any()
    assert np.array_equal(np.isfinite(found), inside)
    assert found[inside] == pytest.approx(calibration.curve(seen.p[inside], seen.snr["u"][inside]))
    before = (run / "catalogue.parquet").read_bytes()
    (run / "catalogue.parquet").unlink()
    (tmp_path / "mine.safetensors").unlink()  # the run knows what it needs
    catalogue(run, Run(run).recipe())
    assert (run / "catalogue.parquet").read_bytes() == before
    manifest = RunManifest.read(run)
    bad = {**manifest.model, "calibrations": [{"survey": "x"}]}
    replace(manifest, model=bad).write(run)
    with pytest.raises(FolderError, match="model.calibrations: 0.curve"):
        catalogue(run, Run(run).recipe())
