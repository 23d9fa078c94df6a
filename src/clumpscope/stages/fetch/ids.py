"""Ids of a target list: exact, safe as file names, each once."""

import re
from collections.abc import Sequence

import numpy as np
from astropy.table import Column

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.fetch.columns import is_text, words

_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?")
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_EXACT = 2**53  # below, whole numbers have all their digits in a float of 64 bits


def id_texts(column: Column, where: str) -> list[str]:
    """Each row's id as text, digit by digit; empty where there is none.

    Raises
    ------
    TableError
        If the ids have lost digits: floats beyond 2^53 (2^24 of 32 bits), or numbers written
        with an exponent.
    """
    texts = words(column)
    if column.dtype.kind == "f":
        limit = 2 ** (np.finfo(column.dtype).nmant + 1)
        values = [float(text or "nan") for text in texts]
        lost = [abs(value) >= limit for value in values]
        texts = [_float_text(value) for value in values]
    elif is_text(column) and all(re.fullmatch(r"\d+|", t) or _FLOAT.fullmatch(t) for t in texts):
        lost = [
            "e" in text.lower() or ("." in text and abs(float(text)) >= _EXACT) for text in texts
        ]
    else:
        return texts
    if any(lost):
        row = lost.index(True)
        expected = "an id with all its digits (export the column as text or as whole numbers)"
        got = f"{column[row]}, a number with a decimal point or exponent"
        raise TableError(expected_got(f"{where}, row {row + 1}", expected, got))
    return texts


def _float_text(value: float) -> str:
    if np.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else str(value)


def mended(given: str) -> str:
    """An id with ``_`` for what a file's name should not hold: ``NGC 1234`` is ``NGC_1234``."""
    safe = _UNSAFE.sub("_", given)
    return f"_{safe}" if safe.startswith(".") else safe


def check_ids(ids: Sequence[str], given: Sequence[str], where: object) -> None:
    """Refuse ids that are empty, too long or there twice; ``given`` is what stood in the list.

    Raises
    ------
    TableError
        It names the rows.
    """
    first: dict[str, int] = {}
    for row, galaxy_id in enumerate(ids):
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            raise TableError(f"{where}: row {row + 1}, {error}") from error
        # Ids become file names, and some file systems do not tell case apart.
        other = first.setdefault(galaxy_id.lower(), row)
        if other != row:
            this, that = (_both(ids, given, one) for one in (row, other))
            raise TableError(
                expected_got(
                    f"{where}: row {row + 1}, galaxy_id",
                    "each id once",
                    f"{this} again: row {other + 1} has {that}",
                )
            )


def _both(ids: Sequence[str], given: Sequence[str], row: int) -> str:
    return ids[row] if ids[row] == given[row] else f"{ids[row]} (from {given[row]!r})"
