"""What readers say of the numbered places, as they write it down."""

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.problems import Problems
from clumpscope.errors import TableError, did_you_mean, expected_got
from clumpscope.ops.csv_cells import unguarded

KINDS = ("clump", "star", "arm", "companion", "nucleus", "nothing", "unsure")
CONFIDENCES = ("1", "2", "3")
COLUMNS = ("number", "kind", "confidence", "set")
_NEEDED = ("number", "kind", "set")
_SHOWN = 10  # numbers that are missing
_DIGITS = 9  # of a number
_MOST = 10_000_000  # characters


@dataclass(frozen=True, eq=False)
class Answers:
    """One reader's.

    Attributes
    ----------
    reader
        A name.
    kind
        (n,) of `KINDS`, of the places in the order of their numbers.
    confidence
        (n,) 1 to 3, 0 where not given.
    """

    reader: str
    kind: NDArray[np.str_]
    confidence: NDArray[np.int64]


def template(count: int, mark: str) -> str:
    """The CSV that a reader fills in; ``mark`` tells to which pages it belongs."""
    lines = [",".join(COLUMNS), *(f"{number},,,{mark}" for number in range(1, count + 1))]
    return "\n".join(lines) + "\n"


def answers(text: str, where: str, reader: str, count: int, mark: str) -> Answers:
    """Read a reader's CSV: each of the numbers 1 to ``count`` once, with a kind.

    Columns may come in any order, rows too; more columns are passed over.

    Raises
    ------
    TableError
        Naming ``where`` and the line: if a column is missing, a number is unknown, there twice or
        not there at all, a kind or confidence is none, or the answers belong to other pages.
    """
    if len(text) > _MOST:
        raise TableError(expected_got(where, f"at most {_MOST:,} characters", f"{len(text):,}"))
    rows, lines = _rows(text.removeprefix("\ufeff"), where)
    problems = Problems()
    kind, confidence, at = [""] * count, [0] * count, [0] * count
    for k, row in enumerate(rows):
        if row["set"] != mark:
            problems.note(k, "set", f"{mark}, as of these pages", repr(row["set"]))
            continue
        number = row["number"]
        digits = number.isascii() and number.isdigit() and len(number) <= _DIGITS
        if not (digits and 1 <= int(number) <= count):
            problems.note(k, "number", f"1 to {count}", repr(number))
            continue
        if at[int(number) - 1]:
            problems.note(k, f"number {number}", "once", f"also on line {at[int(number) - 1]}")
        if row["kind"] not in KINDS:
            hint = did_you_mean(row["kind"], KINDS)
            got = (repr(row["kind"]) if row["kind"] else "none") + (f"; {hint}" if hint else "")
            problems.note(k, f"kind of {number}", f"one of {', '.join(KINDS)}", got)
        if row["confidence"] not in ("", *CONFIDENCES):
            expected = "1, 2, 3 or nothing"
            problems.note(k, f"confidence in {number}", expected, repr(row["confidence"]))
        place = int(number) - 1
        at[place], kind[place] = lines[k], row["kind"]
        confidence[place] = int(row["confidence"]) if row["confidence"] in CONFIDENCES else 0
    problems.refuse([row["number"] for row in rows], where, [f"line {line}" for line in lines])
    missing = [str(number) for number, line in enumerate(at, start=1) if not line]
    if missing:
        told = ", ".join(missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
        end = f"{where}, line {lines[-1] if lines else 1} (the last)"
        raise TableError(
            expected_got(end, f"answers to all of {count}", f"none to {len(missing)}: {told}")
        )
    return Answers(reader, np.array(kind), np.array(confidence, dtype=np.int64))


def _rows(text: str, where: str) -> tuple[list[dict[str, str]], list[int]]:
    """Rows by the names of the columns, and the line on which each ends."""
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True
    )
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in _NEEDED if name not in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if missing or twice:
            got = f"no {', '.join(missing)}" if missing else f"{', '.join(twice)} twice"
            raise TableError(expected_got(f"{where}, line 1", f"columns {', '.join(_NEEDED)}", got))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                at = f"{where}, line {reader.line_num}"
                raise TableError(expected_got(at, f"{len(names)} fields", len(cells)))
            row = {n: unguarded(c.strip()) for n, c in zip(names, cells, strict=True)}
            row["kind"], row["confidence"] = row["kind"].lower(), row.get("confidence", "")
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise TableError(f"{where}, line {reader.line_num}: not a line of a CSV: {error}") from None
    return rows, lines
