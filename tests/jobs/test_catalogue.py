"""The catalogue made anew from a run's photometry."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError
from clumpscope.jobs.catalogue import catalogue
from clumpscope.store.hats import rows_in_hats
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet, write_parquet


@pytest.fixture
def copied(oblong_run: Path, tmp_path: Path) -> Path:
    """A run to change."""
    return Path(shutil.copytree(oblong_run, tmp_path / "run"))


def test_it_is_the_run_s(oblong_run: Path, copied: Path) -> None:
    (copied / "catalogue.parquet").unlink()
    before = read_parquet(oblong_run / "catalogue.parquet")
    assert catalogue(copied, Recipe()) == len(before)
    one, other = (folder / "catalogue.parquet" for folder in (copied, oblong_run))
    assert one.read_bytes() == other.read_bytes()


def test_another_recipe_is_followed_and_noted(copied: Path) -> None:
    for path in copied.glob("catalogue.*"):
        path.unlink()
    recipe = Recipe(
        catalogue=CatalogueConfig(low_snr=1e6, formats=("ecsv",)),
        refine=RefineConfig(nms_iou=0.4),  # not done anew
    )
    before = Run(copied).recipe()
    catalogue(copied, recipe)
    assert {path.name for path in copied.glob("catalogue.*")} == {
        *("catalogue.parquet", "catalogue.ecsv")
    }
    flags = plain(read_parquet(copied / "catalogue.parquet"), "flags")
    assert (flags & int(ClumpFlag.LOW_SNR) > 0).all()
    assert Run(copied).recipe() == before.model_copy(update={"catalogue": recipe.catalogue})
    assert RunManifest.read(copied).seed == 7  # of the run


def test_hosts_are_those_of_the_sample_now(oblong: Path, copied: Path, tmp_path: Path) -> None:
    """With a u flux of half its size, clumps have twice their share of it."""
    shutil.copytree(oblong, tmp_path / "sample")
    hosts = read_parquet(tmp_path / "sample" / "hosts.parquet")
    hosts["petro_flux_u"] = hosts["petro_flux_u"] / 2
    write_parquet(hosts, tmp_path / "sample" / "hosts.parquet")
    manifest = RunManifest.read(copied)
    replace(manifest, inputs={"sample": str(tmp_path / "sample")}).write(copied)
    before = plain(read_parquet(copied / "catalogue.parquet"), "clump_flux_ratio")
    catalogue(copied, Recipe())
    after = plain(read_parquet(copied / "catalogue.parquet"), "clump_flux_ratio")
    assert np.isfinite(before).sum() > 15
    assert after == pytest.approx(2 * before, nan_ok=True)


def test_fluxes_are_those_of_the_photometry(oblong: Path, oblong_run: Path) -> None:
    """Over the host's, and corrected for the host's own extinction."""
    photometry, released, hosts = (
        read_parquet(oblong_run / "photometry.parquet"),
        read_parquet(oblong_run / "catalogue.parquet"),
        read_parquet(oblong / "hosts.parquet"),
    )
    assert list(released["galaxy_id"]) == list(photometry["galaxy_id"])
    host = {row["galaxy_id"]: row for row in hosts}
    of = [host[name] for name in released["galaxy_id"]]
    for name in ("clump_centre_ra", "clump_score", "n_members"):
        assert plain(released, name) == pytest.approx(plain(photometry, name))
    ratio = plain(released, "clump_flux_u") / 3.631e-6
    ratio = ratio / np.array([row["petro_flux_u"].value for row in of])
    assert plain(released, "clump_flux_ratio") == pytest.approx(ratio, rel=1e-3, nan_ok=True)
    ebv = np.array([row["ebv"].value for row in of])
    assert len(set(ebv)) > 5
    dimmed = plain(released, "clump_mag_g") - plain(released, "clump_mag_corr_g")
    seen = np.isfinite(dimmed)
    assert seen.sum() > 20
    assert dimmed[seen] / ebv[seen] == pytest.approx(3.303)  # Schlafly & Finkbeiner 2011, Table 6


@pytest.mark.filterwarnings("ignore")  # of pandas 3, by hats-import
def test_it_is_divided_by_healpix_for_those_who_ask(copied: Path, tmp_path: Path) -> None:
    table = read_parquet(copied / "photometry.parquet")
    table["clump_centre_ra"][0] = np.nan * u.deg
    write_parquet(table, copied / "photometry.parquet")
    out = tmp_path / "hats"
    told = CliRunner().invoke(app, ["catalogue", str(copied), "--hats", str(out)])
    assert told.exit_code == 0, told.output
    assert rows_in_hats(out) == len(table) - 1
    words = " ".join(told.output.split())
    assert f"{len(table) - 1} of them in" in words
    assert "1 without a position on the sky are not in" in words
    (copied / "catalogue.parquet").unlink()
    again = CliRunner().invoke(app, ["catalogue", str(copied), "--hats", str(out)])
    assert not (copied / "catalogue.parquet").exists()  # said at once
    assert isinstance(again.exception, FolderError)
