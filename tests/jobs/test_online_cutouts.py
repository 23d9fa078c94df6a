"""`fetch` from services of cutouts, and names, from a server on this machine."""

import base64
import json

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

from builders import DEC, RA
from clumpscope.cli.common import app
from clumpscope.errors import DownloadError, StoreError, TableError
from clumpscope.jobs.fetch import estimate, fetch, read_targets
from clumpscope.store.sample import Sample
from foreign import FWHM_ARCSEC, NOISE, Scene, hsc, psf_image
from sky_server import SkyServer, image_bytes

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


SCENE = Scene(pixscale=0.262)
SIDE = 97  # of the viewer's cube


def cutouts(path, asked):
    """HSC's and the Legacy Surveys' files of one scene, if its position is asked for."""
    if "ra" not in asked or abs(float(asked["ra"]) - RA) > 0.01:
        return None
    if path.endswith("das_cutout/pdr3/cgi-bin/cutout"):
        return HSC.get(asked["filter"])  # not everywhere is every band
    if path.endswith("psf/pdr3/cgi/getpsf"):
        return image_bytes(psf_image(0.2))
    if path.endswith("viewer/fits-cutout"):
        header = SCENE.header("g", BANDS="grz", SURVEY="LegacySurvey", VERSION="10")
        del header["PSFFWHM"]
        # As the viewer, silently of another size than asked for, if that is too much.
        cut = np.s_[..., : min(int(asked["size"]), SIDE), : min(int(asked["size"]), SIDE)]
        planes = [
            np.array([SCENE.data(band) for band in "grz"]).astype(np.float32)[cut],
            np.array([1 / SCENE.variance(band) for band in "grz"]).astype(np.float32)[cut],
            np.zeros((SIDE, SIDE), np.int16)[cut],
        ]
        hdus = []
        for kind, plane in zip(("IMAGE", "INVVAR", "MASKBITS"), planes, strict=True):
            header["IMAGETYP"] = kind
            hdus.append(fits.ImageHDU(plane, header))
        return image_bytes(hdus[0].data, *hdus[1:], header=hdus[0].header)
    hdus = [fits.ImageHDU(psf_image(0.262)) for _ in "grz"]
    for band, hdu in zip("grz", hdus, strict=True):
        hdu.header["BAND"] = band
    return image_bytes(None, *hdus)


HSC: dict[str, bytes] = {}


@pytest.fixture(autouse=True, scope="module")
def _hsc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hsc")
    hsc(folder, Scene())
    HSC.update({f"HSC-{band}": next(folder.glob(f"*HSC-{band}-*")).read_bytes() for band in "GRI"})


@pytest.fixture
def targets(tmp_path):
    text = f"galaxy_id,ra,dec,petro_r90_arcsec\nhost,{RA},{DEC},3\nsky,10,-40,3\n"
    (tmp_path / "list.csv").write_text(text)
    return read_targets(tmp_path / "list.csv")


def check_pixels(sample, scene, bands):
    """The host's brightest pixel, its noise, and the PSF, in each band."""
    image = Sample.open(sample).read(0)
    assert set(image.bands) == set(bands)
    half = image.shape[0] // 2
    for band in bands:
        plane = image[band]
        assert plane.psf_fwhm_arcsec == pytest.approx(FWHM_ARCSEC, rel=0.03)
        assert plane.data[half, half] == pytest.approx(scene.data(band)[48, 50], rel=1e-5)
        assert plane.variance[half, half] == pytest.approx(NOISE**2, rel=1e-5)


def test_hsc(server, targets, cache, tmp_path):
    failures = fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=18.0)
    assert list(failures["galaxy_id"]) == ["sky"]
    assert "a position that hsc imaged" in failures["error"][0]
    names = {path.name for path in (cache / "surveys" / "hsc" / "host").iterdir()}
    assert names == {
        *(f"1-cutout-HSC-{band}-pdr3_wide.fits" for band in "GRI"),
        *(f"1-psf-calexp-pdr3_wide-HSC-{band}-1.fits" for band in "GRIZY"),
    }
    check_pixels(tmp_path / "s", Scene(), "gri")
    assert {header.get("Authorization") for header in server.headers} == {f"Basic {TOKEN}"}
    assert max(server.asked.values()) == 1


def test_the_password_is_in_no_file(server, targets, cache, tmp_path):
    server.share, server.kinds = 0.3, ("error", "page", "cut", "circle")
    fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=16.0)
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


def test_legacy(server, targets, cache, tmp_path):
    side = SIDE * 0.262 / 1.5
    failures = fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=side)
    assert list(failures["galaxy_id"]) == ["sky"]
    assert "404" in failures["error"][0]
    names = {path.name for path in (cache / "surveys" / "legacy" / "host").iterdir()}
    assert names == {"cutout_1.fits", "1-psf.fits"}
    check_pixels(tmp_path / "s", SCENE, "grz")
    assert all("Authorization" not in header for header in server.headers)


def test_an_image_of_another_size_than_asked_for(server, targets, tmp_path):
    with pytest.raises(StoreError, match=r"expected an image of \(172, 172\) px"):
        fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=30.0)


def test_what_would_be_brought(server, targets):
    told = estimate("legacy", targets, server.recipe(), 6.0)
    assert (told.targets, told.fields, told.files) == (2, 2, 4)
    assert not server.asked


def test_names(server, tmp_path):
    server.names = {"NGC 1": (RA, DEC), "Arp 299 & co": (10.0, 20.0)}
    (tmp_path / "names.csv").write_text("name,type\nNGC  1,S\nnosuch thing,S\n'; DROP--,S\n")
    wanted = read_targets(tmp_path / "names.csv", server.services())
    assert wanted.ids == ["NGC_1"]
    assert wanted.hosts["ra"][0].value == pytest.approx(RA, abs=1e-8)
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


def test_what_came_and_what_did_not_is_told(server, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[services]\nlegacy = "{server.url}/viewer"\nsesame = "{server.url}/sesame"\n'
        "[services.manners]\npause_s = 0.0\n"
    )
    (tmp_path / "list.csv").write_text("name\nw\nM 2\n")
    server.names = {"w": (RA, DEC)}
    arguments = ["fetch", "legacy", tmp_path / "list.csv", tmp_path / "s", "--recipe", recipe]
    result = CliRunner().invoke(app, [*map(str, arguments), "--size", "16"])
    assert result.exit_code == 0, result.output
    assert f"1 galaxies in {tmp_path / 's'}" in result.stdout
    assert "failed: M_2: fetch: name: expected one that Sesame knows, got 'M 2'" in result.stderr


def test_the_paper_s_sample_as_sql():
    result = CliRunner().invoke(app, ["fetch", "--select-sql"])
    assert result.exit_code == 0
    assert result.stdout.startswith("SELECT v.dr8objid AS objid")
