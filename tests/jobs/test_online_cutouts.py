"""`fetch` from services of cutouts, and names, from a server on this machine."""

import base64
import io
import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import gaussian_sigma_to_fwhm
from typer.testing import CliRunner

from builders import tan_wcs
from clumpscope.cli.common import app
from clumpscope.errors import DownloadError, StoreError, TableError
from clumpscope.jobs.fetch import estimate, fetch, read_targets
from clumpscope.store.sample import Sample
from sky_server import SkyServer, image_bytes
from toy_survey import GALAXY, gaussian

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


FLUX = {"g": 60.0, "r": 100.0, "i": 120.0, "z": 130.0}  # nanomaggies, of every galaxy


def galaxy(band, side, pixscale, ra, dec):
    """A round galaxy in the middle, and noise."""
    sigma = 1.2 / pixscale
    host = FLUX[band] * gaussian((side, side), (side - 1) / 2, (side - 1) / 2, sigma)
    noise = np.random.default_rng(side).normal(0, 0.002, (side, side))
    return (host + noise).astype(np.float32), tan_wcs((side, side), pixscale, ra=ra, dec=dec)


def point(side, fwhm_px):
    middle = (side - 1) / 2
    return gaussian((side, side), middle, middle, fwhm_px / gaussian_sigma_to_fwhm)


def cutouts(path, asked):
    """HSC's and the Legacy Surveys' files, in their layouts and units."""
    if "ra" not in asked or float(asked["dec"]) < -30:
        return None
    place = float(asked["ra"]), float(asked["dec"])
    if path.endswith("das_cutout/pdr3/cgi-bin/cutout"):
        if asked["filter"] == "HSC-Y":
            return None  # not everywhere is every band
        side = 2 * round(float(asked["sw"].removesuffix("asec")) / 0.168) + 1
        data, wcs = galaxy(asked["filter"][-1].lower(), side, 0.168, *place)
        header, unit = wcs.to_header(), 10 ** ((22.5 - 27) / 2.5)
        primary = fits.PrimaryHDU()
        primary.header.update({"FLUXMAG0": 10 ** (27 / 2.5), "FILTER": asked["filter"]})
        out = io.BytesIO()
        fits.HDUList(
            [
                primary,
                fits.ImageHDU(data / np.float32(unit), header, name="IMAGE"),
                fits.ImageHDU(np.zeros((side, side), np.int32), header, name="MASK"),
                fits.ImageHDU(np.full_like(data, (0.002 / unit) ** 2), header, name="VARIANCE"),
            ]
        ).writeto(out, checksum=True)
        return out.getvalue()
    if path.endswith("psf/pdr3/cgi/getpsf"):
        return image_bytes(point(41, 0.7 / 0.168))
    if path.endswith("viewer/fits-cutout"):
        side = min(int(asked["size"]), 100)  # as the viewer, silently
        planes = [galaxy(band, side, 0.262, *place) for band in "griz"]
        header = planes[0][1].to_header()
        header["BANDS"] = "griz"
        cube = np.array([data for data, _ in planes])
        out = io.BytesIO()
        hdus = []
        for kind, data in (
            ("IMAGE", cube),
            ("INVVAR", np.full_like(cube, 0.002**-2)),
            ("MASKBITS", np.zeros((side, side), np.int16)),
        ):
            header["IMAGETYP"] = kind
            hdus.append(fits.ImageHDU(data, header))
        fits.HDUList([fits.PrimaryHDU(hdus[0].data, hdus[0].header), *hdus[1:]]).writeto(out)
        return out.getvalue()
    more = [fits.ImageHDU(point(63, 1.2 / 0.262), fits.Header({"BAND": band})) for band in "griz"]
    return image_bytes(None, *more)


@pytest.fixture
def targets(tmp_path):
    (ra, dec), (other, _) = GALAXY["west"], GALAXY["east"]
    text = f"galaxy_id,ra,dec,petro_r90_arcsec\nw,{ra},{dec},3\ne,{other},{dec},3\ns,10,-40,3\n"
    (tmp_path / "list.csv").write_text(text)
    return read_targets(tmp_path / "list.csv")


def check(folder, bands, fwhm):
    """The galaxies are there with their fluxes, widths and noise."""
    sample = Sample.open(folder)
    assert sample.ids == ["w", "e"]
    for row in range(2):
        image = sample.read(row)
        assert tuple(image.bands) == bands
        for band in bands:
            plane = image[band]
            assert plane.data.sum() == pytest.approx(FLUX[band], rel=0.01)
            assert plane.psf_fwhm_arcsec == pytest.approx(fwhm, rel=0.01)
            assert np.sqrt(np.median(plane.variance)) == pytest.approx(0.002, rel=0.01)
            assert not plane.psf_assumed
            assert not plane.noise_assumed


