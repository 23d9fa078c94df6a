"""`fetch` from services of cutouts, and names, from a server on this machine."""

import base64
import json

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

from clumpscope.cli.common import app
from clumpscope.errors import DownloadError, StoreError, TableError
from clumpscope.jobs import sky_cutouts
from clumpscope.jobs.fetch import estimate, fetch, read_targets
from clumpscope.store.sample import Sample
from sky_server import SkyServer, image_bytes
from toy_survey import GALAXY, toy_band

USER, PASSWORD = "gina@local", "s3same+öffne/dich"
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def server(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CLUMPSCOPE_HSC_USER", USER)
    monkeypatch.setenv("CLUMPSCOPE_HSC_PASSWORD", PASSWORD)
    server = SkyServer()
    server.cutouts = cutouts
    yield server
    server.close()


def cutouts(path, asked):
    """HSC's and the Legacy Surveys' files: right in layout and size, blank in content."""
    if "ra" not in asked or float(asked["dec"]) < -30:
        return None
    if path.endswith("das_cutout/pdr3/cgi-bin/cutout"):
        if asked["filter"] == "HSC-Y":
            return None  # not everywhere is every band
        side = 2 * round(float(asked["sw"].removesuffix("asec")) / 0.168) + 1
        plane = np.zeros((side, side), dtype=np.float32)
        planes = [fits.ImageHDU(plane, name=name) for name in ("IMAGE", "MASK", "VARIANCE")]
        return image_bytes(None, *planes)
    if path.endswith("psf/pdr3/cgi/getpsf"):
        return image_bytes(np.ones((41, 41)))
    if path.endswith("viewer/fits-cutout"):
        side = min(int(asked["size"]), 100)  # as the viewer, silently
        cube = np.zeros((4, side, side), dtype=np.float32)
        return image_bytes(cube, fits.ImageHDU(cube), fits.ImageHDU(np.zeros((side, side), "i2")))
    return image_bytes(np.ones((63, 63)), fits.ImageHDU(np.ones((63, 63))))


@pytest.fixture
def targets(tmp_path):
    (ra, dec), (other, _) = GALAXY["west"], GALAXY["east"]
    text = f"galaxy_id,ra,dec,petro_r90_arcsec\nw,{ra},{dec},3\ne,{other},{dec},3\ns,10,-40,3\n"
    (tmp_path / "list.csv").write_text(text)
    return read_targets(tmp_path / "list.csv")


@pytest.fixture
def reader(monkeypatch):
    """Bands of a toy, whatever the files: reading them is `ingest`'s."""
    read = []

    def bands(survey, folder):
        read.append((survey, folder))
        place = {"w": "west", "e": "east"}[folder.name]
        return {name: toy_band(place, name) for name in ("g", "i")}

    monkeypatch.setattr(sky_cutouts, "field_of_files", bands)
    return read


def test_hsc(server, targets, reader, cache, tmp_path):
    failures = fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=6.0)
    assert list(failures["galaxy_id"]) == ["s"]
    assert "a position that hsc imaged" in failures["error"][0]
    assert Sample.open(tmp_path / "s").ids == ["w", "e"]
    folder = cache / "surveys" / "hsc" / "w"
    assert reader[0] == ("hsc", folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(f"cutout-HSC-{band}-pdr3_wide.fits" for band in "GRIZ"),
        *(f"psf-HSC-{band}-pdr3_wide.fits" for band in "GRIZY"),
    }
    assert {header.get("Authorization") for header in server.headers} == {f"Basic {TOKEN}"}
    assert max(server.asked.values()) == 1


def test_the_password_is_in_no_file(server, targets, reader, cache, tmp_path):
    server.share, server.kinds = 0.3, ("error", "page", "cut", "circle")
    fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=6.0)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    for path in written:
        content = path.read_bytes()
        assert PASSWORD.encode() not in content
        assert TOKEN.encode() not in content
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert manifest["inputs"]["frames"] == f"{server.url}/hsc pdr3 pdr3_wide"
    assert USER not in json.dumps(manifest)


def test_a_wrong_password_is_told(server, targets, tmp_path, monkeypatch):
    server.cutouts = lambda *_: None
    monkeypatch.setattr(SkyServer, "answer", lambda _, request: request.send_error(401))
    with pytest.raises(StoreError, match="401.*does not know this user") as caught:
        fetch("hsc", targets, None, tmp_path / "s", server.recipe())
    assert PASSWORD not in str(caught.value)


