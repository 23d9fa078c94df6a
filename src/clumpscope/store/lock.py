"""One command at a time writes to a folder."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from clumpscope.errors import FolderError, expected_got
from clumpscope.store.disk import unwritable

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Keep other commands out of a folder, which is made if it is not there.

    The system lets go of the lock when its process ends, however that is; a file that stays
    locks nothing, and tells that the process died. Yields whether one had stayed.

    Raises
    ------
    FolderError
        If another command works there; it is named.
    StoreError
        If the folder cannot be made or written.
    """
    path = folder / LOCK
    handle = _held(path)
    while not _is_at(handle, path):  # another command took it away just before we had it
        os.close(handle)
        handle = _held(path)
    try:
        now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        died = os.fstat(handle).st_size > 0
        try:
            _sign(handle, path, f"process {os.getpid()} on {platform.node()} since {now}")
            yield died
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _held(path: Path) -> int:
    """Open and lock a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.read(handle, 200).decode(errors="replace")
        os.close(handle)
        raise FolderError(
            expected_got(f"folder {path.parent}", "no other command at work in it", who)
        ) from None
    return handle


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is the one that has a name now."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sign(handle: int, path: Path, who: str) -> None:
    try:
        os.ftruncate(handle, 0)
        os.write(handle, who.encode())
    except OSError as error:
        raise unwritable(path, error) from error
