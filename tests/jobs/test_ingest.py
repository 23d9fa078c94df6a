"""Own files, as many archives serve them, to a sample: fluxes and positions come out right."""

import shutil

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from builders import DEC, RA
from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import FolderError, FrameError, RecipeError
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.measure import measure
from clumpscope.ops.psf import adaptive_moments
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet
from foreign import LAYOUTS, NAME, SHAPE, Scene, image, nanomaggies, sky_of_stars, write
from ingesting import ingested, recipe_of, strip, understood


@pytest.mark.parametrize("kind", LAYOUTS)
def test_magnitudes_and_positions_come_out_right(kind, tmp_path):
    layout = LAYOUTS[kind]
    sample = ingested(tmp_path, layout)
    (name,) = sample.ids
    assert NAME in name
    galaxy = sample.read(0)
    assert tuple(galaxy.bands) == layout.names
    sky = sky_of_stars()
    positions = Table({"galaxy_id": [name] * len(sky), "ra": sky[:, 0], "dec": sky[:, 1]})
    write_parquet(positions, tmp_path / "positions.parquet")
    recipe = Recipe.model_validate({"measure": {"bands": layout.names}})
    measure(tmp_path / "sample", tmp_path / "positions.parquet", tmp_path / "out.parquet", recipe)
    measured = read_parquet(tmp_path / "out.parquet")
    for band in layout.names:
        flux = np.asarray(measured[f"clump_flux_{band}"])
        assert flux == pytest.approx(nanomaggies(band), rel=0.01), band
        plane = galaxy[band]
        for ra, dec in sky:
            _, x, y, _ = adaptive_moments(plane.data, tuple(galaxy.wcs.all_world2pix(ra, dec, 0)))
            off = (native_to_sky([x, y], galaxy.wcs)[0] - (ra, dec)) * 3600
            assert np.hypot(off[0] * np.cos(np.deg2rad(dec)), off[1]) < 0.03


def test_more_processes_make_the_same_sample(tmp_path):
    first = next(iter(LAYOUTS.values()))
    recipe = recipe_of(first)
    for k in range(3):
        first.build(tmp_path / "made", Scene())
        for path in sorted((tmp_path / "made").rglob("*.fi*")):
            (tmp_path / "files").mkdir(exist_ok=True)
            path.rename(tmp_path / "files" / path.name.replace(NAME, f"{NAME}{k}"))
    made = {}
    for workers in (1, 2):
        folder = tmp_path / f"sample{workers}"
        ingest(plan([tmp_path / "files"], recipe), folder, recipe, workers=workers)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        made[workers] = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in paths
            if path.name != "manifest.json"
        }
    assert len(Sample.open(tmp_path / "sample2").ids) == 3
    assert made[1] == made[2]


def test_bands_on_own_grids_are_brought_onto_one(tmp_path):
    galaxy = ingested(tmp_path, LAYOUTS["own_grids"]).read(0)
    assert galaxy.shape == SHAPE
    wcs = Scene(turn={"r": 3.0}).wcs("r")  # of the band that shows the host best
    assert np.allclose(native_to_sky([0, 0], galaxy.wcs), native_to_sky([0, 0], wcs))
    assert (galaxy["i"].mask[0, 0] & MaskBit.NO_DATA) > 0  # its corner is off i's image
    assert not galaxy["i"].mask[48, 50]


