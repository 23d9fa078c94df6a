"""Files named after things of others: never outside their folder."""

import re
from pathlib import Path

from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import said

_BYTES = 120  # of a name; file systems take 255, and `atomic` may need the double
_UNSAFE = re.compile(r"[/\\:\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def inside(folder: Path, name: str) -> Path:
    """The path of a file of that name in a folder.

    Raises
    ------
    TableError
        If the name is none, is hidden, or is no name of a file on every system.
    """
    if (
        not name
        or name.startswith(".")
        or _UNSAFE.search(name)
        or len(name.encode()) > _BYTES
        or (folder / name).parent != folder
    ):
        raise TableError(expected_got(f"file in {folder}", "a plain name", said(name)))
    return folder / name
