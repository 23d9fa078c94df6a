"""Samples on disk: simulated ones, and clumps put into the images of others."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import ClumpsConfig, HostsConfig, ObserveConfig, SimulateConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError, TableError
from clumpscope.jobs import shards
from clumpscope.jobs import simulate as simulating
from clumpscope.jobs.simulate import copy_ids, galaxy_ids, simulate
from clumpscope.stages.simulate.survey import simulate_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

MANY = Recipe(seed=8, simulate=SimulateConfig(clumps=ClumpsConfig(clumpless_share=0, mean=6)))


def of(table, galaxy_id):
    return table[np.asarray(table["galaxy_id"]) == galaxy_id]


def test_simulated_sample_is_the_same_for_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 4)
    recipe = Recipe(seed=5)
    for name, workers in (("one", 1), ("two", 2)):
        simulate(tmp_path / name, 10, recipe, workers)
    names = [p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()]
    assert len(names) == 10 + 5
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
    with pytest.raises(StoreError, match="another recipe"):
        simulate(tmp_path / "part", 21, recipe, 1, resume=True)
    drawn.clear()
    monkeypatch.setattr(
        simulating, "simulate_galaxy", lambda *a: drawn.append(a[0]) or simulate_galaxy(*a)
    )
    added: list[int] = []
    assert simulate(tmp_path / "part", 20, recipe, 1, added.append, resume=True) == 20
    assert added == [8, 8, 4]
    assert drawn == galaxy_ids(20)[8:]
    assert tables(tmp_path / "part") == tables(tmp_path / "whole")
    assert not (tmp_path / "part" / ".unfinished").exists()


def test_a_simulated_sample_says_what_is_in_it(survey: Path) -> None:
    sample = Sample.open(survey)
    assert sample.ids == galaxy_ids(40)
    assert (sample.ids[0], sample.ids[-1]) == ("sim000001", "sim000040")
    image = sample.read(0, Recipe().sample)
    assert list(image.bands) == list(SDSS_BANDS)
    assert image.pixscale_arcsec == pytest.approx(0.396)
    assert sample.host(0, "psf_fwhm_r") == pytest.approx(image["r"].psf_fwhm_arcsec)
    truth = sample.truth()
    assert set(truth["galaxy_id"]) <= set(sample.ids)
    own = {name: sample.host(k, "petro_flux_u") for k, name in enumerate(sample.ids)}
    total = np.array([own[name] for name in truth["galaxy_id"]])
    assert plain(truth, "flux_ratio_u") == pytest.approx(plain(truth, "flux_u") / total)
    manifest = RunManifest.read(survey)
    assert (manifest.command, manifest.seed, manifest.inputs) == ("simulate", 11, {})
    assert manifest.counts == {"galaxies": 40, "failed": 0}
    assert Recipe.model_validate(manifest.recipe) == Recipe(seed=11)


def test_simulate_does_not_overwrite(survey: Path) -> None:
    with pytest.raises(StoreError, match="empty folder"):
        simulate(survey, 1, Recipe(), 1)


@pytest.mark.parametrize(
    ("n", "ids"), [(1, ["a"]), (2, ["a", "b"]), (5, ["a", "b", "a.2", "b.2", "a.3"])]
)
def test_copies_are_numbered(n: int, ids: list[str]) -> None:
    assert copy_ids(["a", "b"], n) == ids


def test_copies_whose_ids_would_be_too_long_are_refused(oblong: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    (sample / "images").mkdir(parents=True)
    name = "n" * 63
    shutil.copy(sorted((oblong / "images").iterdir())[0], sample / "images" / f"{name}.fits")
    with pytest.raises(TableError, match=rf"galaxy_id: expected 1 to 64 .* got '{name}\.2'"):
        simulate(tmp_path / "out", 2, Recipe(), 1, hosts=sample)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def injected(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clumps in `oblong`, whose first galaxies come twice. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("injected") / "sample"
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD", 3)
        assert simulate(folder, 11, MANY, 1, told.append, hosts=oblong) == 11
    assert told == [0, 3, 3, 3, 2]
    return folder


def test_light_is_added_where_the_truth_says(oblong: Path, injected: Path) -> None:
    """The sum and the mean place of what is new in g are those of the new truths."""
    sample, old = Sample.open(injected), Sample.open(oblong).truth()
    assert sample.ids == [*Sample.open(oblong).ids, *(f"sim00000{k}.2" for k in (1, 2, 3))]
    assert sample.host_ids == [name.split(".")[0] for name in sample.ids]
    seen = 0
    for name in sample.ids:
        path = injected / "images" / f"{name}.fits"
        host = oblong / "images" / f"{name.split('.')[0]}.fits"
        light = fits.getdata(path, "g") - fits.getdata(host, "g").astype(float)
        rows = of(sample.truth(), name)
        xy = np.column_stack([plain(rows, "x"), plain(rows, "y")])
        radec = np.column_stack([plain(rows, "ra"), plain(rows, "dec")])
        grid = WCS(fits.getheader(path, "g"))
        assert grid.wcs_world2pix(radec, 0) == pytest.approx(xy, abs=1e-4)
        n = len(rows) - len(of(old, name.split(".")[0]))
        flux = plain(rows, "flux_g")[:n]
        # SDSS counts about 1000 electrons a nanomaggy in g.
        assert abs(light.sum() - flux.sum()) < 0.02 * flux.sum() + 5 * np.sqrt(flux.sum() / 1000)
        if n:
            y, x = np.indices(light.shape)
            middle = [(light * axis).sum() / light.sum() for axis in (x, y)]
            assert middle == pytest.approx(np.average(xy[:n], axis=0, weights=flux), abs=0.5)
            seen += 1
    assert seen > 8


def test_what_the_hosts_had_is_kept(oblong: Path, injected: Path) -> None:
    hosts, sample = Sample.open(oblong), Sample.open(injected)
    before, after = hosts.truth(), sample.truth()
    for k, name in enumerate(sample.ids):
        index = k % len(hosts)
        old, new = of(before, hosts.ids[index]), of(after, name)
        assert list(new["clump_id"]) == list(range(1, len(new) + 1))
        kept = new[len(new) - len(old) :]
        for column in ("x", "y", "ra", "label", "flux_g"):
            assert list(plain(kept, column)) == list(plain(old, column))
        added = plain(new, "flux_u")[: len(new) - len(old)].sum()
        assert sample.host(k, "petro_flux_u") == pytest.approx(
            hosts.host(index, "petro_flux_u") + added
        )
        ratio = plain(new, "flux_u") / sample.host(k, "petro_flux_u")
        assert plain(new, "flux_ratio_u") == pytest.approx(ratio)
        for column in ("ra", "ebv", "redshift", "field_arcsec", "petro_r90_arcsec"):
            assert sample.host(k, column) == hosts.host(index, column)
        boxes, more = of(hosts.labels(), hosts.ids[index]), of(sample.labels(), name)
        assert len(more) >= len(boxes)
        for column in ("x1", "y2", "label", "ra"):
            assert list(plain(more, column))[len(more) - len(boxes) :] == list(plain(boxes, column))
    manifest = RunManifest.read(injected)
    assert manifest.inputs == {"hosts": str(oblong.resolve())}
    assert manifest.counts == {"galaxies": 11, "failed": 0}
    assert len(read_parquet(injected / "failures.parquet")) == 0


def test_labels_of_injected_clumps_are_around_them(oblong: Path, injected: Path) -> None:
    """As fractions of columns and rows: boxes of two PSF-FWHM about one of the truths."""
    sample = Sample.open(injected)
    labels = sample.labels()
    assert len(labels) > len(Sample.open(oblong).labels())
    nearest = []
    for row in labels:
        header = fits.getheader(injected / "images" / f"{row['galaxy_id']}.fits", "r")
        size = np.array([header["NAXIS1"], header["NAXIS2"]])
        low, high = (np.array([row[f"x{k}"], row[f"y{k}"]]) * size - 0.5 for k in (1, 2))
        truth = of(sample.truth(), row["galaxy_id"])
        xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
        nearest.append(np.hypot(*(xy - (low + high) / 2).T).min())
        assert nearest[-1] < header["PSFFWHM"] / 0.396
        assert high - low == pytest.approx(2 * header["PSFFWHM"] / 0.396, rel=1e-3)
    assert np.mean(np.array(nearest) < 1e-6) > 0.6  # close ones share a box between them


def test_copies_of_a_host_have_clumps_of_their_own(injected: Path) -> None:
    truth = Sample.open(injected).truth()
    for k in (1, 2, 3):
        once, twice = (set(plain(of(truth, f"sim00000{k}{end}"), "x")) for end in ("", ".2"))
        assert once - twice
        assert twice - once
        assert once & twice  # those of the host


def test_injections_into_injections_bear_the_first_hosts_id(survey: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "one", 3, Recipe(seed=8), 1, hosts=survey)
    made = simulate(tmp_path / "two", 6, Recipe(seed=9), 1, hosts=tmp_path / "one")
    first, second = Sample.open(tmp_path / "one"), Sample.open(tmp_path / "two")
    assert made == 6
    assert second.host_ids == first.host_ids * 2 == first.ids * 2
    assert second.ids[3] == f"{first.ids[0]}.2"
    simulate(tmp_path / "three", 4, Recipe(seed=9), 1, hosts=tmp_path / "two")
    assert Sample.open(tmp_path / "three").host_ids == second.host_ids[:4]


def test_injection_is_the_same_for_any_number_of_workers(
    oblong: Path, injected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 4)
    simulate(tmp_path / "two", 11, MANY, 2, hosts=oblong)
    assert tables(injected) == tables(tmp_path / "two")


def test_each_host_once_and_those_that_cannot_be_used_are_told(
    oblong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    shutil.copytree(oblong, tmp_path / "hosts")
    (tmp_path / "hosts" / "images" / "sim000004.fits").write_text("no image")
    (tmp_path / "hosts" / "truth.parquet").unlink()
    assert simulate(tmp_path / "out", None, MANY, 1, hosts=tmp_path / "hosts") == 7
    sample = Sample.open(tmp_path / "out")
    assert sample.ids == [f"sim00000{k}" for k in (1, 2, 3, 5, 6, 7, 8)]
    failures = read_parquet(tmp_path / "out" / "failures.parquet")
    assert list(failures["galaxy_id"]) == ["sim000004"]
    assert list(failures["stage"]) == ["simulate"]
    assert "sim000004.fits" in failures["error"][0]
    assert RunManifest.read(tmp_path / "out").counts == {"galaxies": 7, "failed": 1}
    assert set(sample.truth()["galaxy_id"]) <= set(sample.ids)


def test_pictures_cannot_take_clumps(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    picture = np.zeros((30, 30, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "pictures" / "one.png")
    with pytest.raises(StoreError, match="at least one usable galaxy"):
        simulate(tmp_path / "out", None, Recipe(), 1, hosts=tmp_path / "pictures")


def test_twins_are_the_galaxies_of_a_deeper_sample_seen_anew(tmp_path: Path) -> None:
    sharp = ObserveConfig(
        pixscale_arcsec=0.168, psf_fwhm_r_arcsec=(0.45, 1.0), psf_fwhm_median_arcsec=0.6
    )
    settings = SimulateConfig(hosts=HostsConfig(r90_arcsec=(4, 6)), observe=sharp)
    simulate(tmp_path / "deep", 3, Recipe(seed=5, simulate=settings), 1)
    (tmp_path / "deep" / "images" / "sim000002.fits").write_text("no image")
    assert simulate(tmp_path / "near", None, MANY, 1, twins_of=tmp_path / "deep") == 2
    deep, near = Sample.open(tmp_path / "deep"), Sample.open(tmp_path / "near")
    assert near.ids == ["sim000001", "sim000003"]
    assert RunManifest.read(near.folder).inputs == {"hosts": str(deep.folder.resolve())}
    assert list(read_parquet(near.folder / "failures.parquet")["galaxy_id"]) == ["sim000002"]
    assert not (near.folder / "votes.parquet").exists()
    for k, name in enumerate(near.ids):
        image = near.read(k)
        assert image.pixscale_arcsec == pytest.approx(0.396, rel=1e-3)
        before, after = of(deep.truth(), name), of(near.truth(), name)
        np.testing.assert_allclose(plain(after, "ra"), plain(before, "ra"), atol=1e-9)
        np.testing.assert_array_equal(plain(after, "flux_g"), plain(before, "flux_g"))
        assert near.host(k, "redshift") == deep.host(deep.ids.index(name), "redshift")
        assert near.host(k, "psf_fwhm_r") > 0.9
