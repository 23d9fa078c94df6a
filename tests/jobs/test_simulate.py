"""Simulated samples and injected clumps on disk."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError
from clumpscope.jobs import shards
from clumpscope.jobs import simulate as simulating
from clumpscope.jobs.simulate import galaxy_ids, simulate
from clumpscope.stages.simulate.survey import simulate_galaxy
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet


def test_simulated_sample_is_the_same_for_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 4)
    recipe = Recipe(seed=5)
    for name, workers in (("one", 1), ("two", 2)):
        simulate(tmp_path / name, 10, recipe, workers)
    names = [p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()]
    assert len(names) == 10 + 4
    for name in names:
        if name.name != "manifest.json":
            same = (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
            assert same, name


def tables(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob("*.*t*"))
        if path.suffix in (".parquet", ".fits")
    }


def test_an_interrupted_survey_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(seed=5)
    monkeypatch.setattr(shards, "SHARD", 8)
    simulate(tmp_path / "whole", 20, recipe, 1)
    drawn = []

    def interrupted(galaxy_id: str, *rest: object) -> object:
        if len(drawn) == 12:
            raise KeyboardInterrupt
        drawn.append(galaxy_id)
        return simulate_galaxy(galaxy_id, *rest)

    monkeypatch.setattr(simulating, "simulate_galaxy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "part", 20, recipe, 1)
    assert not (tmp_path / "part" / "hosts.parquet").exists()
    with pytest.raises(StoreError, match="--resume"):
        simulate(tmp_path / "part", 20, recipe, 1)
    with pytest.raises(StoreError, match="another recipe"):
        simulate(tmp_path / "part", 20, Recipe(seed=6), 1, resume=True)
    drawn.clear()
    monkeypatch.setattr(
        simulating, "simulate_galaxy", lambda *a: drawn.append(a[0]) or simulate_galaxy(*a)
    )
    added: list[int] = []
    assert simulate(tmp_path / "part", 20, recipe, 1, added.append, resume=True) == 20
    assert sum(added) == 20
    assert drawn == galaxy_ids(20)[8:]
    assert tables(tmp_path / "part") == tables(tmp_path / "whole")
    assert not (tmp_path / "part" / ".shards").exists()


def test_injection_keeps_what_the_hosts_had(survey: Path, tmp_path: Path) -> None:
    made = simulate(tmp_path / "out", 50, Recipe(seed=8), 1, hosts=survey)
    hosts, sample = Sample.open(survey), Sample.open(tmp_path / "out")
    # A few hosts have no outline; no other fails.
    assert 45 <= made == len(sample) <= 50
    failures = read_parquet(tmp_path / "out" / "failures.parquet")
    assert len(failures) == 50 - made
    assert set(failures["stage"]) <= {"simulate"}
    assert sample.ids[:3] == hosts.ids[:3]
    assert f"{hosts.ids[0]}.2" in sample.ids
    assert (tmp_path / "out" / "images" / f"{hosts.ids[0]}.2.fits").is_file()
    assert sample.host_ids == [name.split(".")[0] for name in sample.ids]
    before, after = hosts.truth(), sample.truth()
    for galaxy_id in sample.ids[:20]:
        old = before[np.asarray(before["galaxy_id"]) == galaxy_id]
        new = after[np.asarray(after["galaxy_id"]) == galaxy_id]
        assert len(new) >= len(old)
        assert list(new["clump_id"]) == list(range(1, len(new) + 1))
        assert set(plain(old, "flux_g")) <= set(plain(new, "flux_g"))
        grown = sample.host(sample.ids.index(galaxy_id), "petro_flux_u")
        added = plain(new, "flux_u")[: len(new) - len(old)].sum()
        assert grown == pytest.approx(
            hosts.host(hosts.ids.index(galaxy_id), "petro_flux_u") + added
        )
    assert len(sample.labels()) >= len(hosts.labels())


def test_injections_into_injections_bear_the_first_hosts_id(survey: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "one", 3, Recipe(seed=8), 1, hosts=survey)
    made = simulate(tmp_path / "two", 6, Recipe(seed=9), 1, hosts=tmp_path / "one")
    first, second = Sample.open(tmp_path / "one"), Sample.open(tmp_path / "two")
    assert made == 6
    assert second.host_ids == first.host_ids * 2 == first.ids * 2
    third = simulate(tmp_path / "three", 2, Recipe(seed=9), 1, hosts=tmp_path / "two")
    assert third == 2
    assert Sample.open(tmp_path / "three").host_ids == first.ids[:2]


def test_injection_is_the_same_for_any_number_of_workers(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 4)
    for name, workers in (("one", 1), ("two", 2)):
        simulate(tmp_path / name, 10, Recipe(seed=8), workers, hosts=survey)
    assert tables(tmp_path / "one") == tables(tmp_path / "two")


def test_pictures_cannot_take_clumps(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    picture = np.zeros((30, 30, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "pictures" / "one.png")
    with pytest.raises(StoreError, match="at least one usable galaxy"):
        simulate(tmp_path / "out", None, Recipe(), 1, hosts=tmp_path / "pictures")


def test_simulated_sample_reads_back(survey: Path) -> None:
    sample = Sample.open(survey)
    assert sample.ids == galaxy_ids(40)
    image = sample.read(0, Recipe().sample)
    assert list(image.bands) == list(SDSS_BANDS)
    assert image.pixscale_arcsec == pytest.approx(0.396)
    assert sample.host(0, "psf_fwhm_r") == pytest.approx(image["r"].psf_fwhm_arcsec)
    truth = sample.truth()
    assert set(truth["galaxy_id"]) <= set(sample.ids)


def test_simulate_does_not_overwrite(survey: Path) -> None:
    with pytest.raises(StoreError, match="empty folder"):
        simulate(survey, 1, Recipe(), 1)
