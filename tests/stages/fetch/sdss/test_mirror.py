import bz2
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.errors import FrameError
from clumpscope.stages.fetch.sdss.mirror import FieldKey, frame_wcs, open_mirror, read_header
from sdss_mirror import band_wcs, make_field


def best(mirror, ra, dec):
    return mirror.best_fields(np.atleast_1d(ra), np.atleast_1d(dec))


def test_frames_are_found_in_folders_by_their_names(field):
    folder, drawn = field
    (folder / "notes.txt").write_text("not a frame")
    (folder / ".frame-r-000001-1-0001.fits.part").write_bytes(b"")
    mirror = open_mirror(folder)
    key = FieldKey(3918, 3, 213)
    assert list(mirror.frames) == [key]
    assert sorted(mirror.frames[key]) == list("giruz")
    assert mirror.footprints[key].shape == drawn.shape
    assert str(key) == "3918-3-213"


def test_a_footprint_is_where_the_frame_is(field):
    folder, drawn = field
    footprint = open_mirror(folder).footprints[FieldKey(3918, 3, 213)]
    ny, nx = drawn.shape
    places = np.array([[-0.4, 10], [nx - 0.6, 10], [100, ny - 11], [-3.0, 10]])
    margin = footprint.margin(*drawn.wcs["r"].wcs_pix2world(places, 0).T)
    np.testing.assert_allclose(margin, [0.1, 0.1, 10.5, -2.5], atol=1e-5)


def test_psfield_and_photofield_are_found(tmp_path):
    make_field(tmp_path, (), bands="r", shape=(40, 50))
    for name in ("psField-003918-3-0213.fit", "photoField-003918-3.fits"):
        (tmp_path / name).write_bytes(b"")
    mirror = open_mirror(tmp_path)
    assert mirror.psfields[FieldKey(3918, 3, 213)].name == "psField-003918-3-0213.fit"
    assert mirror.photofields[3918, 3].name == "photoField-003918-3.fits"


def test_the_best_field_is_that_in_which_the_target_is_farthest_from_the_edges(tmp_path):
    shape = (60, 400)
    first = make_field(tmp_path / "a", (), shape=shape, field=1)
    # The next field is shifted by 30 rows and overlaps half of the first.
    ra, dec = first.wcs["r"].wcs_pix2world([[shape[1] / 2 - 1, shape[0] / 2 - 1 + 30]], 0)[0]
    make_field(tmp_path / "b", (), shape=shape, field=2, ra=ra, dec=dec)
    mirror = open_mirror(tmp_path)
    rows = np.array([20.0, 40.0, 50.0, 80.0, 95.0])
    sky = first.wcs["r"].wcs_pix2world(np.column_stack([np.full(5, 200.0), rows]), 0)
    places = mirror.best_fields(sky[:, 0], sky[:, 1])
    assert [place.field if isinstance(place, FieldKey) else 0 for place in places] == [
        *(1, 1, 2, 2, 0)
    ]
    assert "off all 2 fields" in places[-1]


def test_a_complete_field_is_better_than_one_without_all_bands(tmp_path):
    drawn = make_field(tmp_path / "a", (), bands="gr", field=1, shape=(60, 80))
    (ra, dec) = drawn.wcs["r"].wcs_pix2world([[40, 30]], 0)[0]
    assert best(open_mirror(tmp_path), ra, dec) == [FieldKey(3918, 3, 1)]
    make_field(tmp_path / "b", (), field=2, shape=(60, 80), ra=150.004)
    assert best(open_mirror(tmp_path), ra, dec) == [FieldKey(3918, 3, 2)]


def test_fields_across_right_ascension_zero(tmp_path):
    drawn = make_field(tmp_path, (), ra=0.0, bands="r", shape=(60, 80))
    sky = drawn.wcs["r"].wcs_pix2world([[5, 30], [75, 30]], 0)
    assert sky[:, 0].min() < 1
    assert sky[:, 0].max() > 359
    assert best(open_mirror(tmp_path), *sky.T) == [FieldKey(3918, 3, 213)] * 2


def test_the_other_side_of_the_sky_is_on_no_frame(field):
    (place,) = best(open_mirror(field[0]), 330.0, -20.0)
    assert "ra 330.000000" in place