def test_a_band_that_cannot_be_used_is_left_out_and_told(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    with fits.open(files / f"{NAME}_i.fits", mode="update") as hdus:
        hdus[0].header["BUNIT"] = "furlong"
    recipe = Recipe()
    failures = ingest(plan([files], recipe), tmp_path / "sample", recipe)
    assert not len(failures)
    assert tuple(Sample.open(tmp_path / "sample").read(0).bands) == ("g", "r")
    (told,) = (row for row in understood(tmp_path / "sample") if row["band"] == "i")
    assert told["notes"].startswith("left out: ")
    assert "furlong" in told["notes"]


def test_a_broken_file_fails_alone(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    whole = (files / f"{NAME}_r.fits").read_bytes()
    (files / "broken_r.fits").write_bytes(whole[: len(whole) // 2])
    (files / "text_g.fits").write_text("not FITS")
    recipe = Recipe()
    failures = ingest(plan([files], recipe), tmp_path / "sample", recipe)
    assert sorted(map(str, failures["galaxy_id"])) == ["broken_r.fits", "text_g.fits"]
    assert all("truncated or not a FITS file" in str(error) for error in failures["error"])
    assert Sample.open(tmp_path / "sample").ids == [NAME]


def test_two_images_of_a_band_are_refused_with_both_names(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    shutil.copy(files / f"{NAME}_r.fits", files / f"coadd_r_{NAME}.fits")
    both = rf"band r: expected one image, got .*{NAME}_r\.fits.* and .*coadd_r_{NAME}\.fits"
    with pytest.raises(FolderError, match=both):
        plan([files], Recipe())


def test_a_cube_that_names_no_bands_asks_for_them(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["cube"].build(files, Scene())
    strip(files, "BANDS", "BAND0", "BAND1", "BAND2")
    with pytest.raises(FolderError, match="3 names, got none in BANDS; give --bands"):
        plan([files], Recipe())
    recipe = Recipe(ingest=IngestConfig(bands=("g", "r", "z")))
    ingest(plan([files], recipe), tmp_path / "sample", recipe)
    assert tuple(Sample.open(tmp_path / "sample").read(0).bands) == ("g", "r", "z")


def test_targets_are_cut_out_of_what_is_larger(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    recipe = Recipe(ingest=IngestConfig(whole_arcsec=10.0))
    with pytest.raises(FolderError, match="positions with --targets"):
        plan([files], recipe)
    sky = sky_of_stars()
    table = Table({"name": ["a", "off"], "ra": [sky[0, 0], 10.0], "dec": [sky[0, 1], 0.0]})
    table.write(tmp_path / "targets.csv")
    made = plan([files], recipe, tmp_path / "targets.csv")
    failures = ingest(made, tmp_path / "sample", recipe, size_arcsec=8.2)
    assert [(str(row["galaxy_id"]), "place on an image" in row["error"]) for row in failures] == [
        ("off", True)
    ]
    galaxy = Sample.open(tmp_path / "sample").read(0)
    assert galaxy.shape == (41, 41)
    assert native_to_sky([20, 20], galaxy.wcs)[0] == pytest.approx(sky[0], abs=0.11 / 3600)


def test_what_is_known_of_a_galaxy_comes_from_its_target(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    table = Table({"galaxy_id": [NAME], "ra": [RA], "dec": [DEC], "redshift": [0.05]})
    table.write(tmp_path / "targets.csv")
    recipe = Recipe()
    ingest(plan([files], recipe, tmp_path / "targets.csv"), tmp_path / "sample", recipe)
    sample = Sample.open(tmp_path / "sample")
    assert sample.read(0).shape == SHAPE  # its own image, whole
    assert float(sample.hosts["redshift"][0]) == 0.05


def test_a_list_without_positions_names_images(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    table = Table({"name": [NAME, "NGC 9"], "redshift": [0.05, 0.1]})
    table.write(tmp_path / "list.csv")
    made = plan([files], Recipe(), tmp_path / "list.csv")
    assert made.targets.ids == [NAME]
    assert "that of an image" in made.targets.lost["NGC_9"]
    assert made.whole == {NAME}


def test_a_list_by_position_keeps_images_whole_and_tells_of_those_it_does_not_name(tmp_path):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    for band in "gri":
        with fits.open(files / f"{NAME}_{band}.fits") as moved:
            moved[0].header["CRVAL1"] += 1.0
            moved.writeto(files / f"far_{band}.fits")
    Table({"name": ["M99"], "ra": [RA], "dec": [DEC]}).write(tmp_path / "list.csv")
    recipe = Recipe()
    made = plan([files], recipe, tmp_path / "list.csv")
    assert made.notes == ("1 images show no galaxy of the list: far",)
    ingest(made, tmp_path / "sample", recipe)
    assert Sample.open(tmp_path / "sample").ids == ["M99"]
    assert Sample.open(tmp_path / "sample").read(0).shape == SHAPE


def test_bands_that_files_do_not_have_are_refused(tmp_path):
    LAYOUTS["cube"].build(tmp_path, Scene())
    with pytest.raises(RecipeError, match="those of the files, g r z, got foo in --bands"):
        plan([tmp_path], Recipe(ingest=IngestConfig(bands=("foo", "g"))))
    (note,) = plan([tmp_path], Recipe(ingest=IngestConfig(bands=("g", "r")))).notes
    assert "all are taken" in note


def test_files_of_two_surveys_are_not_mixed(tmp_path):
    LAYOUTS["hsc"].build(tmp_path, Scene())
    LAYOUTS["jwst"].build(tmp_path, Scene())
    with pytest.raises(FrameError, match="one survey, got"):
        plan([tmp_path], Recipe())


def test_a_profile_of_ones_own(tmp_path):
    files = tmp_path / "files"
    unit = 10 ** ((22.5 - 24.0) / 2.5)
    header = Scene().header("r")
    write(files / f"deep.{NAME}.blue9.fits", image(Scene().data("g") / unit, header))
    (tmp_path / "mine.toml").write_text(
        'about = "my telescope"\nfiles = ["deep.{id}.{band}"]\nunit = "count"\nzero_point = 24\n'
        '[bands]\ng = ["blue9"]\n'
    )
    recipe = Recipe(ingest=IngestConfig(survey=str(tmp_path / "mine.toml")))
    ingest(plan([files], recipe), tmp_path / "sample", recipe)
    galaxy = Sample.open(tmp_path / "sample").read(0)
    assert galaxy["g"].data.max() == pytest.approx(Scene().data("g").max(), rel=1e-4)


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch):
    files = tmp_path / "files"
    LAYOUTS["one_file_a_band"].build(files, Scene())
    for band in "gri":
        shutil.copy(files / f"{NAME}_{band}.fits", files / f"other_{band}.fits")
    recipe = Recipe()
    whole = ingest(plan([files], recipe), tmp_path / "whole", recipe)
    assert not len(whole)
    count = 0

    def stop(_number):
        nonlocal count
        count += 1
        if count == 2:  # the first call tells what is there already
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(plan([files], recipe), tmp_path / "sample", recipe, progress=stop)
    with pytest.raises(FolderError, match="--resume"):
        ingest(plan([files], recipe), tmp_path / "sample", recipe)
    ingest(plan([files], recipe), tmp_path / "sample", recipe, resume=True)
    for name in (f"images/{NAME}.fits", "images/other.fits", "hosts.parquet", "understood.csv"):
        assert (tmp_path / "sample" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_nothing_to_read_is_told(tmp_path):
    with pytest.raises(FolderError, match="FITS files"):
        plan([tmp_path], Recipe())
    with pytest.raises(FolderError, match="nothing there"):
        plan([tmp_path / "none"], Recipe())
