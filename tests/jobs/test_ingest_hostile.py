"""Bad files among good ones: each is told with a reason, and none stops the rest."""

import os

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from builders import DEC, RA, tan_wcs
from clumpscope.config.ingest import IngestConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import FolderError, StoreError
from clumpscope.jobs.ingest import UNDERSTOOD, ingest, plan
from clumpscope.store.sample import Sample
from foreign import NOISE, SHAPE, Scene, image, psf_image, write

SCENE = Scene()


def put(path, band="g", data=None, dtype=np.float32, **cards):
    header = SCENE.header(band, BUNIT="nanomaggy")
    for key, value in cards.items():
        if value is None:
            del header[key]
        else:
            header[key] = value
    pixels = SCENE.data(band) if data is None else data
    write(path, image(pixels, header, dtype=dtype, kind=fits.PrimaryHDU))


def good(folder, name="good"):
    for band in "gr":
        put(folder / f"{name}_{band}.fits", band)


def made(folder, recipe=None, targets=None, **options):
    """Failures by id, and the sample."""
    recipe = recipe or Recipe()
    out = folder.with_name("out")
    failures = ingest(plan([folder], recipe, targets, out), out, recipe, **options)
    why = {str(row["galaxy_id"]): str(row["error"]) for row in failures}
    return why, Sample.open(out)


def notes(sample, band="g"):
    rows = Table.read(sample.folder / UNDERSTOOD, format="ascii.csv")
    return next(str(row["notes"]) for row in rows if row["band"] == band)


@pytest.fixture
def files(tmp_path):
    return tmp_path / "in"


def test_what_is_no_file_fails_alone(files):
    good(files)
    os.mkfifo(files / "pipe_g.fits")
    (files / "gone_g.fits").symlink_to(files / "nothing")
    (files / "loop_g.fits").symlink_to(files / "loop_g.fits")
    (files / "empty_g.fits").write_bytes(b"")
    why, sample = made(files)
    assert sample.ids == ["good"]
    assert sorted(why) == ["empty_g.fits", "gone_g.fits", "loop_g.fits", "pipe_g.fits"]
    assert "got a named pipe" in why["pipe_g.fits"]


def test_two_broken_files_of_one_name_are_two_failures(files):
    good(files)
    for place in "ab":
        (files / place).mkdir()
        (files / place / "bad_g.fits").write_text("no FITS")
    why, _ = made(files)
    assert sorted(why) == ["b_bad_g.fits", "bad_g.fits"]


def test_names_that_can_be_no_ids_fail_alone(files):
    good(files)
    put(files / f"{'a' * 90}_g.fits")
    put(files / "GOOD_g.fits")
    why, sample = made(files)
    assert [one.lower() for one in sample.ids] == ["good"]
    assert "rename its files" in why["a" * 64]
    assert "in any case" in next(why[one] for one in why if one.lower() == "good-2")


def test_an_image_too_large_to_be_a_galaxy_is_not_lost_in_silence(files):
    good(files)
    header = tan_wcs(SHAPE, 60).to_header()
    header["BUNIT"] = "nanomaggy"
    write(files / "wide_g.fits", image(SCENE.data("g"), header))
    why, _ = made(files)
    assert "400 arcsec or less" in why["wide"]
    assert "--targets" in why["wide"]


def test_files_without_an_image_are_told(files):
    good(files)
    Table({"a": [1]}).write(files / "cat.fits")
    told = plan([files], Recipe()).notes
    assert [note.rpartition("/")[2] for note in told] == ["cat.fits: passed over: no image in it"]


def test_a_target_whose_own_files_cannot_be_used_is_not_cut_from_others(files, tmp_path):
    good(files)
    put(files / "two_g.fits")
    put(files / "stack_g_two.fits")
    table = Table({"galaxy_id": ["good", "two"], "ra": [RA, RA], "dec": [DEC, DEC]})
    table.write(tmp_path / "list.csv")
    why, sample = made(files, targets=tmp_path / "list.csv")
    assert sample.ids == ["good"]
    assert "one image" in why["two"]