def test_hsc(server, targets, cache, tmp_path):
    failures = fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=12.0)
    assert list(failures["galaxy_id"]) == ["s"]
    assert "a position that hsc imaged" in failures["error"][0]
    check(tmp_path / "s", ("g", "r", "i", "z"), 0.7)
    (folder,) = (cache / "surveys" / "hsc" / "w").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(f"cutout-HSC-{band}-pdr3_wide.fits" for band in "GRIZ"),
        *(f"psf-HSC-{band}-pdr3_wide.fits" for band in "GRIZY"),
    }
    assert {header.get("Authorization") for header in server.headers} == {f"Basic {TOKEN}"}
    assert max(server.asked.values()) == 1


def test_the_password_is_in_no_file(server, targets, cache, tmp_path):
    server.share, server.kinds = 0.3, ("error", "page", "cut", "circle")
    fetch("hsc", targets, None, tmp_path / "s", server.recipe(), size_arcsec=12.0)
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
    failures = fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=12.0)
    assert list(failures["galaxy_id"]) == ["s"]
    assert "404" in failures["error"][0]
    check(tmp_path / "s", ("g", "r", "i", "z"), 1.2)
    names = {path.name for path in (cache / "surveys" / "legacy" / "w").glob("*/*")}
    assert names == {"cutout-ls-dr10-griz.fits", "psf-ls-dr10-griz.fits"}
    assert all("Authorization" not in header for header in server.headers)


def test_another_size_or_place_is_asked_for_again(server, targets, tmp_path):
    """A name says nothing of what was asked for under it before."""
    recipe = server.recipe()
    fetch("legacy", targets, None, tmp_path / "a", recipe, size_arcsec=12.0)
    asked = sum(server.asked.values())
    fetch("legacy", targets, None, tmp_path / "again", recipe, size_arcsec=12.0)
    assert sum(server.asked.values()) == asked + 1  # the one that failed
    fetch("legacy", targets, None, tmp_path / "b", recipe, size_arcsec=9.0)
    text = (tmp_path / "list.csv").read_text().replace("\nw,", "\nv,").replace("\ne,", "\nw,")
    (tmp_path / "other.csv").write_text(text)
    other = read_targets(tmp_path / "other.csv")
    fetch("legacy", other, None, tmp_path / "c", recipe, size_arcsec=12.0)
    first, smaller, moved = (Sample.open(tmp_path / name) for name in "abc")
    assert max(smaller.read(0)["r"].data.shape) < max(first.read(0)["r"].data.shape)
    places = [
        one.read(one.ids.index(name))["r"].wcs.wcs.crval[0]
        for one, name in ((first, "e"), (moved, "w"))
    ]
    assert places[1] == pytest.approx(places[0], abs=1e-6)


def test_an_image_of_another_size_than_asked_for(server, targets, tmp_path):
    with pytest.raises(StoreError, match=r"expected an image of \(172, 172\) px"):
        fetch("legacy", targets, None, tmp_path / "s", server.recipe(), size_arcsec=30.0)


def test_what_would_be_brought(server, targets):
    told = estimate("legacy", targets, server.recipe(), 12.0)
    assert (told.targets, told.fields, told.files) == (3, 3, 6)
    assert not server.asked


def test_names(server, tmp_path):
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


def test_what_came_and_what_did_not_is_told(server, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'[services]\nlegacy = "{server.url}/viewer"\nsesame = "{server.url}/sesame"\n'
        "[services.manners]\npause_s = 0.0\n"
    )
    (tmp_path / "list.csv").write_text("name\nw\nM 2\n")
    server.names = {"w": GALAXY["west"]}
    arguments = ["fetch", "legacy", tmp_path / "list.csv", tmp_path / "s", "--recipe", recipe]
    result = CliRunner().invoke(app, [*map(str, arguments), "--size", "12"])
    assert result.exit_code == 0, result.output
    assert f"1 galaxies in {tmp_path / 's'}" in result.stdout
    assert "failed: M_2: fetch: name: expected one that Sesame knows, got 'M 2'" in result.stderr


def test_the_paper_s_sample_as_sql():
    result = CliRunner().invoke(app, ["fetch", "--select-sql"])
    assert result.exit_code == 0
    assert result.stdout.startswith("SELECT v.dr8objid AS objid")
