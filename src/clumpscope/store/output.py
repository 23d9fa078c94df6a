"""A folder that a command fills, and goes on filling where it was interrupted."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import clumpscope
from clumpscope.errors import FolderError, StoreError, expected_got
from clumpscope.store.atomic import atomic, new_folder, sweep
from clumpscope.store.json_text import parse_json
from clumpscope.store.lock import locked
from clumpscope.store.manifest import RunManifest, sha256_json

_WORK, _KEY = ".unfinished", "key.json"


def work_folder(folder: Path) -> Path:
    """Where a command keeps what it has done, until all of it is done."""
    return folder / _WORK


def check_seen(folder: Path) -> None:
    """Check that this process, which may be on another machine, sees what a command fills.

    Raises
    ------
    FolderError
        If it does not.
    """
    if not work_folder(folder).is_dir():
        what = "a folder that the command began to fill, on a file system that all machines share"
        raise FolderError(expected_got(folder, what, "none"))


@dataclass(frozen=True)
class Output:
    """A folder in which nobody else writes now.

    Attributes
    ----------
    key
        Hash of all that what is made here depends on.
    finished
        Whether an earlier command of the same key has done everything.
    died
        Whether the process that worked here before was killed, or crashed.
    """

    folder: Path
    key: str
    finished: bool
    died: bool

    @property
    def work(self) -> Path:
        """Where a command keeps what it has done, until all of it is done."""
        return work_folder(self.folder)

    def finish(self, manifest: RunManifest) -> None:
        """Say that everything is there, and drop what was kept to go on with."""
        replace(manifest, key=self.key).write(self.folder)
        shutil.rmtree(self.work, ignore_errors=True)


@contextmanager
def output(folder: Path, key: Mapping[str, str], *, resume: bool) -> Iterator[Output]:
    """Begin to fill a folder, or go on with one of the same ``key``; others are kept out.

    Parameters
    ----------
    folder
        New or empty; with ``resume``, one in which a command was interrupted, or has finished.
    key
        What must be the same, by name, such as the hash of a recipe. The version of
        clumpscope is added.

    Raises
    ------
    StoreError
        If the folder holds files and ``resume`` is not asked for, they are of another key,
        another command is at work there, or it cannot be written.
    """
    with locked(folder) as died:
        whole = {**key, "version of clumpscope": clumpscope.__version__}
        begun = Output(folder, sha256_json(whole), finished=False, died=died)
        yield _begun(begun, whole, resume)


def _begun(begun: Output, key: Mapping[str, str], resume: bool) -> Output:
    folder, known = begun.folder, begun.work / _KEY
    if resume:
        for place in (folder, begun.work, folder / "images"):
            sweep(place)
        if (folder / "manifest.json").is_file():
            return _again(begun)
        if known.is_file():
            _check(folder, known, key)
            return begun
        if begun.work.is_dir() and not any(begun.work.iterdir()):  # killed before the key
            begun.work.rmdir()
    try:
        new_folder(folder)
    except StoreError as error:
        hint = "; --resume goes on with an interrupted command" if known.is_file() else ""
        raise type(error)(f"{error}{hint}") from error
    with atomic(known) as temporary:
        temporary.write_text(json.dumps(key, sort_keys=True))
    return begun


def _again(begun: Output) -> Output:
    """One whose command has finished already; only what it kept may be left."""
    if RunManifest.read(begun.folder).key != begun.key:
        what = "one of another recipe, input or version of clumpscope"
        raise FolderError(
            expected_got(f"finished folder {begun.folder}", "the same command again", what)
        )
    shutil.rmtree(begun.work, ignore_errors=True)
    return replace(begun, finished=True)


def _check(folder: Path, known: Path, key: Mapping[str, str]) -> None:
    try:
        before = dict(parse_json(known.read_text()))
    except (OSError, ValueError, TypeError) as error:
        what = f"none that can be read ({error})"
        raise FolderError(
            expected_got(known, "a JSON object", what, f"take {folder} away and begin again")
        ) from error
    differing = sorted(name for name in key if before.get(name) != key[name])
    if differing:
        raise FolderError(
            expected_got(
                f"folder {folder}",
                "to resume with what it began with",
                f"another {' and '.join(differing)}",
            )
        )
