"""Which place each number of the pages for readers' eyes is, and who found it."""

from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.core.records import BY_EYE
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, expected_got
from clumpscope.store.tables import read_records

READERS, KEY = "readers", "key.parquet"  # folder of the pages, file that tells whose each is
_ROLES = (0, 1, 2)
_LEAST = 1e-9  # chance to be drawn


def role_names(finders: int) -> list[str]:
    """Columns that say what each finder has at a place."""
    return [f"role_{k}" for k in range(finders)]


def read_judged(path: Path) -> QTable:
    """The key of some pages; its metadata has the names of ``finders`` and the ``set`` of pages.

    Raises
    ------
    StoreError, TableError
        If it cannot be read, lacks something, or is not what was written.
    """
    key = read_records(path, BY_EYE, required=tuple(spec.name for spec in BY_EYE))
    finders, mark = key.meta.get("finders"), key.meta.get("set")
    told = isinstance(finders, list) and all(isinstance(name, str) for name in finders)
    if not (told and finders and isinstance(mark, str)):
        raise FolderError(expected_got(path, "finders and a set in its metadata", "none"))
    columns = role_names(len(finders))
    missing = [name for name in columns if name not in key.colnames]
    if missing:
        raise FolderError(expected_got(path, f"columns {', '.join(columns)}", f"no {missing[0]}"))
    roles = np.array([plain(key, name) for name in columns])
    chance, number = plain(key, "probability"), plain(key, "number")
    if len(set(finders)) < len(finders):
        raise FolderError(expected_got(path, "different finders", finders))
    for what, good in (
        ("numbers from 1 on", np.array_equal(number, np.arange(1, len(key) + 1))),
        ("roles 0, 1 or 2", np.isin(roles, _ROLES).all()),
        ("probabilities of 1e-9 to 1", ((chance >= _LEAST) & (chance <= 1)).all()),
        ("at least one place", len(key) > 0),
    ):
        if not good:
            raise FolderError(expected_got(path, what, "others"))
    return key
