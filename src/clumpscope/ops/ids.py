"""Ids of a user's table: exact, and safe as file names."""

import re

import numpy as np
from astropy.table import Column

from clumpscope.errors import TableError, expected_got
from clumpscope.ops.columns import is_text, words

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
