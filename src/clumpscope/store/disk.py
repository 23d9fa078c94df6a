"""What a disk says, in our words."""

import errno
from pathlib import Path

from clumpscope.errors import FolderError, StoreError, expected_got


def is_folder(path: Path) -> bool:
    """Whether there is a folder of a name, which may be any."""
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def unwritable(path: Path, error: OSError) -> StoreError:
    """What to raise if a file or folder cannot be written."""
    if isinstance(error, NotADirectoryError | FileExistsError):
        return FolderError(expected_got(path, "a place in a folder", "one under a file"))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"cannot write {path}: the disk is full")
    return StoreError(f"cannot write {path}: {error.strerror or error}")
