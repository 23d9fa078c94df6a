"""Rows of a classification export: a file's text, and the cells of one row."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from clumpscope.errors import TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.ops.csv_cells import unguarded
from clumpscope.ops.numbers import said
from clumpscope.store.json_text import parse_json

COLUMNS = ("user_name", "metadata", "annotations", "subject_data", "subject_ids")
T = TypeVar("T")
_LONGEST = 1 << 24  # characters of a cell, or of a line
_NAME = 200  # characters of a volunteer's name, or of a subject's
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # begins half of a pair, which alone is no character


class FaultError(Exception):
    """One row, or one of its marks, cannot be used."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


def open_text(path: Path) -> io.TextIOWrapper:
    """Text of a file, also a compressed one; bytes that are no UTF-8 become surrogates.

    Raises
    ------
    TableError
        If it is no regular file.
    """
    with regular(path, TableError).open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def records(
    path: Path, stream: io.TextIOWrapper, columns: Sequence[str] = COLUMNS
) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row with its number, counted from 1 after the header; it has these columns at least.

    Raises
    ------
    TableError
        If a column is missing, or the text is no CSV.
    """
    csv.field_size_limit(_LONGEST)  # an annotation may be long
    reader = csv.DictReader(_lines(path, stream))
    try:
        names = reader.fieldnames or []
        missing = [name for name in columns if name not in names]
        if missing:
            raise TableError(
                expected_got(
                    f"{path}, header",
                    f"the columns {', '.join(columns)} in UTF-8",
                    f"none named {', '.join(missing)}",
                )
            )
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: not CSV: {error}") from error


def _lines(path: Path, stream: io.TextIOWrapper) -> Iterator[str]:
    """Lines, none of which is longer than memory."""
    number = 0
    while line := stream.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST:
            expected = f"lines of less than {_LONGEST:,} characters"
            raise TableError(expected_got(f"{path}, line {number}", expected, "a longer one"))
        yield line


def check_cells(record: dict[str, str], columns: Sequence[str] = (*COLUMNS, "user_ip")) -> None:
    """See that these columns are there, in UTF-8; of addresses there may be none.

    Raises
    ------
    FaultError
        If one is not.
    """
    for name in columns:
        text = record.get(name, "" if name == "user_ip" else None)
        if text is None:
            raise FaultError(name, "expected a value, got a row that is too short")
        if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
            raise FaultError(name, "expected UTF-8, got other bytes")
        if "\0" in text:  # which arrays leave out at the end of a name
            raise FaultError(name, "expected text, got NUL characters")


def json_cell(record: dict[str, str], column: str, kind: type[T]) -> T:
    """What a cell holds, as JSON of some kind.

    Raises
    ------
    FaultError
        If it is none.
    """
    text = record[column]
    try:
        value = parse_json(text)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise FaultError(column, f"expected JSON, got {said(text)} ({error})") from error
    if not isinstance(value, kind):
        raise FaultError(column, f"expected a JSON {kind.__name__}, got {said(text)}")
    return value


def subject_of(record: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Number and metadata of the subject.

    Raises
    ------
    FaultError
        If there is none.
    """
    subject = record["subject_ids"].split(";")[0].strip()
    data = json_cell(record, "subject_data", dict)
    if not subject and len(data) == 1:
        subject = str(next(iter(data)))
    if not 0 < len(subject) <= _NAME or "\0" in subject:
        raise FaultError(
            "subject_ids", f"expected a subject, got {said(subject) if subject else 'none'}"
        )
    about = data.get(subject)
    return subject, about if isinstance(about, dict) else {}


def volunteer_of(row: int, record: dict[str, str]) -> str:
    """Who it was, as far as can be told.

    Raises
    ------
    FaultError
        If a name is longer than any.
    """
    name, address = (unguarded((record.get(key) or "").strip()) for key in ("user_name", "user_ip"))
    who = name or (f"address {address}" if address else f"unknown in row {row}")
    if len(who) > _NAME:
        raise FaultError("user_name", f"expected at most {_NAME} characters, got {said(who)}")
    return who
