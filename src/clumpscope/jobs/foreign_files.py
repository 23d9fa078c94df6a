"""FITS files in folders of others: which are looked at, and what is passed over."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clumpscope.errors import FolderError, expected_got
from clumpscope.stages.ingest.extensions import is_fits
from clumpscope.store.output import work_folder

_OURS = "hosts.parquet"


@dataclass(frozen=True)
class Found:
    """Files, sorted, each once; and what was passed over."""

    files: list[Path]
    notes: tuple[str, ...]


def found_in(paths: Iterable[Path], apart: Path | None = None) -> Found:
    """FITS files given, and those in folders given, at any depth; links are followed.

    Folders below that hold samples of ours, finished or not, are passed over: their images are
    those of the other files once more.

    Parameters
    ----------
    apart
        A folder, there or not, in which nothing is looked for.

    Raises
    ------
    FolderError
        If a path is not there, or there are no such files.
    """
    given = list(paths)
    found: list[Path] = []
    notes: list[str] = []
    for path in given:
        if path.is_dir():
            found += _below(path, apart, notes)
        elif path.exists():
            found.append(path)
        else:
            raise FolderError(expected_got(path, "a file or a folder", "nothing there"))
    if not found:
        got = "; ".join(("none", *notes))
        names = ", ".join(map(str, given))
        raise FolderError(expected_got(names, "FITS files (.fits, .fit, .fz, .gz)", got))
    once = {
        os.path.realpath(path): path for path in sorted(found, reverse=True)
    }  # by whichever way
    return Found(sorted(once.values()), tuple(notes))


def _below(top: Path, apart: Path | None, notes: list[str]) -> Iterator[Path]:
    """What may be FITS files in a folder."""
    seen = set()
    out = None if apart is None else apart.resolve()

    def told(error: OSError) -> None:
        notes.append(f"{error.filename}: passed over: {error.strerror}")

    for name, folders, files in os.walk(top, onerror=told, followlinks=True):
        here = Path(name)
        state = here.stat()
        is_out = here.resolve() == out
        if (state.st_dev, state.st_ino) in seen or (is_out and here != top):
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        if here != top and ((here / _OURS).is_file() or work_folder(here).is_dir()):
            notes.append(f"{here}: passed over: a sample; give it itself to read it")
            folders.clear()
            continue
        folders.sort()
        # Links to nowhere and pipes, too: they are told as files that cannot be read.
        yield from (here / one for one in sorted(files) if is_fits(here / one))
