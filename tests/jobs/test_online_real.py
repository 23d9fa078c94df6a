"""300 targets on real frames, with a fault at every fifth request."""

import bz2
import io
from pathlib import Path
from random import Random

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clumpscope.jobs.fetch import fetch, read_targets
from clumpscope.stages.fetch.sdss.mirror import frame_wcs
from clumpscope.store.tables import read_parquet
from kills import files
from places import SHARED
from sky_server import SkyServer

FOLDERS = [SHARED / "sdss_frames", SHARED / "sdss_psf"]
FIELDS = [(1043, 5, 25), (3184, 2, 169), (3918, 3, 213), (4510, 4, 30), (2583, 2, 136)]
EACH = 60
DEAD = "/sas/eboss/photoObj/frames/301/4510/4/frame-z-004510-4-0030.fits.bz2"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = SkyServer()
    for folder in FOLDERS:
        server.add_frames(folder)
    yield server
    server.close()


def draw(server: SkyServer, path: Path) -> None:
    """Targets at random on the fields, each a row of the catalogue; a few that are nowhere."""
    rng = np.random.default_rng(3)
    rows = []
    for run, camcol, field in FIELDS:
        name = f"frame-r-{run:06d}-{camcol}-{field:04d}.fits.bz2"
        packed = server.files[f"/sas/eboss/photoObj/frames/301/{run}/{camcol}/{name}"]
        with fits.open(bz2.open(io.BytesIO(packed))) as hdus:
            wcs, (ny, nx) = frame_wcs(hdus[0].header, Path(name)), hdus[0].shape
        for k in range(EACH):
            x, y = rng.uniform(5, nx - 5), rng.uniform(5, ny - 5)
            ra, dec = wcs.wcs_pix2world(x, y, 0)
            rows.append((f"t{run}-{k}", float(ra), float(dec)))
            place = {"run": run, "rerun": 301, "camcol": camcol, "field": field}
            shape = {"petroR50_r": 2, "petroR90_r": 5, "expAB_r": 0.7, "expPhi_r": 10}
            fluxes = {f"petroFlux{kind}_{b}": 1 for kind in ("", "Ivar") for b in "ugriz"}
            own = {"ra": float(ra), "dec": float(dec), "type": 3, "clean": 1}
            server.rows.append({**own, **place, **shape, **fluxes})
    rows += [(f"off-{k}", 10.0 + k, -60.0) for k in range(5)]
    Table(rows=rows, names=("galaxy_id", "ra", "dec")).write(path)


def images(folder):
    return {name: body for name, body in files(folder).items() if name.startswith("images")}


@pytest.mark.slow
@pytest.mark.skipif(not all(one.is_dir() for one in FOLDERS), reason="no shared SDSS frames")
def test_300_targets_through_faults(server, tmp_path, monkeypatch):
    draw(server, tmp_path / "list.csv")
    targets = read_targets(tmp_path / "list.csv")
    made = {}
    for name, share in (("calm", 0.0), ("rough", 0.2)):
        monkeypatch.setenv("CLUMPSCOPE_CACHE", str(tmp_path / f"cache {name}"))
        server.asked.clear(), server.given.clear()
        server.share, server.random = share, Random(5)  # noqa: S311
        server.faults[DEAD] = 99 * ["error"]
        failures = fetch("sdss", targets, None, tmp_path / name, server.recipe())
        made[name] = images(tmp_path / name)
        assert len(made[name]) == EACH * (len(FIELDS) - 1)
        # Whoever has a frame is not asked for it again, however it came.
        assert max(server.given.values()) == 1
        lost = dict(zip(failures["galaxy_id"], failures["error"], strict=True))
        assert sum("answered 500" in why and "frame-z" in why for why in lost.values()) == EACH
        assert len(lost) == EACH + 5
        assert all("no object within" in lost[f"off-{k}"] for k in range(5)), lost["off-0"]
    assert made["rough"] == made["calm"]
    assert sum(server.asked.values()) > 1.15 * len(server.asked)
    server.faults[DEAD] = []
    server.share = 0.0
    server.asked.clear()
    # Started again, it asks for what it has not: here, the one frame and those after it.
    again = tmp_path / "again"
    failures = fetch("sdss", targets, None, again, server.recipe())
    assert len(failures) == 5
    assert set(images(again)) > set(made["rough"])
    frames = [path for path in server.asked if "frame-" in path]
    assert frames == [DEAD]
    assert len(read_parquet(again / "hosts.parquet")) == EACH * len(FIELDS)
