"""A user's positions measured in the images of a sample."""

import pkgutil
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

import scenes
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.jobs.measure import Measured, measure
from clumpscope.store.images import write_galaxy
from clumpscope.store.tables import read_parquet

FLUX = {"tall": 5.0, "wide": 20.0}
PLACES = {"tall": (18.3, 61.6), "wide": (70.2, 21.5)}
NMGY = 3.631e-6  # Jy
MEASURING = "clumpscope.stages.measure.tables.measure"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A point source, nothing else, in a tall image and in a wide one."""
    folder = tmp_path / "sample"
    for name, shape in (("wide", (47, 95)), ("tall", (83, 45))):
        image = scenes.galaxy(name, shape, PLACES[name], FLUX[name], host_flux=0)
        write_galaxy(folder / "images" / f"{name}.fits", image)
    return folder


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_fluxes_of_known_sources(sample: Path, tmp_path: Path) -> None:
    rows = [f"{name},{x},{y}" for name, (x, y) in PLACES.items()]
    table = write(tmp_path / "in.csv", "\n".join(["galaxy_id,x,y", *rows]))
    assert measure(sample, table, tmp_path / "out.parquet", Recipe()) == Measured(2, {}, ())
    found = read_parquet(tmp_path / "out.parquet")
    assert sorted(found["galaxy_id"]) == ["tall", "wide"]
    for row in found:
        for band in "ugriz":
            flux, error = (row[f"clump_flux{end}_{band}"].value for end in ("", "_err"))
            true = FLUX[row["galaxy_id"]]
            assert abs(flux - true) < 4 * error < true / 2
            assert row[f"aperture_radius_{band}"].value == pytest.approx(1.125 * 1.3)
    assert not (tmp_path / "out-failures.parquet").exists()


def test_places_on_the_sky_are_the_pixels_of_the_image(sample: Path, tmp_path: Path) -> None:
    """Either, or both; those that differ are an error unless one is chosen."""
    path = sample / "images" / "tall.fits"
    grid = WCS(fits.getheader(path, "r"))
    sky, wrong = grid.wcs_pix2world([PLACES["tall"]], 0)[0].tolist(), [20.3, 61.6]
    numbers = ",".join(map(repr, [*sky, *wrong]))
    table = write(tmp_path / "in.csv", f"galaxy_id,ra,dec,x,y\ntall,{numbers}\n")
    with pytest.raises(TableError, match=r"within 0\.5 px.*2\.00 px apart"):
        measure(sample, table, tmp_path / "out.parquet", Recipe())
    for coords, place in (("sky", PLACES["tall"]), ("pixel", wrong)):
        measure(sample, table, tmp_path / f"{coords}.parquet", Recipe(), coords)
        row = read_parquet(tmp_path / f"{coords}.parquet")[0]
        at = [row[f"clump_centre_px_{axis}"].value for axis in "xy"]
        assert at == pytest.approx(place, abs=1e-5)
        sky = [row[f"clump_centre_{name}"].value for name in ("ra", "dec")]
        assert sky == pytest.approx(grid.wcs_pix2world([place], 0)[0], abs=1e-8)


def test_a_run_s_positions_give_the_run_s_fluxes(
    oblong: Path, oblong_run: Path, tmp_path: Path
) -> None:
    before = read_parquet(oblong_run / "photometry.parquet")
    done = measure(oblong, oblong_run / "positions.parquet", tmp_path / "out.fits", Recipe())
    assert done == Measured(len(before), {}, ())
    after = Table.read(tmp_path / "out.fits")
    assert list(after["clump_id"]) == list(before["clump_id"])
    for name in ("clump_flux_u", "clump_flux_z", "clump_flux_err_r"):
        assert np.asarray(after[name]) == pytest.approx(plain(before, name) * NMGY, nan_ok=True)


def test_the_recipe_is_followed(sample: Path, tmp_path: Path) -> None:
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nwide,70.2,21.5\n")
    recipe = Recipe(measure=MeasureConfig(bands=("g", "r"), aperture_fwhm=2.0))
    measure(sample, table, tmp_path / "out.parquet", recipe)
    found = read_parquet(tmp_path / "out.parquet")
    assert found["aperture_radius_r"][0].value == pytest.approx(2 * 1.3)
    assert "clump_flux_u" not in found.colnames


def test_what_cannot_be_measured_is_told_and_the_rest_is(sample: Path, tmp_path: Path) -> None:
    (sample / "images" / "broken.fits").write_text("no image")
    for name, bands in (("gri", "gri"), ("near", ("YE", "HE"))):
        image = scenes.galaxy(name, (40, 60), bands=bands)
        write_galaxy(sample / "images" / f"{name}.fits", image)
    ids = ("wide", "nobody", "gri", "near", "broken", "abroad")
    rows = [f"{name},30,30" for name in ids]
    table = write(tmp_path / "in.csv", "\n".join(["galaxy_id,x,y", *rows]))
    recipe = Recipe(measure=MeasureConfig(bands=("u", "g", "r")))
    done = measure(sample, table, tmp_path / "out.parquet", recipe)
    assert (done.positions, done.unknown) == (2, ("abroad", "nobody"))
    failed = done.failed
    assert set(failed) == {"nobody", "near", "broken", "abroad"}
    assert failed["nobody"] == failed["abroad"] == f"not a galaxy of {sample}"
    assert "broken.fits" in failed["broken"]
    assert "expected one of bands u g r, got YE HE; name some that" in failed["near"]
    found = read_parquet(tmp_path / "out.parquet")
    assert sorted(found["galaxy_id"]) == ["gri", "wide"]
    few = found[np.asarray(found["galaxy_id"]) == "gri"]
    there = [bool(np.isfinite(few[f"clump_flux_{band}"][0])) for band in "ugr"]
    assert there == [False, True, True]
    told = read_parquet(tmp_path / "out-failures.parquet")
    assert dict(zip(told["galaxy_id"], told["error"], strict=True)) == failed
    assert set(told["stage"]) == {"measure"}


def test_what_cannot_be_used_is_an_error(sample: Path, tmp_path: Path) -> None:
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nnobody,30,30\n")
    out = tmp_path / "out.parquet"
    with pytest.raises(TableError, match="a position that can be measured, got .*nobody"):
        measure(sample, table, out, Recipe())
    with pytest.raises(TableError, match=r"--out: expected \.parquet or \.fits, got out\.txt"):
        measure(sample, table, tmp_path / "out.txt", Recipe())
    with pytest.raises(StoreError, match="no such folder"):
        measure(tmp_path / "none", table, out, Recipe())
    with pytest.raises(TableError, match="empty"):
        measure(sample, write(table, "galaxy_id,x,y\n"), out, Recipe())
    ids = "\n".join(f"no{k},1,1" for k in range(9))
    with pytest.raises(TableError, match="no4: not a galaxy of .*; and 4 more$"):
        measure(sample, write(table, f"galaxy_id,x,y\n{ids}\n"), out, Recipe())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "sample"]


@pytest.mark.parametrize(
    "name", ["out.parquet", "out-failures.parquet", "out-failures.csv", "out-failures.csv/x"]
)
def test_nothing_that_is_there_is_overwritten(sample: Path, tmp_path: Path, name: str) -> None:
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nwide,30,30\nnobody,1,1\n")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(FolderError, match="expected a new file, got one that exists"):
        measure(sample, table, tmp_path / "out.parquet", Recipe())
    assert (tmp_path / name).read_text() == "mine"


def test_a_galaxy_of_too_many_positions_fails_alone(sample: Path, tmp_path: Path) -> None:
    rows = [f"tall,{x},{y}" for x in range(60) for y in range(50)]
    table = write(tmp_path / "in.csv", "\n".join(["galaxy_id,x,y", "wide,70.2,21.5", *rows]))
    done = measure(sample, table, tmp_path / "out.parquet", Recipe())
    told = "positions: expected at most 500 ([limits] boxes), got 3000"
    assert done == Measured(1, {"tall": told}, ())


@pytest.mark.parametrize("place", ["clumpscope.jobs.measure.check_measured", MEASURING])
def test_what_nobody_foresaw_fails_alone(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """While a galaxy is read, and while it is measured."""
    real = pkgutil.resolve_name(place)

    def odd(image: GalaxyImage, *rest: object) -> object:
        if image.galaxy_id == "tall":
            raise ZeroDivisionError("by zero")
        return real(image, *rest)

    monkeypatch.setattr(place, odd)
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nwide,70.2,21.5\ntall,18.3,61.6")
    done = measure(sample, table, tmp_path / "out.parquet", Recipe())
    assert done == Measured(1, {"tall": "ZeroDivisionError: by zero"}, ())


def test_a_galaxy_has_so_much_time(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pkgutil.resolve_name(MEASURING)

    def slow(image: GalaxyImage, *rest: object) -> object:
        time.sleep(30 if image.galaxy_id == "tall" else 0)
        return real(image, *rest)

    monkeypatch.setattr(MEASURING, slow)
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nwide,70.2,21.5\ntall,18.3,61.6")
    recipe = Recipe(limits=LimitsConfig(seconds=3))
    done = measure(sample, table, tmp_path / "out.parquet", recipe)
    assert list(done.failed) == ["tall"]
    assert "at most 3 s for a galaxy, [limits] seconds" in done.failed["tall"]


def test_positions_that_would_take_too_much_memory(sample: Path, tmp_path: Path) -> None:
    table = write(tmp_path / "in.csv", "galaxy_id,x,y\nwide,70.2,21.5\ntall,18.3,61.6\ntall,20,20")
    recipe = Recipe(limits=LimitsConfig(measured_px=500))
    done = measure(sample, table, tmp_path / "out.parquet", recipe)
    assert (done.positions, list(done.failed)) == (1, ["tall"])
    assert "expected at most 500 ([limits] measured_px), got 8" in done.failed["tall"]


def test_a_mark_of_byte_order_hides_no_galaxy(sample: Path, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("galaxy_id,x,y\nwide,30,30\n", encoding="utf-8-sig")
    assert measure(sample, table, tmp_path / "out.parquet", Recipe()) == Measured(1, {}, ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n1,2\n", "expected a column galaxy_id"),
        ("galaxy_id,x,y\nwide,a,b\n", "x: expected numbers"),
        ("galaxy_id,x,y,clump_id\nwide,30,30,1e300\n", "column clump_id: expected whole numbers"),
        ("galaxy_id,x,y,flags\nwide,30,30,99999999999\n", "column flags: expected whole numbers"),
    ],
)
def test_positions_that_cannot_be_used_name_their_file(
    sample: Path, tmp_path: Path, text: str, told: str
) -> None:
    table = write(tmp_path / "in.csv", text)
    with pytest.raises(TableError, match=rf"in\.csv: .*{told}"):
        measure(sample, table, tmp_path / "out.parquet", Recipe())