def test_a_galaxy_called_like_a_broken_file(files):
    good(files, "x_g.fits")
    (files / "sub").mkdir()
    (files / "sub" / "x_g.fits").write_text("no FITS")
    why, sample = made(files)
    assert sample.ids == ["x_g.fits"]
    assert list(why) == ["x_g.fits-2"]


def test_numbers_that_stand_for_none_are_no_data(files):
    data = SCENE.data("g")
    data[2, 2:6] = np.inf, -np.inf, 1e38, -1e30
    put(files / "a_g.fits", data=data)
    _, sample = made(files)
    plane = sample.read(0)["g"]
    assert ((plane.mask[2, 2:6] & MaskBit.NO_DATA) > 0).all()
    assert plane.data.max() == pytest.approx(SCENE.data("g").max(), rel=1e-4)
    assert "no data where pixels are beyond 1e+20 nmgy: 2" in notes(sample)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_an_image_of_one_number_is_refused(value, files):
    good(files)
    put(files / "flat_g.fits", data=np.full(SHAPE, value))
    put(files / "flat_g_var.fits", data=np.full(SHAPE, NOISE**2))
    why, _ = made(files)
    assert f"pixels that differ, got all {value:g} nmgy" in why["flat"]


@pytest.mark.parametrize("kind", ["var", "mask"])
def test_planes_of_another_shape_are_told_before_they_are_read(kind, files):
    good(files)
    put(files / "a_g.fits")
    put(files / f"a_g_{kind}.fits", data=np.ones((50, 50)), dtype=np.int16)
    recipe = Recipe()
    row = next(row for row in plan([files], recipe).files.plan() if row.galaxy_id == "a")
    assert "expected shape (97, 101), got (50, 50)" in row.notes
    why, _ = made(files)
    assert "expected shape (97, 101), got (50, 50)" in why["a"]


def test_a_damaged_plane_takes_its_band_with_it_and_no_other(files):
    good(files)
    hdus = [fits.CompImageHDU(SCENE.data("i").astype("f4"), SCENE.header("i", BUNIT="nanomaggy"))]
    write(files / "good_i.fits.fz", *hdus)
    content = bytearray((files / "good_i.fits.fz").read_bytes())
    claim = b"ZTILE1  =                  101"
    assert claim in content
    content = content.replace(claim, b"ZTILE1  =           1000000000")
    (files / "good_i.fits.fz").write_bytes(content)
    _, sample = made(files)
    assert list(sample.read(0).bands) == ["g", "r"]
    assert "tiles: expected shapes within" in notes(sample, "i")


def test_one_band_without_wcs_does_not_stop_the_others(files):
    good(files)
    write(files / "good_u.fits", image(SCENE.data("u"), fits.Header({"BUNIT": "nanomaggy"})))
    _, sample = made(files)
    assert list(sample.read(0).bands) == ["g", "r"]


@pytest.mark.parametrize("degrees", [0.02, 1.0, 180.0])
def test_a_band_of_other_sky_is_left_out_and_told(degrees, files):
    good(files)
    put(files / "good_i.fits", "i", CRVAL1=(RA + degrees) % 360)
    _, sample = made(files)
    assert list(sample.read(0).bands) == ["g", "r"]
    assert notes(sample, "i").startswith("left out: it shows none of the sky of band r")


@pytest.mark.parametrize("value", [0, -1.0, "0.9 arcsec", True])
def test_a_width_that_is_none_is_planned_and_made_alike(value, files):
    put(files / "a_g.fits", PSFFWHM=value)
    (row,) = plan([files], Recipe()).files.plan()
    assert row.psf == "from stars, else assumed"
    assert row.notes == f"PSFFWHM = {value!r} is no width"
    _, sample = made(files)
    assert sample.read(0)["g"].psf_assumed


