"""Files appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clumpscope.errors import FolderError, expected_got
from clumpscope.store.disk import unwritable
from clumpscope.store.lock import LOCK

PART = ".part-"  # begins the name of what has not been renamed into place yet


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block ends well.

    Raises
    ------
    StoreError
        If the disk is full or the file cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=PART, suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp gives 0o600
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    """Return the user's umask, which can be read only by setting it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def new_file(path: Path) -> Path:
    """Check that a file which a user names, to be written, is new, and that it can be made.

    Raises
    ------
    StoreError
        If there is anything of that name, or its folder cannot be made or written.
    """
    try:
        if path.exists() or path.is_symlink():
            raise FolderError(expected_got(path, "a new file", "one that exists"))
        with tempfile.TemporaryFile(dir=_existing(path.parent)):
            return path
    except OSError as error:
        raise unwritable(path, error) from error


def _existing(folder: Path) -> Path:
    """The first of a folder and those above it that is there."""
    return next(
        place for place in (folder, *folder.parents) if place.exists() or place.is_symlink()
    )


def new_folder(path: Path) -> Path:
    """Make an output folder, which must be new or empty.

    Raises
    ------
    StoreError
        If it holds anything, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        filled = any(one.name != LOCK for one in path.iterdir())
    except OSError as error:
        raise unwritable(path, error) from error
    if filled:
        raise FolderError(expected_got(f"output folder {path}", "a new or empty folder", "files"))
    return path


def sweep(folder: Path) -> None:
    """Take away what killed commands left unfinished in a folder, of which nobody else writes."""
    for path in folder.glob(f"{PART}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
