"""Files kept for another time, within bounds."""

import shutil
from collections.abc import Container
from pathlib import Path


def bytes_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def trim(cache: Path, most_bytes: float, spared: Container[str] = ()) -> list[str]:
    """Remove folders from a cache, those changed longest ago first, until it is small enough.

    Empty ones go, too.

    Parameters
    ----------
    cache
        A folder of folders.
    most_bytes
        What may stay.
    spared
        Names that are in use.

    Returns
    -------
    Names of what was removed.
    """
    folders = [path for path in cache.iterdir() if path.is_dir()] if cache.is_dir() else []
    sizes = {path: bytes_of(path) for path in folders}
    total, removed = sum(sizes.values()), []
    for path in sorted(folders, key=lambda path: (path.stat().st_mtime_ns, path.name)):
        if path.name not in spared and (total > most_bytes or not sizes[path]):
            shutil.rmtree(path, ignore_errors=True)
            total -= sizes[path]
            removed.append(path.name)
    return removed
