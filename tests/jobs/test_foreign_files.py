"""Which files of folders are looked at."""

import os

import pytest

from clumpscope.errors import FolderError
from clumpscope.jobs.foreign_files import found_in


def made(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("")


def test_files_at_any_depth_each_once(tmp_path):
    made(tmp_path, "b_g.fits", "note.txt", ".hidden.fits")
    made(tmp_path / "deep.fits" / "er", "a_g.fits.gz")
    found = found_in([tmp_path, tmp_path / "b_g.fits"])
    assert found.files == [tmp_path / "b_g.fits", tmp_path / "deep.fits" / "er" / "a_g.fits.gz"]
    assert not found.notes


def test_linked_folders_are_followed_and_loops_are_not(tmp_path):
    made(tmp_path / "disk", "a_g.fits")
    made(tmp_path / "in")
    (tmp_path / "in" / "data").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "loop").symlink_to(tmp_path / "in")
    assert found_in([tmp_path / "in"]).files == [tmp_path / "in" / "data" / "a_g.fits"]


def test_a_file_by_two_ways_is_one(tmp_path):
    made(tmp_path / "disk", "a_g.fits")
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "again_g.fits").symlink_to(tmp_path / "disk" / "a_g.fits")
    assert found_in([tmp_path]).files == [tmp_path / "again_g.fits"]
    assert len(found_in([tmp_path / "disk", tmp_path / "link"]).files) == 1


def test_what_cannot_be_read_is_kept_to_be_told(tmp_path):
    os.mkfifo(tmp_path / "pipe_g.fits")
    (tmp_path / "gone_g.fits").symlink_to(tmp_path / "nothing")
    assert len(found_in([tmp_path]).files) == 2


@pytest.mark.parametrize("mark", ["hosts.parquet", ".unfinished/key.json"])
def test_samples_within_are_passed_over_and_told(mark, tmp_path):
    made(tmp_path, "a_g.fits")
    made((tmp_path / "sample" / mark).parent, mark.rpartition("/")[2])
    made(tmp_path / "sample" / "images", "a.fits")
    found = found_in([tmp_path])
    assert found.files == [tmp_path / "a_g.fits"]
    assert "a sample" in found.notes[0]
    assert found_in([tmp_path / "sample"]).files == [tmp_path / "sample" / "images" / "a.fits"]


def test_the_folder_to_write_is_no_input(tmp_path):
    made(tmp_path, "a_g.fits")
    made(tmp_path / "out" / "images", "a.fits")
    found = found_in([tmp_path], apart=tmp_path / "out")
    assert found.files == [tmp_path / "a_g.fits"]


def test_nothing_to_read_is_told(tmp_path):
    with pytest.raises(FolderError, match="FITS files"):
        found_in([tmp_path])
    with pytest.raises(FolderError, match="nothing there"):
        found_in([tmp_path / "none"])
