import errno
import os
import tempfile
from pathlib import Path

import pytest

from clumpscope.errors import FolderError, ImageError, StoreError
from clumpscope.store.atomic import atomic, new_file, new_folder


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def full_disk(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
    assert files(path.parent) == {"a.txt": "whole"}


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert files(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("error", [RuntimeError, ImageError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert files(tmp_path) == {"a.txt": "old"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_while_writing(tmp_path, code):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(StoreError, match=r"cannot write .*a\.txt: the disk is full"), atomic(path):
        raise OSError(code, "full")
    assert files(tmp_path) == {"a.txt": "old"}


def test_a_full_disk_while_renaming(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(StoreError, match="the disk is full"), atomic(path) as temporary:
        temporary.write_text("new")
    assert files(tmp_path) == {"a.txt": "old"}


def test_a_full_disk_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("clumpscope.store.atomic.tempfile.mkstemp", full_disk)
    with pytest.raises(StoreError, match="the disk is full"), atomic(tmp_path / "a.txt"):
        pytest.fail("the block must not run")


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "a").write_text("")
    told = r"b\.txt: expected a place in a folder, got one under a file"
    with pytest.raises(FolderError, match=told), atomic(tmp_path / "a" / "b.txt"):
        pytest.fail("the block must not run")


def test_new_folder(tmp_path):
    path = tmp_path / "deep" / "out"
    assert new_folder(path) == path
    assert new_folder(path) == path
    (path / "kept.txt").write_text("")
    with pytest.raises(StoreError, match=r"output folder .*out: expected a new or empty folder"):
        new_folder(path)
    for under in ("kept.txt", "kept.txt/deeper"):
        with pytest.raises(FolderError, match="expected a place in a folder, got one under a file"):
            new_folder(path / under)


def test_new_file(tmp_path):
    path = tmp_path / "deep" / "out.txt"
    assert new_file(path) == path
    assert list(tmp_path.iterdir()) == []  # nothing is made before there is something to write
    path.parent.mkdir()
    path.symlink_to("nowhere")
    for taken in (path, path.parent):
        with pytest.raises(FolderError, match="expected a new file, got one that exists"):
            new_file(taken)
    (path.parent / "file").touch()
    with pytest.raises(FolderError, match="expected a place in a folder, got one under a file"):
        new_file(path.parent / "file" / "out.txt")
    (path.parent / "loop").symlink_to("loop")
    for name in ("loop/out.txt", "x" * 300):
        with pytest.raises(StoreError, match="cannot write"):
            new_file(path.parent / name)


def test_a_folder_that_takes_no_file(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(StoreError, match=r"cannot write .*out\.txt: Permission denied"):
        new_file(tmp_path / "deep" / "out.txt")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_user_s_umask_is_honoured(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic(tmp_path / "a.txt") as temporary:
            temporary.write_text("whole")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode
