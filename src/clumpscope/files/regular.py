"""What may be opened at all."""

import stat
from pathlib import Path

from clumpscope.errors import ClumpscopeError, expected_got

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def regular(
    path: Path, error: type[ClumpscopeError], most_mb: float | None = None, setting: str = ""
) -> Path:
    """Return ``path`` if it is a regular file, or a link to one, of at most ``most_mb`` MB.

    It is looked at and not opened: a pipe would wait for ever, and a device never ends.
    ``setting`` names the limit in a recipe, if it is from one.

    Raises
    ------
    ClumpscopeError
        ``error``, if it is something else or larger.
    OSError
        If it is not there, as on opening it.
    """
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        got = _KINDS.get(stat.S_IFMT(state.st_mode), "something else")
        raise error(expected_got(path, "a regular file", got))
    if most_mb is not None and state.st_size > most_mb * 1e6:
        raise error(too_large(path, most_mb, f"{state.st_size / 1e6:.0f} MB", setting))
    return path


def too_large(path: Path, most_mb: float, got: str, setting: str = "") -> str:
    """What to say of a file of more than ``most_mb`` MB."""
    most = f"at most {most_mb:g} MB" + (f" ({setting})" if setting else "")
    return expected_got(f"{path}: size", most, got)
