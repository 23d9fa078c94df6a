"""Files that a worker on another machine may lack: it says so, and gets them."""

import hashlib
from pathlib import Path

from clumpscope.errors import StoreError, expected_got

_folder: Path | None = None  # in a worker that gets files: where those lie that it got


class MissingError(StoreError):
    """A worker lacks a file of these contents."""

    def __init__(self, path: Path, key: str) -> None:
        super().__init__(expected_got(path, f"a file of SHA-256 {key[:12]}…", "none or another"))
        self.path, self.key = path, key

    def __reduce__(self) -> tuple[type["MissingError"], tuple[Path, str]]:
        return MissingError, (self.path, self.key)


def carried_to(folder: Path) -> None:
    """Be a worker that gets files that it lacks in a folder."""
    global _folder  # noqa: PLW0603  (a fact of this process)
    _folder = folder


def name_of(path: Path, key: str) -> str:
    """Name under which a file is sent."""
    return f"{key}{path.suffix}"


def here(path: Path, key: str) -> Path:
    """Where this process finds a file that its parent or client has at ``path``.

    Parameters
    ----------
    key
        SHA-256 of what it holds there. Only a worker on another machine compares it.

    Raises
    ------
    MissingError
        If such a worker has no file of these contents, neither there nor sent.
    """
    if _folder is None:
        return path
    for place in (path, _folder / name_of(path, key)):
        if place.is_file() and _hash(place) == key:
            return place
    raise MissingError(path, key)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
