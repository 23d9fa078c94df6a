"""`fetch` over the network, from a server on this machine that misbehaves as told."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.recipe import Recipe
from clumpscope.jobs.fetch import estimate, fetch, read_targets
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet
from kills import files
from sdss_mirror import FWHM, Source, make_field, make_psfield, stars
from sky_server import SkyServer

SHAPE = (170, 190)
PLACES = {"a": (1, (95, 85)), "b": (2, (60, 100)), "c": (2, (120, 70)), "d": (3, (90, 80))}


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]], Path]:
    """Fields, the catalogue of their galaxies, and a list of targets on them."""
    folder = tmp_path_factory.mktemp("sky")
    rows: list[dict[str, object]] = []
    targets = []
    for n in (1, 2, 3):
        galaxies = [xy for field, xy in PLACES.values() if field == n]
        sources = (*stars(SHAPE, n=9, seed=n), *(Source(*xy, 150.0, 1.5) for xy in galaxies))
        field = make_field(folder / str(n), sources, field=n, shape=SHAPE, ra=150 + n, seed=n)
        if n != 3:
            make_psfield(folder / str(n) / f"psField-003918-3-000{n}.fits", FWHM)
        for name, (where, xy) in PLACES.items():
            if where == n:
                ra, dec = field.sky(Source(*xy, 0.0))
                rows.append(row_of(ra, dec, n))
                targets.append((name, ra, dec))
    targets += [("nowhere", 10.0, -40.0), ("gone", 20.0, 5.0)]
    rows.append(row_of(20.0, 5.0, 4))
    Table(rows=targets, names=("galaxy_id", "ra", "dec")).write(folder / "list.csv")
    return folder, rows, folder / "list.csv"


def row_of(ra: float, dec: float, field: int) -> dict[str, object]:
    bands = "ugriz"
    return {
        **{"objID": 1237662226208063489, "ra": ra, "dec": dec, "type": 3, "clean": 1},
        **{"run": 3918, "rerun": 301, "camcol": 3, "field": field},
        **{"petroR50_r": 1.9, "petroR90_r": 4.5, "fracDeV_r": 0.1, "expAB_r": 0.8},
        **{"expPhi_r": 200.0, "deVAB_r": 0.5, "deVPhi_r": 10.0},
        **{f"petroFlux_{band}": 100.0 + n for n, band in enumerate(bands)},
        **{f"petroFluxIvar_{band}": 4.0 for band in bands},
        **{f"extinction_{b}": 0.02 * c for b, c in zip(bands, EARLY, strict=True)},
        **{"specObjID": 1234567890123456789, "z": 0.05, "zWarning": 0},
        **{"lgm_tot_p50": 10.5, "specsfr_tot_p50": -9999, "dr7objid": 587722952230174996},
    }


EARLY = (5.155, 3.793, 2.751, 2.086, 1.479)


@pytest.fixture
def server(sky, cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = SkyServer()
    server.add_frames(sky[0])
    server.rows = sky[1]
    yield server
    server.close()


def bring(server, sky, folder, **more):
    recipe = more.pop("recipe", None) or server.recipe()
    return fetch("sdss", read_targets(sky[2]), None, folder, recipe, **more)


@pytest.fixture(scope="module")
def wanted(sky, tmp_path_factory) -> dict[str, bytes]:
    """Images cut from the same frames on the disk."""
    folder = tmp_path_factory.mktemp("wanted") / "sample"
    known = Table.read(sky[2])
    values = {"petro_r50_arcsec": 1.9, "petro_r90_arcsec": 4.5, "axis_ratio": 0.8}
    values |= {f"petro_flux{kind}_{band}": 1.0 for kind in ("", "_err") for band in "ugriz"}
    for name, value in {**values, "position_angle_deg": 20.0}.items():
        known[name] = value  # so that cutouts are resampled in windows of one size
    known.write(folder.with_suffix(".csv"))
    fetch("sdss", read_targets(folder.with_suffix(".csv")), sky[0], folder, Recipe())
    return {name: body for name, body in files(folder).items() if name.startswith("images")}


def images(folder):
    return {name: body for name, body in files(folder).items() if name.startswith("images")}


def test_from_positions_to_a_sample(server, sky, wanted, tmp_path):
    failures = bring(server, sky, tmp_path / "s")
    assert images(tmp_path / "s") == wanted
    assert len(wanted) == 4
    told = dict(zip(failures["galaxy_id"], failures["error"], strict=True))
    assert set(told) == {"nowhere", "gone"}
    assert "no object within" in told["nowhere"]
    assert "frame-r-003918-3-0004.fits.bz2: the server answered 404" in told["gone"]
    hosts = Sample.open(tmp_path / "s").hosts
    assert list(hosts["galaxy_id"]) == list(PLACES)
    row = hosts[0]
    assert row["redshift"] == 0.05
    assert row["petro_flux_r"].value == 102.0
    assert row["petro_flux_err_r"].value == 0.5
    assert row["position_angle_deg"].value == 20.0
    assert row["ebv"].value == pytest.approx(0.02)
    assert row["log_mass"] == 10.5
    assert np.isnan(row["log_ssfr"])
    assert row["specobjid"] == 1234567890123456789
    assert server.most_at_once <= 4
    assert max(server.asked.values()) == 1
    assert not list((tmp_path / "s").rglob(".*"))


def test_nothing_is_asked_again(server, sky, cache, tmp_path):
    bring(server, sky, tmp_path / "s")
    first = server.asked.total()
    bring(server, sky, tmp_path / "again")
    # The catalogue, and what the archive lacks: a frame, a psField and its photoField.
    again = server.asked.total() - first
    assert again == 4
    kept = sorted(path.name for path in (cache / "surveys" / "sdss").iterdir())
    assert kept == ["3918-3-1", "3918-3-2", "3918-3-3"]
    frames = cache / "surveys" / "sdss"
    fetch("sdss", read_targets(sky[2]), frames, tmp_path / "mirror", Recipe())  # it is one, too


def test_frames_are_dropped(server, sky, cache, tmp_path, wanted):
    bring(server, sky, tmp_path / "s", recipe=server.recipe(cache_gb=0.0))
    assert images(tmp_path / "s") == wanted
    assert list((cache / "surveys" / "sdss").iterdir()) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_through_faults(server, sky, wanted, tmp_path, seed):
    server.share, server.random = 0.3, Random(seed)  # noqa: S311
    failures = bring(server, sky, tmp_path / "s")
    assert images(tmp_path / "s") == wanted
    assert set(failures["galaxy_id"]) == {"nowhere", "gone"}
    assert max(server.given.values()) == 1


def test_a_dry_run_brings_nothing(server, sky, cache):
    told = estimate("sdss", read_targets(sky[2]), server.recipe())
    assert (told.targets, told.imaged, told.fields, told.files) == (6, 5, 4, 24)
    assert told.megabytes == pytest.approx(4 * (5 * 3.4 + 0.6))
    assert server.asked.total() == 1
    assert not list(cache.rglob("*.fits*"))


def test_damage_in_the_cache_is_mended(server, sky, cache, wanted, tmp_path):
    bring(server, sky, tmp_path / "s")
    path = cache / "surveys" / "sdss" / "3918-3-2" / "frame-r-003918-3-0002.fits.bz2"
    path.write_bytes(path.read_bytes()[:-1000])
    bring(server, sky, tmp_path / "again")
    assert images(tmp_path / "again") == wanted


def test_a_failed_field_is_tried_again_on_resume(server, sky, wanted, tmp_path):
    lost = "/sas/eboss/photoObj/frames/301/3918/3/frame-g-003918-3-0002.fits.bz2"
    server.faults[lost] = 99 * ["error"]
    failures = bring(server, sky, tmp_path / "s")
    assert {"b", "c"} < set(failures["galaxy_id"])
    (why,) = {row["error"] for row in failures if row["galaxy_id"] in "bc"}
    assert f"{server.url}{lost}: the server answered 500" in why
    assert server.asked[lost] == 8
    assert read_parquet(tmp_path / "s" / "failures.parquet")["stage"][0] == "fetch"
