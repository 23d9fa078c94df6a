"""Runs over galaxies that cannot be used, and runs that are interrupted."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig, CompositeConfig, RefineConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError, StoreError
from clumpscope.jobs import shards
from clumpscope.jobs.run import run
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.tables import read_parquet, write_parquet
from runs import assert_same_tables, some


def test_bad_galaxies_become_failures_and_the_rest_goes_on(
    oblong: Path, oblong_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    folder = some(oblong, tmp_path / "sample", 5)
    paths = sorted(folder.iterdir())
    paths[0].write_bytes(paths[0].read_bytes()[:30_000])
    paths[1].write_text("not FITS")
    image = read_galaxy(paths[2])
    write_galaxy(paths[2], replace(image, bands={band: image[band] for band in "gri"}))
    image = read_galaxy(paths[3])
    blind = replace(image["g"], data=np.full_like(image["g"].data, np.nan))
    write_galaxy(paths[3], replace(image, bands={**image.bands, "g": blind}))
    summary = run(folder, tmp_path / "run", Recipe())
    assert (summary.galaxies, summary.failed) == (5, 3)
    failures = read_parquet(tmp_path / "run" / "failures.parquet")
    stages = dict(zip(failures["galaxy_id"], failures["stage"], strict=True))
    assert stages == {
        paths[0].stem: "read",
        paths[1].stem: "read",
        paths[3].stem: "read",
    }
    assert all(str(p.name) in e for p, e in zip(paths[:2], failures["error"], strict=False))
    galaxies = read_parquet(tmp_path / "run" / "galaxies.parquet")
    assert list(galaxies["status"]) == ["failed", "failed", "ok", "failed", "ok"]
    assert RunManifest.read(tmp_path / "run").counts == {"galaxies": 5, "failed": 3}
    # That without u and z is measured in what it has.
    found, before = (
        table[table["galaxy_id"] == paths[2].stem]
        for table in (
            read_parquet(tmp_path / "run" / "catalogue.parquet"),
            read_parquet(oblong_run / "catalogue.parquet"),
        )
    )
    places = (np.sort(plain(one, "clump_centre_ra")) for one in (found, before))
    np.testing.assert_allclose(*places, rtol=1e-6)
    assert len(found) == galaxies["n_clumps"][2] > 0
    for band in "uz":
        assert np.isnan(plain(found, f"clump_flux_{band}")).all()
    for band in "gri":
        assert np.isfinite(plain(found, f"clump_flux_{band}")).any()
    # The last one is as good as ever.
    found, before = (
        plain(table[table["galaxy_id"] == paths[4].stem], "clump_flux_g")
        for table in (
            read_parquet(tmp_path / "run" / "catalogue.parquet"),
            read_parquet(oblong_run / "catalogue.parquet"),
        )
    )
    assert found == pytest.approx(before, rel=1e-6)


def test_what_cannot_work_stops_the_run_at_its_start(oblong: Path, tmp_path: Path) -> None:
    nowhere = Recipe(catalogue=CatalogueConfig(dust_map=str(tmp_path / "none")))
    with pytest.raises(RecipeError, match="dust_map"):
        run(oblong, tmp_path / "run", nowhere)
    other = Recipe(composite=CompositeConfig(stretch=0.9))
    for model in ("clumpscope-native", "clumpscope-psf"):
        with pytest.raises(RecipeError, match=rf"\[composite\], model {model}: expected"):
            run(oblong, tmp_path / "run", other, model=model)
    finer = Recipe(stack=StackConfig(fwhm_px=4))
    with pytest.raises(RecipeError, match=r"\[stack\], model clumpscope-psf: expected"):
        run(oblong, tmp_path / "run", finer, model="clumpscope-psf")
    assert not (tmp_path / "run").exists()


def test_an_interrupted_run_goes_on_only_as_it_began(
    oblong: Path, oblong_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    out, recipe = tmp_path / "run", Recipe(seed=7)

    def interrupt(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(oblong, out, recipe, progress=interrupt)
    assert sorted(path.name for path in (out / ".unfinished").iterdir()) == ["000000", "key.json"]
    with pytest.raises(StoreError, match="--resume"):
        run(oblong, out, recipe)
    with pytest.raises(StoreError, match="another recipe"):
        run(oblong, out, Recipe(seed=7, refine=RefineConfig(nms_iou=0.3)), resume=True)
    mark = (out / ".unfinished" / "000000" / "galaxies.parquet").stat().st_mtime_ns
    told: list[int] = []

    def stays(done: int) -> None:
        told.append(done)
        shard = out / ".unfinished" / "000000" / "galaxies.parquet"
        assert shard.stat().st_mtime_ns == mark

    # What only the catalogue needs may be another.
    later = Recipe(seed=7, catalogue=CatalogueConfig(formats=("fits",)))
    run(oblong, out, later, resume=True, progress=stays)
    assert told == [3, 3, 2]
    assert_same_tables(oblong_run, out)
    assert not (out / ".unfinished").exists()
    assert not (out / "catalogue.vot").exists()


def test_hosts_that_cannot_be_stop_nobody_else(
    oblong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One galaxy has no place on the sky; of another the header is of three dimensions."""
    sample = Path(shutil.copytree(oblong, tmp_path / "sample"))
    hosts = read_parquet(sample / "hosts.parquet")
    ids = [str(name) for name in hosts["galaxy_id"]]
    hosts["dec"][1] = 95 * u.deg
    write_parquet(hosts, sample / "hosts.parquet")
    with fits.open(sample / "images" / f"{ids[4]}.fits", mode="update") as hdus:
        for hdu in hdus:
            if "CTYPE1" in hdu.header:
                hdu.header["WCSAXES"] = 3
                hdu.header["CTYPE3"] = "FREQ"
    summary = run(sample, tmp_path / "run", Recipe())
    galaxies = read_parquet(tmp_path / "run" / "galaxies.parquet")
    failed = [str(row["galaxy_id"]) for row in galaxies if row["status"] == "failed"]
    assert ids[1] in failed
    assert summary.failed == len(failed) <= 2
    found = set(read_parquet(tmp_path / "run" / "catalogue.parquet")["galaxy_id"].tolist())
    whole = set(read_parquet(tmp_path / "run" / "positions.parquet")["galaxy_id"].tolist())
    assert set(failed).isdisjoint(found)
    assert len(whole | set(failed)) > 5
    assert run(sample, tmp_path / "run", Recipe(), resume=True).failed == summary.failed