def test_a_header_is_read_without_the_rest_of_the_file(tmp_path):
    drawn = make_field(tmp_path, (), bands="r", shape=(600, 800))
    path = tmp_path / (drawn.name("r") + ".bz2")
    header = read_header(path)
    assert header["NAXIS1"] == 800
    # bz2 blocks are of 900 kB, the frame has 1.9 MB: a lost end does not matter yet.
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert read_header(path)["NAXIS1"] == 800


@pytest.mark.parametrize("pack", [bytes, bz2.compress])
def test_a_header_without_end_is_not_read_for_ever(tmp_path, pack):
    path = tmp_path / "frame-r-003918-3-0213.fits"
    path.write_bytes(pack(b"SIMPLE  =                    T".ljust(80) + b" " * 10_000_000))
    tracemalloc.start()
    with pytest.raises(FrameError, match=r"213\.fits: FITS headers: expected at most 4 MB"):
        read_header(path)
    assert tracemalloc.get_traced_memory()[1] < 16e6
    tracemalloc.stop()


def test_a_frame_that_is_no_regular_file(tmp_path):
    path = tmp_path / "frame-r-003918-3-0213.fits"
    path.symlink_to("/dev/null")
    with pytest.raises(FrameError, match=r"213\.fits: expected a regular file, got a device"):
        read_header(path)


def test_no_folder_no_frame_and_no_r_frame_are_errors(tmp_path):
    with pytest.raises(FrameError, match="no folder"):
        open_mirror(tmp_path / "nothing")
    with pytest.raises(FrameError, match="0 frames, none in r"):
        open_mirror(tmp_path)
    make_field(tmp_path, (), bands="ug", shape=(40, 50))
    with pytest.raises(FrameError, match="2 frames, none in r"):
        open_mirror(tmp_path)


def test_damaged_r_frames_are_told_and_the_others_kept(tmp_path):
    make_field(tmp_path / "a", (), bands="r", field=1, shape=(40, 50))
    bad = tmp_path / "frame-r-003918-3-0002.fits.bz2"
    bad.write_bytes(bz2.compress(b"SIMPLE  = nonsense"))
    mirror = open_mirror(tmp_path)
    assert list(mirror.footprints) == [FieldKey(3918, 3, 1)]
    assert list(mirror.unreadable) == [bad]
    (tmp_path / "a" / "frame-r-003918-3-0001.fits.bz2").write_bytes(b"no bz2")
    with pytest.raises(FrameError, match="no r frame is readable"):
        open_mirror(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CTYPE1": None}, "CTYPE, CRVAL, CRPIX and CD"),
        ({"CRVAL1": None}, "CRVAL1: expected a finite number, got none"),
        ({"CRVAL1": True}, "CRVAL1: expected a finite number, got True"),
        ({"CRPIX2": "20"}, "CRPIX2: expected a finite number, got '20'"),
        ({"CRVAL2": 95.0}, "WCS"),
        ({"CD1_1": 2.0, "CD2_2": 2.0}, "WCS: expected one that can be used, got pixels of 2 deg"),
        ({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN"}, "RA---TAN"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "DEC--TAN"}, "WCS|TAN"),
        ({"CD1_1": 0.0, "CD1_2": 0.0}, "WCS"),
    ],
)
def test_a_wcs_that_is_none_is_refused(tmp_path, change, message):
    header = fits.Header(band_wcs("r", (40, 50)).to_header())
    for i in (1, 2):
        for j in (1, 2):
            header[f"CD{i}_{j}"] = 1e-4 * (i == j)
    for key, value in change.items():
        if value is None:
            del header[key]
        else:
            header[key] = value
    with pytest.raises(FrameError, match=message):
        frame_wcs(header, tmp_path / "frame.fits")


def test_a_target_on_a_field_with_a_missing_band_is_still_that_field_s(tmp_path):
    drawn = make_field(tmp_path, (), bands="ugri", shape=(60, 80))
    assert best(open_mirror(tmp_path), *drawn.wcs["r"].wcs_pix2world([[40, 30]], 0)[0]) == [
        FieldKey(3918, 3, 213)
    ]
