"""The errors that clumpscope raises, chosen from one table.

==================  =============================================================  =========
error               raised when                                                    exit code
==================  =============================================================  =========
``RecipeError``     a recipe has an unknown key, a wrong type or a value out of    2
                    range, or its file cannot be read
``TableError``      a table the user gave (targets, positions, truth) lacks a      2
                    column, has a wrong unit, is empty or repeats an id
``ImageError``      one galaxy's image is unusable: missing band or HDU, unequal   2, or a
                    shapes, no WCS, all NaN, constant, truncated, or beyond the    failure
                    limits. In a run it becomes a row of ``failures.parquet``      row
``FrameError``      a survey is unknown; a frame of it or its calibration file is  2, or a
                    missing, truncated or not what it claims to be; a target lies  failure
                    off every frame                                                row
``ModelError``      a model is unknown, its file is damaged, its hash is wrong or  2
                    its tensors do not fit the architecture
``StoreError``      an artefact cannot be written or read: disk full, no right to  1
                    write, a worker died
``FolderError``     a folder or file that the user named is not what it should     2
                    be: not there, empty, not a sample or run, damaged, of a
                    newer schema, not empty where output shall go, or a file
                    that is there already (a StoreError)
``TrainingError``   a training cannot go on: its loss is not finite, or it needs   1
                    more memory than there is
``DownloadError``   a download failed or there is no network                       1
``ClusterError``    a Dask scheduler does not answer, or its workers have other    1
                    versions than this process, or several threads
==================  =============================================================  =========

Every message names the thing (file, field, row), what was expected and what came.
``expected_got`` builds such a message; where something can be done, a remedy follows.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ClumpscopeError",
    "ClusterError",
    "DownloadError",
    "FolderError",
    "FrameError",
    "ImageError",
    "ModelError",
    "RecipeError",
    "StoreError",
    "TableError",
    "TrainingError",
    "did_you_mean",
    "expected_got",
    "reason",
]


_MOST, _MOST_OF_PART = 4000, 1000  # characters of a message


class ClumpscopeError(Exception):
    """Base of every error that clumpscope raises on purpose; a long message is shortened."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(_shortened(message, _MOST))


class RecipeError(ClumpscopeError):
    """A recipe is not valid."""

    exit_code = 2


class TableError(ClumpscopeError):
    """A table given by the user cannot be used."""

    exit_code = 2


class ImageError(ClumpscopeError):
    """The image of one galaxy cannot be used."""

    exit_code = 2


class FrameError(ClumpscopeError):
    """A survey, a frame of it or a calibration file cannot be used."""

    exit_code = 2


class ModelError(ClumpscopeError):
    """A model is unknown, damaged or does not fit."""

    exit_code = 2


class StoreError(ClumpscopeError):
    """An artefact cannot be written or read."""


class FolderError(StoreError):
    """A folder or file named by the user is not what it should be."""

    exit_code = 2


class TrainingError(ClumpscopeError):
    """A training cannot go on."""


class DownloadError(ClumpscopeError):
    """A download failed."""


class ClusterError(ClumpscopeError):
    """A Dask cluster cannot be used."""


def expected_got(what: object, expected: object, got: object, remedy: str = "") -> str:
    """Return ``"<what>: expected <expected>, got <got>"``, and ``"; <remedy>"`` if there is one."""
    parts = (_shortened(str(part), _MOST_OF_PART) for part in (what, expected, got))
    what, expected, got = parts
    return f"{what}: expected {expected}, got {got}" + (f"; {remedy}" if remedy else "")


def _shortened(text: str, most: int) -> str:
    """A text without its middle, if it is longer than ``most`` characters."""
    half = most // 2 - 2
    return text if len(text) <= most else f"{text[:half]} … {text[-half:]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt name: the known ones like it; empty if there are none."""
    close = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(close)}?" if close else ""


def reason(error: Exception) -> str:
    """What to say of an error: its message, of one that we did not foresee its kind too."""
    known = isinstance(error, ClumpscopeError)
    return str(error) if known else f"{type(error).__name__}: {error}"
