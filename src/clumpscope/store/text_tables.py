"""Tables in plain text as people have them: separators, comments, blanks, units below the names."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.table import Column, MaskedColumn, Table
from numpy.typing import NDArray

from clumpscope.core.columns import ID_NAMES, simplified
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.csv_cells import unguarded

_MARKS = {  # those of UTF-32 begin as those of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATORS = "\t;,"  # else white space
_NONE = "\x1f"
_BLANKS = frozenset({"null", "nan", "na", "n/a", "--"})
# What starts with zeros may be a name.
_WHOLE = re.compile(r"0|-?[1-9]\d*")
_NUMBER = re.compile(r"(?!0\d+$)[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf)")
_DECIMAL_COMMA = re.compile(r"([+-]?\d*),(\d+)")
_NAMELESS = re.compile(r"[\W\d_]*\d[\W\d_]*")  # digits without a letter
_RULE = re.compile(r"-+")


def read_text_table(path: Path) -> Table:
    """Read a table whose first line, comments apart, or whose last comment names the columns.

    The separator is the commonest of tab, semicolon and comma in that line, else white space.
    A byte-order mark is passed over, and so are lines that begin with ``#``, such as SkyServer's
    ``#Table1``. Between semicolons a comma may stand for the decimal point. Units are read where
    a line of them and a line of dashes follow the names, as VizieR writes them. Columns of whole
    numbers are exact; ids (`ID_NAMES`) are text, digit by digit.

    Raises
    ------
    TableError
        If there are no names, one is there twice, or a row has another number of fields.
    UnicodeDecodeError
        If it is not text in UTF-8 or, with a byte-order mark, UTF-16 or UTF-32.
    """
    content = _text(path)
    if "\0" in content:
        raise TableError(expected_got(path, "text", "one with the character NUL"))
    lines = list(io.StringIO(content, newline=""))  # other signs of a new line may be in a cell
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    comments = [line for line in lines if line.startswith("#")]
    if not body:
        raise TableError(expected_got(path, "a line with the names of columns", "none"))
    separator = max(_SEPARATORS, key=body[0].count)
    if separator not in body[0]:
        # Of a single column, such as names, each line is a field.
        separator = " " if len(body[0].split()) > 1 else _NONE
    names, *rows = _fields(body, separator)
    if any(_NAMELESS.fullmatch(name) for name in names):
        if not comments:
            raise TableError(expected_got(path, "names of columns in the first line", names))
        rows = [names, *rows]
        (names,) = _fields([comments[-1].lstrip("# ")], separator)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise TableError(expected_got(path, "each column's name once", f"{', '.join(twice)} twice"))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise TableError(
                expected_got(f"{path}: row {number}", f"{len(names)} fields", f"{len(row)}: {row}")
            )
    units = [""] * len(names)
    if len(rows) > 1 and all(_RULE.fullmatch(field) for field in rows[1]):
        units, rows = rows[0], rows[2:]
    table = Table()
    for index, (name, unit) in enumerate(zip(names, units, strict=True)):
        words = [row[index] for row in rows]
        if name or any(words):  # a separator at the end of each line makes no column
            table[name or f"column {index + 1}"] = _column(name, unit, words, separator == ";")
    return table


def _text(path: Path) -> str:
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    # Files joined, or marked by two programs, have further marks inside.
    return content.decode(encoding).replace("\ufeff", "")


def _fields(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == " ":
        lines = [" ".join(line.split()) for line in lines]
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    return [[unguarded(field.strip()) for field in row] for row in reader]


def _column(name: str, unit: str, words: Sequence[str], decimal_comma: bool) -> Column:
    words = ["" if word.lower() in _BLANKS else word for word in words]
    given = [word for word in words if word]
    if simplified(name) in ID_NAMES:
        return Column(np.array(words, dtype=np.str_))
    if decimal_comma and all(_NUMBER.fullmatch(_DECIMAL_COMMA.sub(r"\1.\2", w)) for w in given):
        words = [_DECIMAL_COMMA.sub(r"\1.\2", word) for word in words]
        given = [word for word in words if word]
    numbers = _numbers(words, given)
    if numbers is None:
        return Column(np.array(words, dtype=np.str_))
    gaps = np.array([not word for word in words])
    column = MaskedColumn(numbers, mask=gaps) if gaps.any() else Column(numbers)
    column.unit = u.Unit(unit, parse_strict="silent") if unit else None
    return column


def _numbers(words: Sequence[str], given: Sequence[str]) -> NDArray[np.generic] | None:
    """Words as numbers, blanks as 0 or NaN; ``None`` if they are none, or longer than 64 bits."""
    if given and all(_WHOLE.fullmatch(word) for word in given):
        try:
            return np.array([int(word or 0) for word in words], dtype=np.int64)
        except (OverflowError, ValueError):  # Python refuses to make more than 4,300 digits
            return None
    if all(_NUMBER.fullmatch(word) for word in given):
        return np.array([float(word or "nan") for word in words])
    return None
