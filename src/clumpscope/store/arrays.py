"""Arrays by name on disk, exactly as they are."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.store.atomic import atomic


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays of numbers to an ``.npz`` file.

    Raises
    ------
    StoreError
        If the disk is full or the file cannot be written.
    """
    with atomic(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]] | None:
    """Read what `write_arrays` wrote; ``None`` if it is not there, or not whole."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