def test_a_bare_nan_in_a_header_is_no_reason_to_refuse_the_file(files):
    put(files / "a_g.fits")
    content = (files / "a_g.fits").read_bytes()
    at = content.index(b"PSFFWHM =")
    content = content[: at + 10] + b"NaN".ljust(70) + content[at + 80 :]
    (files / "a_g.fits").write_bytes(content)
    _, sample = made(files)
    assert sample.read(0)["g"].psf_assumed
    assert "PSFFWHM = 'NaN' is no width" in notes(sample)


def test_a_psf_larger_than_is_read_is_cut_or_refused(files):
    good(files)
    put(files / "a_g.fits")
    write(files / "a_g_psf.fits", image(np.pad(psf_image(), 300), None))
    why, sample = made(files, Recipe(limits=LimitsConfig(psf_px=41)))
    assert not why
    assert sample.read(sample.ids.index("a"))["g"].psf.shape == (41, 41)
    (files.with_name("out")).rename(files.with_name("before"))
    with pytest.raises(StoreError, match=r"at most 9 px a side \(\[limits\] psf_px\)"):
        made(files, Recipe(limits=LimitsConfig(psf_px=9)))


@pytest.mark.parametrize("size", [None, 1e5, 1e9, float("inf")])
def test_images_beyond_the_limit_are_refused_before_they_are_made(size, files):
    good(files)
    recipe = Recipe(limits=LimitsConfig(cutout_px=9000))
    with pytest.raises(StoreError, match=r"at most 9000 px \(\[limits\] cutout_px\)"):
        made(files, recipe, size_arcsec=size)


def test_planes_beyond_the_limit_are_refused_before_they_are_read(files):
    good(files)
    zeros = np.zeros((600, 500), np.float32)
    packed = fits.CompImageHDU(zeros, SCENE.header("g", BUNIT="nanomaggy"))
    write(files / "big_g.fits.fz", packed)
    why, _ = made(files, Recipe(limits=LimitsConfig(decompressed_mb=1)))
    assert "at most 1 MB ([limits] decompressed_mb), got 1.2 MB" in why["big"]


@pytest.mark.parametrize("width", [None, 0.9])
def test_a_sample_of_ours_comes_back_with_its_marks(width, files):
    put(files / "a_g.fits", PSFFWHM=width)
    _, first = made(files)
    before = first.read(0)["g"]
    assert before.psf_assumed is (width is None)
    assert before.noise_assumed
    assert (before.mask & MaskBit.STAR).any() == (width is not None)
    second = first.folder.with_name("second")
    recipe = Recipe()
    ingest(plan([first.folder], recipe), second, recipe)
    after = Sample.open(second).read(0)["g"]
    assert after.psf_assumed == before.psf_assumed
    assert after.noise_assumed
    np.testing.assert_array_equal(after.mask, before.mask)
    np.testing.assert_array_equal(after.data, before.data)


def test_a_sample_in_the_folder_is_not_read_again(files):
    good(files)
    recipe = Recipe()
    ingest(plan([files], recipe), files / "sample", recipe)
    why, sample = made(files)
    assert not why
    assert sample.ids == ["good"]


def test_what_is_said_of_a_band_that_is_not_there_is_told(files):
    good(files)
    recipe = Recipe(ingest=IngestConfig(zero_point={"G": 22.5}))
    assert plan([files], recipe).notes == ("zero_point of band G is not used: files are of g, r",)


def test_bands_that_do_not_fit_a_cube_are_named(files):
    data = np.array([SCENE.data(band) for band in "gri"])
    put(files / "a.fits", data=data)
    with pytest.raises(FolderError, match="3 names, got g, r; give --bands"):
        plan([files], Recipe(ingest=IngestConfig(bands=("g", "r"))))


def test_a_galaxy_named_after_a_folder_with_blanks_is_whole(files):
    for band in "gr":
        put(files / "my [1] galaxy" / f"{band}.fits", band)
    _, sample = made(files)
    assert sample.ids == ["my_1_galaxy"]
    assert sample.read(0).shape == SHAPE