def test_without_an_account_nothing_is_asked(server, targets, tmp_path, monkeypatch):
    monkeypatch.delenv("CLUMPSCOPE_HSC_USER")
    with pytest.raises(DownloadError, match="CLUMPSCOPE_HSC_USER and CLUMPSCOPE_HSC_PASSWORD"):
        fetch("hsc", targets, None, tmp_path / "s", server.recipe())
    assert not server.asked


def test_legacy(server, targets, reader, cache, tmp_path):
    failures = fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=6.0)
    assert list(failures["galaxy_id"]) == ["s"]
    assert "404" in failures["error"][0]
    names = {path.name for path in (cache / "surveys" / "legacy" / "w").iterdir()}
    assert names == {"cutout-ls-dr10-griz.fits", "psf-ls-dr10-griz.fits"}
    assert all("Authorization" not in header for header in server.headers)


def test_an_image_of_another_size_than_asked_for(server, targets, reader, tmp_path):
    with pytest.raises(StoreError, match=r"expected an image of \(172, 172\) px"):
        fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=30.0)


def test_what_would_be_brought(server, targets):
    told = estimate("legacy", targets, server.recipe(), 6.0)
    assert (told.targets, told.fields, told.files) == (3, 3, 6)
    assert not server.asked


def test_until_files_are_read_it_is_said_where_they_are(server, targets, cache, tmp_path):
    with pytest.raises(StoreError, match=f"clumpscope ingest {cache}/surveys/legacy"):
        fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=6.0)


def test_names(server, reader, tmp_path):
    server.names = {"NGC 1": GALAXY["west"], "Arp 299 & co": (10.0, 20.0)}
    (tmp_path / "names.csv").write_text("name,type\nNGC  1,S\nnosuch thing,S\n'; DROP--,S\n")
    wanted = read_targets(tmp_path / "names.csv", server.services())
    assert wanted.ids == ["NGC_1"]
    assert wanted.hosts["ra"][0].value == pytest.approx(GALAXY["west"][0], abs=1e-8)
    assert set(wanted.lost) == {"nosuch_thing", "_DROP--"}
    assert "/sesame/-oI/SNV?%27%3B%20DROP--" in server.asked
    asked = server.asked.total()
    read_targets(tmp_path / "names.csv", server.services())
    assert server.asked.total() == asked + 2  # those that it did not know


def test_no_name_is_known(server, tmp_path):
    (tmp_path / "names.csv").write_text("name\nnosuch\n")
    with pytest.raises(TableError, match=r"column name: expected names of objects.*Sesame knows"):
        read_targets(tmp_path / "names.csv", server.services())


def test_on_a_terminal(server, tmp_path, monkeypatch):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[services]\nlegacy = "{server.url}/viewer"\nsesame = "{server.url}/sesame"\n'
    )
    (tmp_path / "list.csv").write_text("name\nM 1\nM 2\n")
    server.names = {"M 1": (150.0, 2.0)}
    arguments = ["fetch", "legacy", tmp_path / "list.csv", tmp_path / "s", "--recipe", recipe]
    result = CliRunner().invoke(app, [*map(str, arguments), "--dry-run", "--size", "20"])
    assert result.exit_code == 0, result.output
    assert result.stdout.replace("\n", " ") == (
        "1 of 1 targets in 1 fields; to be brought: 2 files, about 1 MB "
    )
    assert not (tmp_path / "s").exists()


def test_what_came_and_what_did_not_is_told(server, reader, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[services]\nlegacy = "{server.url}/viewer"\nsesame = "{server.url}/sesame"\n'
        "[services.manners]\npause_s = 0.0\n"
    )
    (tmp_path / "list.csv").write_text("name\nw\nM 2\n")
    server.names = {"w": GALAXY["west"]}
    arguments = ["fetch", "legacy", tmp_path / "list.csv", tmp_path / "s", "--recipe", recipe]
    result = CliRunner().invoke(app, [*map(str, arguments), "--size", "6"])
    assert result.exit_code == 0, result.output
    assert f"1 galaxies in {tmp_path / 's'}" in result.stdout
    assert "failed: M_2: fetch: name: expected one that Sesame knows, got 'M 2'" in result.stderr


def test_the_paper_s_sample_as_sql():
    result = CliRunner().invoke(app, ["fetch", "--select-sql"])
    assert result.exit_code == 0
    assert result.stdout.startswith("SELECT v.dr8objid AS objid")
