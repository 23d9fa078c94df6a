import errno
from pathlib import Path

import pytest

from clumpscope.errors import FolderError, StoreError
from clumpscope.store.disk import is_folder, unwritable


def test_any_name_may_be_asked_for(tmp_path):
    assert is_folder(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    for name in ("none", "x" * 5000, "a\0b", "loop"):
        assert not is_folder(tmp_path / name)


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (errno.ENOSPC, StoreError, "cannot write /a/b: the disk is full"),
        (errno.EDQUOT, StoreError, "cannot write /a/b: the disk is full"),
        (errno.EACCES, StoreError, "cannot write /a/b: no"),
        (errno.ENOTDIR, FolderError, "/a/b: expected a place in a folder, got one under a file"),
        (errno.EEXIST, FolderError, "/a/b: expected a place in a folder, got one under a file"),
    ],
)
def test_what_is_wrong_with_a_place_is_said(code, kind, told):
    found = unwritable(Path("/a/b"), OSError(code, "no"))
    assert (type(found), str(found)) == (kind, told)
